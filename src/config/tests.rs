//! What `config` promises.

use super::*;

fn set(pairs: &[&str]) -> Result<Config, String> {
    let set = pairs.iter().map(ToString::to_string).collect();
    load(&Sources { set, ..Sources::default() })
}

#[test]
fn the_sample_is_the_default_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("box.toml");
    std::fs::write(&path, sample()).unwrap();
    let read = load(&Sources { file: Some(&path), ..Sources::default() }).unwrap();
    assert_eq!(format!("{read:?}"), format!("{:?}", set(&[]).unwrap()));
}

#[test]
fn a_wrong_value_is_refused_with_its_key() {
    for (pair, word) in [
        ("http.listen=nowhere", "http.listen"),
        ("edu.login=maybe", "edu.login"),
        ("recorder.size=13x7", "recorder.size"),
        ("edu.host_silence_s=0", "from 1"),
        ("http.listn=1", "no key"),
        ("nothing", "KEY=VALUE"),
    ] {
        let why = set(&[pair]).unwrap_err();
        assert!(why.contains(word), "{pair}: {why}");
    }
}

#[test]
fn the_command_line_wins_over_the_environment() {
    let sources = Sources {
        environment: vec![("ARCTOS_BOX_HTTP_LISTEN".into(), "127.0.0.1:1".into())],
        set: vec!["http.listen=127.0.0.1:2".into()],
        file: None,
    };
    assert_eq!(load(&sources).unwrap().http_listen, "127.0.0.1:2");
}

#[test]
fn what_is_wrong_in_a_file_is_told_without_the_line_that_may_hold_a_key() {
    for (text, word) in [
        ("\n[cloud]\nsecret_key = \"hunter2-secret\" x\n", "line 3"),
        ("[[webhook]]\nurl = \"https://school.example/hook\"\nsecret = 70617373\n", "must be text"),
        ("[[webhook]]\nname = 70617373\n", "box.toml: [[webhook]]: name must be text"),
        ("[[classroom]]\nteachers = \"ann\"\n", "[[classroom]]: teachers must be a list"),
        ("[[classroom]]\ninput = \"sim\"\n", "[[classroom]]: there must be `name`"),
        (
            "[[classroom]]\nroom = 1\n",
            "[[classroom]]: there is no key `room`, expected one of `name`, ",
        ),
        ("[[camera]]\naddress = 300\n", "[[camera]]: address must be a number from 0 to 255"),
        ("[[camera]]\nbaud = \"fast\"\n", "[[camera]]: baud must be a whole number"),
        ("classroom = \"ann\"\n", "box.toml: write [[classroom]] above each of them"),
        ("[camera]\nname = \"a\"\n", "box.toml: write [[camera]] above each of them"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("box.toml");
        std::fs::write(&path, text).unwrap();
        let why = load(&Sources { file: Some(&path), ..Sources::default() }).unwrap_err();
        assert!(why.contains(word), "{why}");
        assert!(!why.contains("hunter2") && !why.contains("70617373"), "{why}");
    }
}
