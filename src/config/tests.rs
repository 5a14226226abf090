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
