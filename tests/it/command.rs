//! The command line as scripts rely on it: exit codes, precedence of settings, subcommands beside a running
//! service and without one, modes of files, a clean end.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use arctos_box::config::{self, Sources};
use serde_json::{Value, json};

use crate::process::{
    PROGRAM, Person, Said, Service, Wire, command, decode, encoder_of, pictures, poll, probe,
    program, recording, said, say, serve,
};

const PATIENCE: Duration = Duration::from_secs(20);
const QUIET: [&str; 2] = ["--set", "log.level=error"];

#[test]
fn exit_codes_tell_usage_from_configuration_from_our_fault() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("d");
    let check = |arguments: &[&str], code: i32, words: &str| {
        let said = say(&data, arguments);
        assert_eq!(said.code, Some(code), "{arguments:?}: {said:?}");
        assert!((said.out + &said.err).contains(words), "{arguments:?} says {words}: {}", said.err);
    };
    check(&["--help"], 0, "Usage");
    check(&["serve", "--help"], 0, "--data");
    check(&["--version"], 0, "arctos-box");
    check(&["api"], 0, "live/heartbeat");
    check(&["api", "edu"], 0, "account/regist");
    check(&["--nonsense"], 64, "--nonsense");
    check(&["dance"], 64, "dance");
    check(&["backup"], 64, "<FILE>");
    check(&["api", "klingon"], 64, "there are: edu");
    check(&["config", "--check", "--set", "recorder.rate=0"], 78, "recorder.rate");
    check(&["config", "--check", "--set", "recorder.rat=15"], 78, "there is no key recorder.rat");
    check(&["config", "--check", "--set", "nothing"], 78, "KEY=VALUE");
    check(&["config", "--check", "--config", "/nowhere/box.toml"], 78, "/nowhere/box.toml");
    check(&["serve", "--board", "toaster"], 78, "toaster");
    check(&["serve", "--http", "127.0.0.1:0", "--set", "http.listen=nowhere"], 78, "ADDRESS:PORT");
    check(&["config", "--check", "--board", "toaster"], 78, "toaster");
    check(&["config", "--check", "--http", "", "--https", ""], 78, "nobody could reach the box");
    let _ = std::fs::remove_dir_all(&data);
    check(&["restore", "/nowhere/backup.tar"], 70, "/nowhere/backup.tar");
    check(&["restore", "/etc"], 70, "/etc: Is a directory");
    let passwords = say(&data, &["restore", "/etc/passwd"]);
    assert!(passwords.code == Some(70) && !passwords.err.contains("root:"), "{passwords:?}");
    check(&["restore", "/dev/null"], 70, "/dev/null: this is no whole backup");
    check(&["license", "inspect"], 70, "standard input is empty");
    check(&["license", "inspect", "/nowhere/licence"], 70, "/nowhere/licence");
    check(&["audit", "--lines", "0"], 64, "1..=10000");
    check(&["backup", "--help"], 0, "must not exist yet");
    check(&["restore", "--help"], 0, "that `backup` wrote");
    assert!(!data.exists(), "none of them made a folder");
}

#[test]
fn a_file_is_checked_by_its_name_and_a_bad_one_is_told_beside_the_sample() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("d"), dir.path().join("box.toml"));
    let name = file.to_str().unwrap();
    std::fs::write(&file, "board = \"sim\"\n").unwrap();
    for good in [&["config", "--check", name][..], &["config", name]] {
        assert_eq!(say(&data, good).out, "the configuration is good\n", "{good:?}");
    }
    std::fs::write(&file, "recorder.rat = 15\n").unwrap();
    for bad in [&["config", "--check", name][..], &["config", name], &["config", "--config", name]]
    {
        let said = say(&data, bad);
        assert_eq!(said.code, Some(78), "{bad:?}: {said:?}");
        assert!(said.err.contains(name) && said.err.contains("no key recorder.rat"), "{said:?}");
        assert_eq!(said.out.contains("recorder.rate = 30"), bad.len() == 3 && bad[1] == "--config");
    }
}

#[test]
fn looking_at_a_folder_makes_no_box_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("d");
    let file = dir.path().join("backup.tar");
    for arguments in [
        &["secrets"][..],
        &["backup", file.to_str().unwrap()],
        &["outbox"],
        &["outbox", "--replay", "1"],
        &["audit"],
        &["inputs", "--board", "sim"],
        &["license", "explain", "--board", "sim"],
        &["doctor", "--board", "sim"],
    ] {
        let said = say(&data, arguments);
        assert_eq!(said.code, Some(78), "{arguments:?}: {said:?}");
        let why = format!(
            "there is no box in {}; give its folder with --data, or make it one",
            data.display()
        );
        assert!(said.err.contains(&why), "{arguments:?}: {said:?}");
        assert!(!data.exists() && !file.exists(), "{arguments:?}");
    }
}

#[test]
fn a_check_finds_what_serve_would_refuse() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("d"), dir.path().join("box.toml"));
    for (text, words) in [
        ("[[classroom]]\nname = \"a\"\ninput = \"roof\"\n", "there is no input roof"),
        ("edu.usersig_ec_key_file = \"/nowhere/key.pem\"\n", "/nowhere/key.pem"),
    ] {
        std::fs::write(&file, text).unwrap();
        let with = ["--board", "sim", "--config", file.to_str().unwrap()];
        for command in [&["config", "--check"][..], &["serve"]] {
            let said = say(&data, &[command, &with].concat());
            assert_eq!(said.code, Some(78), "{command:?}: {said:?}");
            assert!(said.err.contains(words), "{command:?}: {said:?}");
        }
        let seen = say(&data, &[&["doctor"][..], &with].concat());
        assert_eq!(seen.code, Some(78), "{seen:?}");
        let line = seen.out.lines().find(|l| l.contains(words)).unwrap_or_default();
        assert!(line.starts_with("BAD  config"), "{}", seen.out);
    }
}

#[tokio::test]
async fn the_outbox_is_a_table_that_needs_a_service() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("d");
    let hooks = dir.path().join("hooks.toml");
    let hook = "[[webhook]]\nname = \"school\"\nurl = \"http://127.0.0.1:9/hook\"\n";
    std::fs::write(&hooks, format!("{hook}secret = \"sixteen characters\"\n")).unwrap();
    let service = Service::start(&data, &["--config", hooks.to_str().unwrap()]);
    assert_eq!(say(&data, &["outbox"]).out, "no calls\n");
    let ann = Person::arrive(&service.base(), "ann", 1).await;
    let room = ann.teach().await;
    ann.wait_for_picture(room).await;
    ann.ok("live/exitroom", json!({"roomnum": room})).await;
    ann.wait_for_state(room, 3, PATIENCE).await;
    let rows = poll("calls", PATIENCE, async || {
        let rows: Value = serde_json::from_str(&say(&data, &["outbox", "--json"]).out).unwrap();
        rows.as_array().filter(|r| r.iter().any(|r| r["last_error"] != "")).cloned()
    })
    .await;
    let table = say(&data, &["outbox"]).out;
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("id ") && lines[0].ends_with("last error"), "{table}");
    assert_eq!(lines.len(), rows.len() + 1, "{table}");
    let first = format!("{} ", rows[0]["id"]);
    assert!(lines[1].starts_with(&first) && lines[1].contains("school"), "{table}");
    let unknown = say(&data, &["outbox", "--replay", "99"]);
    assert_eq!(unknown.code, Some(70), "{unknown:?}");
    assert!(unknown.err.contains("there is no call 99"), "{unknown:?}");
    let again = say(&data, &["outbox", "--replay", first.trim()]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(again.out, format!("call {}will be sent again\n", first));
    service.terminate();
    let stopped = say(&data, &["outbox"]);
    assert_eq!(stopped.code, Some(70), "{stopped:?}");
    let why = format!("the service is not running on {}", data.display());
    assert!(stopped.err.contains(&why), "{stopped:?}");
}

#[test]
fn the_printed_configuration_is_accepted_and_every_key_may_come_from_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("d"), dir.path().join("box.toml"));
    let sample = say(&data, &["config"]);
    assert_eq!(sample.code, Some(0));
    assert_eq!(say(&data, &["config", "--print"]).out, sample.out);
    std::fs::write(&file, &sample.out).unwrap();
    let file = file.to_str().unwrap();
    assert_eq!(say(&data, &["config", "--check", "--config", file]).code, Some(0));
    // A wrong value shows which source won: the later one is the one that is complained of.
    let complaint = |from_file: &str, variable: Option<&str>, set: &[&str]| {
        std::fs::write(file, format!("http.listen = \"{from_file}\"\n")).unwrap();
        let mut command = command(&data);
        command.args(["config", "--check", "--config", file]).args(set);
        if let Some(value) = variable {
            command.env("ARCTOS_BOX_HTTP_LISTEN", value);
        }
        let said = said(&mut command);
        (said.code == Some(78)).then_some(said.err)
    };
    let has = |said: Option<String>, word: &str| said.is_some_and(|s| s.contains(word));
    let good = "127.0.0.1:1";
    assert!(has(complaint("file", None, &[]), "file is not ADDRESS"));
    assert!(has(complaint("file", Some("env"), &[]), "env is not ADDRESS"));
    assert!(has(complaint("file", Some("env"), &["--http", "flag"]), "flag is not ADDRESS"));
    let both = ["--set", "http.listen=set", "--http", "flag"];
    assert!(
        has(complaint("file", Some("env"), &both), "set is not ADDRESS"),
        "--set overrides any"
    );
    assert_eq!(complaint("file", Some(good), &[]), None);
    assert_eq!(complaint("file", Some("env"), &["--http", good]), None);
    let by_variable = said(
        command(&data).args(["config", "--check"]).env("ARCTOS_BOX_CONFIG", "/nowhere/box.toml"),
    );
    assert_eq!(by_variable.code, Some(78), "{by_variable:?}");
}

#[test]
fn every_key_is_taken_from_a_file_a_variable_and_a_set() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("box.toml");
    for key in config::KEYS {
        std::fs::write(&file, format!("{} = {}\n", key.name, key.default)).unwrap();
        let environment = vec![(config::environment_name(key.name), key.default.to_owned())];
        let set = vec![format!("{}={}", key.name, key.default)];
        for sources in [
            Sources { file: Some(&file), ..Sources::default() },
            Sources { environment, ..Sources::default() },
            Sources { set, ..Sources::default() },
        ] {
            let loaded = config::load(&sources);
            assert!(loaded.is_ok(), "{}: {:?}", key.name, loaded.err());
        }
    }
}

#[test]
fn the_data_folder_comes_from_the_strongest_source() {
    let dir = tempfile::tempdir().unwrap();
    let names = ["state", "file", "variable", "flag", "set"];
    let at = |name: &str| dir.path().join(name).display().to_string();
    let file = dir.path().join("box.toml");
    std::fs::write(&file, format!("data = \"{}\"\n", at("file"))).unwrap();
    for (strongest, expected) in names.iter().enumerate() {
        let mut command = std::process::Command::new(PROGRAM);
        command.env_clear().args(["secrets", "--json"]).env("STATE_DIRECTORY", at("state"));
        if strongest >= 1 {
            command.arg("--config").arg(&file);
        }
        if strongest >= 2 {
            command.env("ARCTOS_BOX_DATA", at("variable"));
        }
        if strongest >= 3 {
            command.args(["--data", &at("flag")]);
        }
        if strongest >= 4 {
            command.args(["--set", &format!("data={}", at("set"))]);
        }
        let said = said(&mut command);
        assert_eq!(said.code, Some(78), "{said:?}");
        let why = format!("there is no box in {};", at(expected));
        assert!(said.err.contains(&why), "{said:?} when {expected} is given");
    }
}

#[tokio::test]
async fn a_data_folder_has_one_service_and_only_its_owner_can_read_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("d");
    Service::start(&data, &QUIET).terminate();
    let before = say(&data, &["secrets", "--json"]);
    let service = Service::start(&data, &QUIET);
    let second = said(&mut serve(&data, &QUIET));
    assert_eq!(second.code, Some(70), "{second:?}");
    assert!(second.err.contains("a running service owns this data folder"), "{second:?}");
    let beside = say(&data, &["secrets", "--json"]);
    assert_eq!((before.code, &before.out), (Some(0), &beside.out));
    let shown: Value = serde_json::from_str(&beside.out).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&shown), ["arctos_license_key", "callback_key", "channel", "openim_secret"]);
    assert_eq!(keys(&shown["channel"]), ["app_id", "app_secret", "channel_uid"]);
    let plain = say(&data, &["secrets"]).out;
    assert!(plain.contains(&format!("callback_key {}\n", shown["callback_key"].as_str().unwrap())));

    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for private in ["recordings", "files", "license", "keys"] {
        assert_eq!(mode(&data.join(private)), 0o700, "{private}");
    }
    assert_eq!(mode(&data.join("box.sock")), 0o600);
    let keys: Vec<_> =
        std::fs::read_dir(data.join("keys")).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(keys.len() > 2, "{keys:?}");
    for key in keys {
        assert_eq!(mode(&key), 0o600, "{}", key.display());
    }
    drop(service);
}

#[tokio::test]
async fn the_doctor_names_the_encoder_and_whether_the_service_runs() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("d");
    let ask = || {
        let said =
            say(&data, &["doctor", "--json", "--board", "sim", "--set", "recorder.reserve_mib=1"]);
        assert_eq!(said.code, Some(0), "{said:?}");
        serde_json::from_str::<Value>(&said.out).unwrap()
    };
    let detail = |report: &Value, subject: &str| {
        let all = report["findings"].as_array().unwrap();
        let found = all.iter().find(|f| f["subject"] == subject).unwrap();
        assert_eq!(found["ok"], true, "{found}");
        found["detail"].as_str().unwrap().to_owned()
    };
    Service::start(&data, &QUIET).terminate();
    let alone = ask();
    assert!(detail(&alone, "encoder").contains("libx264 of ffmpeg"), "{alone}");
    assert!(detail(&alone, "service").contains("not running"));
    let text = say(&data, &["doctor", "--board", "sim", "--set", "recorder.reserve_mib=1"]).out;
    let mut lines = text.lines().skip_while(|line| !line.starts_with("ok   encoder"));
    let reasons = lines.by_ref().skip(1).take_while(|line| line.starts_with(' '));
    assert_eq!(reasons.last(), Some("              - libx264: encodes here"), "{text}");
    let service = Service::start(&data, &QUIET);
    assert!(detail(&ask(), "service").starts_with("running, ready"));
    drop(service);
    let slides = dir.path().join("slides.toml");
    let room = "[[classroom]]\nname = \"a\"\ninput = \"sim\"\nslides = \"slides\"\n";
    std::fs::write(&slides, format!("recorder.reserve_mib = 8\n{room}")).unwrap();
    let config = ["doctor", "--board", "sim", "--config", slides.to_str().unwrap()];
    let two = say(&data, &config).out;
    assert!(
        two.contains(" MB free, 16 MB kept for lessons\n"),
        "slides want twice the room: {two}"
    );
    let blind = said(command(&data).env("PATH", "/nowhere").args(["doctor", "--json"]));
    assert_eq!(blind.code, Some(70), "{blind:?}");
    assert!(blind.out.contains("install ffmpeg"), "{}", blind.out);
    let wrong = say(&data, &["doctor", "--board", "sim", "--set", "recorder.ffmpeg=/nowhere/ff"]);
    assert_eq!(wrong.code, Some(70), "{wrong:?}");
    assert!(wrong.out.contains("-> correct recorder.ffmpeg"), "{}", wrong.out);
    let demo = ["demo", "--exit", "--set", "recorder.ffmpeg=/nowhere/ff"];
    let refused = say(&data, &demo);
    assert_eq!((refused.code, refused.out.as_str()), (Some(70), ""), "{refused:?}");
    assert!(refused.err.contains("correct recorder.ffmpeg"), "{refused:?}");
}

#[tokio::test]
async fn inputs_are_looked_at_by_the_service_and_without_one_by_the_command_itself() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("d");
    let told = |command: &mut std::process::Command| -> Value {
        let said = said(command.args(["inputs", "--json", "--board", "rpi4"]));
        assert_eq!(said.code, Some(0), "{said:?}");
        serde_json::from_str(&said.out).unwrap()
    };
    let machine = || {
        let mut command = program();
        command.current_dir(dir.path());
        command
    };
    let alone = told(&mut machine());
    assert_eq!((&alone["board"], &alone["inputs"][0]["ok"]), (&json!("rpi4"), &json!(false)));
    let why = alone["inputs"][0]["why"][0].as_str().unwrap();
    assert!(why.contains("nothing is plugged in at usb-*"), "{why}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    // A classroom may own what the board does not name, by its bus path.
    let config = dir.path().join("box.toml");
    let text = "[[classroom]]\nname = \"a\"\ninput = \"usb-0000:01:00.0-1.3.2\"\n";
    std::fs::write(&config, text).unwrap();
    let config = ["--config", config.to_str().unwrap()];
    let known = told(machine().args(config));
    assert_eq!(known["inputs"][5]["name"], "usb-0000:01:00.0-1.3.2");
    let said = said(machine().args(config).args(["inputs", "--board", "sim"]));
    assert_eq!(said.code, Some(78), "{said:?}");
    assert!(said.err.contains("simulated"), "{said:?}");

    let _service = Service::start(&data, &QUIET);
    let beside = told(&mut command(&data));
    assert_eq!((&beside["board"], &beside["inputs"][0]["ok"]), (&json!("sim"), &json!(true)));
    let text = say(&data, &["inputs"]).out;
    assert!(text.starts_with("board sim\nok   sim: "), "{text}");
}

#[tokio::test]
async fn a_backup_is_taken_beside_the_service_and_put_back_without_it() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("d"), dir.path().join("backup.tar"));
    let file = file.to_str().unwrap();
    let service = Service::start(&data, &QUIET);
    let ann = Person::arrive(&service.base(), "ann", 1).await;
    let room = ann.ok("live/create", json!({"title": "kept"})).await["roomnum"].clone();
    let taken = say(&data, &["backup", file]);
    assert_eq!(taken.code, Some(0), "{taken:?}");
    assert!(taken.out.contains("bytes written to"), "{taken:?}");
    let _eve = Person::arrive(&service.base(), "eve", 0).await;
    let refused = say(&data, &["restore", file]);
    assert_eq!(refused.code, Some(70), "{refused:?}");
    assert!(refused.err.contains("stop it first"), "{refused:?}");
    let secrets = say(&data, &["secrets", "--json"]).out;
    let both = dir.path().join("both.tar");
    let told = std::thread::scope(|scope| {
        let name = both.to_str().unwrap();
        let runs = [0; 4].map(|_| scope.spawn(|| say(&data, &["backup", name])));
        runs.map(|run| run.join().unwrap())
    });
    assert_eq!(told.iter().filter(|said| said.code == Some(0)).count(), 1, "{told:?}");
    let refused = |said: &&Said| said.err.contains("there is such a file already");
    assert_eq!(told.iter().filter(refused).count(), 3, "{told:?}");
    assert_eq!(
        say(&dir.path().join("of both"), &["restore", both.to_str().unwrap()]).code,
        Some(0)
    );
    service.terminate();

    for there in [file, "/nowhere/2.tar"] {
        let refused = say(&data, &["backup", there]);
        assert_eq!(refused.code, Some(70), "{refused:?}");
        assert!(refused.err.contains(&format!("backup to {there}: ")), "{refused:?}");
    }
    let without = say(&data, &["backup", dir.path().join("2.tar").to_str().unwrap()]);
    assert_eq!(without.code, Some(0), "{without:?}");
    let elsewhere = dir.path().join("another box");
    for folder in [&data, &elsewhere] {
        let restored = say(folder, &["restore", file]);
        assert_eq!(restored.code, Some(0), "{restored:?}");
        assert_eq!(say(folder, &["secrets", "--json"]).out, secrets);
        let service = Service::start(folder, &QUIET);
        let ann = ann.at(&service.base());
        let list = ann.ok("live/roomlist", json!({"index": 0, "size": 9})).await;
        assert_eq!((&list["total"], &list["rooms"][0]["roomnum"]), (&json!(1), &room));
        let again = json!({"id": "eve", "pwd": "pw", "role": 0});
        ann.ok("account/regist", again).await;
        drop(service);
    }
    assert!(data.join("before-restore/box.db").is_file());
    std::fs::write(file, b"no backup").unwrap();
    let broken = say(&data, &["restore", file]);
    assert_eq!(broken.code, Some(70), "{broken:?}");
    assert!(Service::start(&data, &QUIET).pid() > 0, "nothing was changed");
}

#[tokio::test]
async fn a_box_told_to_end_closes_its_recording_and_the_lesson_goes_on_afterwards() {
    let dir = tempfile::tempdir().unwrap();
    let service = Service::start(dir.path(), &QUIET);
    let ann = Person::arrive(&service.base(), "ann", 1).await;
    let room = ann.teach().await;
    ann.wait_for_picture(room).await;
    let encoder = encoder_of(service.pid()).unwrap();
    let mut idle = Wire::open(service.http).await;
    idle.get("/healthz", &[]).await;
    let (code, took) = service.terminate();
    println!("drained in {took:?}");
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(10), "{took:?}");
    let gone = !Path::new(&format!("/proc/{}", encoder.as_raw_nonzero())).exists();
    assert!(gone, "the encoder ended too");
    let film = recording(dir.path(), room);
    assert_eq!(decode(&film.display().to_string()), "");
    assert_eq!(probe(&film.display().to_string()).0, ["h264", "aac"]);
    let before = pictures(&film).len();

    let service = Service::start(dir.path(), &QUIET);
    let ann = ann.at(&service.base());
    ann.ok("live/heartbeat", json!({"roomnum": room})).await;
    poll("more pictures", PATIENCE, async || (pictures(&film).len() > before).then_some(())).await;
    ann.ok("live/exitroom", json!({"roomnum": room})).await;
    ann.wait_for_state(room, 3, PATIENCE).await;
    assert_eq!(decode(&film.display().to_string()), "");
}

#[tokio::test]
async fn the_box_tells_of_its_health_and_its_figures() {
    let dir = tempfile::tempdir().unwrap();
    let service = Service::start(dir.path(), &QUIET);
    let mut wire = Wire::open(service.http).await;
    let health = wire.get("/healthz", &[]).await;
    assert_eq!((health.status, health.text().as_str()), (200, "ok\n"));
    let ready = wire.get("/readyz", &[]).await;
    assert_eq!(ready.status, 200);
    let parts = ready.json()["parts"].clone();
    let names: Vec<&Value> = parts.as_array().unwrap().iter().map(|p| &p["part"]).collect();
    assert_eq!(names, ["store", "recorder", "disk"]);
    let metrics = wire.get("/metrics", &[]).await;
    assert!(
        metrics.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("application/openmetrics-text")
    );
    let text = metrics.text();
    assert!(text.ends_with("# EOF\n"), "{text}");
    for name in ["arctos_live_lessons 0", "arctos_store_transactions ", "arctos_resident_bytes "] {
        assert!(text.contains(name), "{name}: {text}");
    }
}

#[tokio::test]
async fn https_is_served_with_the_boxs_own_authority() {
    let dir = tempfile::tempdir().unwrap();
    let service = Service::start(dir.path(), &QUIET);
    let ca = Wire::open(service.http).await.get("/ca.crt", &[]).await;
    assert_eq!(ca.headers["content-type"], "application/x-x509-ca-cert");
    let base = format!("https://{}", service.https.unwrap());
    let answer = Person::trusting(&base, &ca.text())
        .call("account/regist", json!({"id": "ann", "pwd": "pw", "role": 1}))
        .await;
    assert_eq!(answer.unwrap()["errorCode"], 0);
    let stranger = Person::new(&base).call("account/regist", json!({})).await;
    assert!(stranger.unwrap_err().contains("Tls"), "without the authority there is no trust");
}

#[tokio::test]
async fn a_busy_https_port_is_a_warning_and_a_busy_http_port_an_end() {
    let dir = tempfile::tempdir().unwrap();
    let busy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = busy.local_addr().unwrap().to_string();
    let taken = format!("http.tls_listen={addr}");
    let mut half = serve(&dir.path().join("a"), &["--set", taken.as_str()]);
    half.args(QUIET);
    let service = Service::run(half, "http");
    let ready = Wire::open(service.http).await.get("/readyz", &[]).await;
    let report = ready.json();
    assert_eq!((ready.status, &report["ready"]), (200, &json!(true)), "{report}");
    let https = report["parts"].as_array().unwrap().iter().find(|p| p["part"] == "https").unwrap();
    assert_eq!(https["ok"], false);
    let why = format!("http.tls_listen {addr}: ");
    assert!(https["detail"].as_str().unwrap().starts_with(&why), "{https}");
    assert_eq!(Wire::open(service.http).await.get("/ca.crt", &[]).await.status, 404);

    let plain = format!("http.listen={addr}");
    let refused = said(&mut serve(&dir.path().join("b"), &["--set", plain.as_str()]));
    assert_eq!(refused.code, Some(70), "{refused:?}");
    let why = format!("http.listen {addr}: Address already in use (os error 98); end the program");
    assert!(refused.err.contains(&why), "{refused:?}");
}

/// The check runs while doors are open; all the same nobody is told that the box listens, and nothing is written.
#[test]
fn a_box_whose_store_is_damaged_ends_and_leaves_the_file_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("box.db");
    Service::start(dir.path(), &QUIET).terminate();
    let conn = rusqlite::Connection::open(&path).unwrap();
    let fill = "WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
                INSERT INTO signature_used SELECT CAST('mark ' || i AS BLOB), i FROM n";
    conn.execute(fill, []).unwrap();
    conn.close().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(9).rposition(|found| found == b"mark 2000").unwrap();
    bytes[at / 4096 * 4096..][..4096].fill(0xff);
    std::fs::write(&path, &bytes).unwrap();
    let refused = said(&mut serve(dir.path(), &QUIET));
    assert_eq!((refused.code, refused.out.as_str()), (Some(70), ""), "{refused:?}");
    assert!(refused.err.contains("box.db is damaged"), "{refused:?}");
    assert!(std::fs::read(&path).unwrap() == bytes);
}
