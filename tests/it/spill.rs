//! What must stay inside: keys, passwords and tokens of the real program at its most talkative, looked for in all
//! that it says and leaves. Its memory holds them, so no core dump of it may come to exist.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use arctos_box::wire::callback::live_sign;
use hyper::Method;
use serde_json::{Value, json};

use crate::process::{Person, Service, Wire, poll, say, serve};

/// Nobody answers there.
const NOBODY: &str = "http://127.0.0.1:9";
const PASSWORD: &str = "a pupil's own password";
const WRONG: &str = "a password that is wrong";
const ROOT: &str = "the administrator's password";

/// Every secret that a configuration can hold, each another word.
const CONFIG: &str = r#"
[cloud]
appid = 7
secret_id = "AKIDconfigured"
secret_key = "spill-cloud-secret-key"
[edu]
usersig_key = "spill-usersig-key"
[groups]
rongcloud_key = "key"
rongcloud_secret = "spill-rongcloud-secret"
rongcloud_endpoint = "NOBODY"
[channel]
leancloud_app_id = "app"
leancloud_master_key = "spill-leancloud-master-key"
leancloud_server = "NOBODY"
[[webhook]]
name = "school"
url = "NOBODY/hook"
secret = "spill-webhook-secret"
md5_key = "spill-webhook-md5-key"
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_in_a_log_a_report_or_a_list() {
    let dir = tempfile::tempdir().unwrap();
    let (data, log, file) = (dir.path().join("d"), dir.path().join("log"), dir.path().join("toml"));
    fs::write(&file, CONFIG.replace("NOBODY", NOBODY)).unwrap();
    let config = ["--config", file.to_str().unwrap()];
    let talks = ["--set", "recorder.ffmpeg=/bin/false", "--set", "log.level=debug"];
    let service = Service::start_logged(&data, &log, &[&config[..], &talks].concat());
    let mut secrets = kept(&data);
    let day = Day::spent(&service, &data, &secrets).await;
    secrets.extend(day.tokens);

    let mut said = BTreeMap::new();
    for ask in ["/metrics", "/healthz", "/readyz", "/box/api", "/box/openapi.json"] {
        let answer = Wire::open(service.http).await.get(ask, &[]).await;
        said.insert(ask.to_owned(), answer.text());
    }
    for command in [
        &["doctor", "--json"][..],
        &["outbox", "--json"],
        &["audit"],
        &["license", "explain"],
        &["config", "--check"],
    ] {
        let more = [command, &config].concat();
        let out = say(&data, &more);
        said.insert(command.join(" "), out.out + &out.err);
    }
    assert!(said["outbox --json"].contains("recendcall"), "a call that failed is in it");
    assert!(
        said["audit"].contains("root") && said["doctor --json"].contains("licence"),
        "{said:?}"
    );
    assert_eq!(service.terminate().0, Some(0));
    said.insert("the log".into(), fs::read_to_string(&log).unwrap());
    assert!(said["the log"].contains("call failed, will retry"), "{}", said["the log"]);
    for (what, text) in &said {
        for (name, secret) in &secrets {
            assert!(!text.contains(secret), "{name} is in {what}: {text}");
        }
    }
}

/// What lies in `keys/`, what is configured, and the passwords of the day, by their names.
fn kept(data: &Path) -> BTreeMap<String, String> {
    let table: toml::Table =
        fs::read_to_string(data.join("keys/secrets.toml")).unwrap().parse().unwrap();
    let names = ["box_id", "channel_app_id", "channel_uid", "cos_secret_id"];
    let own = table.iter().filter(|(name, _)| !names.contains(&name.as_str()));
    let mut all: BTreeMap<String, String> =
        own.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
    for word in CONFIG.split('"').filter(|word| word.starts_with("spill-")) {
        all.insert(word.to_owned(), word.to_owned());
    }
    for (name, word) in [("right", PASSWORD), ("wrong", WRONG), ("root", ROOT)] {
        all.insert(format!("{name} password"), word.to_owned());
    }
    for key in ["ca.key.pem", "box.key.pem"] {
        let text = fs::read_to_string(data.join("keys").join(key)).unwrap();
        all.insert(key.to_owned(), text.lines().nth(1).unwrap().to_owned());
    }
    assert!(all.len() >= 18, "{:?}", all.keys());
    all
}

/// A day on which everything is done once rightly and once wrongly.
struct Day {
    tokens: Vec<(String, String)>,
}

impl Day {
    async fn spent(service: &Service, data: &Path, secrets: &BTreeMap<String, String>) -> Self {
        let mut tokens = Vec::new();
        let mut keep = |name: &str, value: &Value| {
            tokens.push((
                name.to_owned(),
                value.as_str().unwrap_or_else(|| panic!("{name}")).to_owned(),
            ));
        };
        let post = async |path: &str, body: Value| {
            let answer = Wire::open(service.http).await.post(path, body.to_string()).await;
            serde_json::from_slice::<Value>(&answer.body).unwrap_or_default()
        };
        let mut ann = Person::new(&service.base());
        ann.ok("account/regist", json!({"id": "ann", "pwd": PASSWORD, "role": 1})).await;
        ann.call("account/login", json!({"id": "ann", "pwd": WRONG})).await.unwrap();
        let entered = ann.ok("account/login", json!({"id": "ann", "pwd": PASSWORD})).await;
        keep("token of 001", &entered["token"]);
        ann.token = entered["token"].as_str().unwrap().to_owned();
        // Broken, and sent to the wrong place.
        for body in [format!("{{\"pwd\":\"{PASSWORD}\""), format!("pwd={PASSWORD}")] {
            Wire::open(service.http).await.post("/index.php?svc=account&cmd=login", body).await;
        }
        let room = ann.teach().await;
        ann.ok("live/exitroom", json!({"roomnum": room})).await;

        let code = say(data, &["setup"]).out.trim().to_owned();
        let code = code.split_whitespace().last().unwrap().to_owned();
        let founder = |code: &str| json!({"code": code, "handle": "root", "password": ROOT});
        post("/box/v1/setup", founder("AAAA-AAAA")).await;
        let root = post("/box/v1/setup", founder(&code)).await;
        keep("token of the set-up", &root["token"]);
        tokens.push(("set-up code".into(), code));
        for password in [ROOT, WRONG] {
            let body = json!({"handle": "root", "password": password});
            let entered = post("/box/v1/login", body).await;
            if let Some(token) = entered["token"].as_str() {
                tokens.push(("token of the box".into(), token.into()));
            }
        }
        let channel =
            post("/api/v1/system/auth-token/", json!({"app_id": "x", "app_secret": WRONG})).await;
        assert_ne!(channel["code"], 0, "{channel}");
        for secret in [&secrets["openim_secret"], WRONG] {
            let body = json!({"secret": secret, "platform": 5, "uid": "bob", "name": "Bob", "operationID": "1"});
            let registered = post("/auth/user_register", body).await;
            if let Some(token) = registered["data"]["token"].as_str() {
                tokens.push(("token of 002".into(), token.into()));
            }
        }
        for key in [&secrets["arctos_license_key"], &WRONG.to_owned()] {
            let headers = [("arc-license-key", &**key)];
            let ask = Wire::open(service.http)
                .await
                .ask(
                    Method::POST,
                    "/api/auth/getAuthCode",
                    &headers,
                    json!({"user_id": "ann", "role": "PUBLISHER"}).to_string().into(),
                )
                .await;
            let ask: Value = serde_json::from_slice(&ask.body).unwrap();
            if let Some(code) = ask["info"]["code"].as_str() {
                tokens.push(("code of 004".into(), code.into()));
            }
        }
        // In addresses, as browsers and old clients send them.
        for path in [
            format!(
                "/api/v1/user/reg_from_channel/?user_id=1&auth_token={}&next=/course/",
                secrets["token_key"]
            ),
            format!("/media/{room}/lesson.json?k={}&token={}", secrets["callback_key"], ann.token),
        ] {
            Wire::open(service.http).await.get(&path, &[]).await;
        }
        let now_s = i64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
        for key in [&*secrets["callback_key"], WRONG] {
            let sign = live_sign(key, now_s + 300);
            let event = json!({"t": now_s + 300, "sign": sign, "event_type": 100, "stream_id": "s",
                "stream_param": format!("groupid={room}&userid=YW5u"), "start_time": now_s - 60,
                "end_time": now_s, "media_start_time": 0, "file_size": 1000, "duration": 60,
                "video_id": "v", "video_url": "https://cloud.example/v.mp4"});
            post("/index.php?svc=live&cmd=recendcall", event).await;
        }
        poll("a call that failed", Duration::from_secs(20), async || {
            let rows: Vec<Value> =
                serde_json::from_str(&say(data, &["outbox", "--json"]).out).unwrap();
            rows.iter().any(|row| row["tries"].as_i64() > Some(0)).then_some(())
        })
        .await;
        assert_eq!(tokens.len(), 6, "{tokens:?}");
        Self { tokens }
    }
}

#[tokio::test]
async fn a_crash_leaves_no_core_dump() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("d");
    let run = serve(&data, &["--set", "recorder.ffmpeg=/bin/false"]);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "ulimit -c unlimited 2>/dev/null; exec \"$0\" \"$@\""])
        .current_dir(dir.path());
    shell.env_clear().arg(run.get_program()).args(run.get_args());
    let service = Service::run(shell, "https");
    let limits = fs::read_to_string(format!("/proc/{}/limits", service.pid())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).collect::<Vec<_>>(), ["1", "1", "bytes"], "{core}");
    let status = service.abort();
    assert_eq!(status.signal(), Some(6));
    assert!(!status.core_dumped());
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["d"]);
    // Another program would have left one here, if this machine makes them at all.
    let mut control = Command::new("sh");
    control.args(["-c", "ulimit -c unlimited; kill -ABRT $$"]).current_dir(dir.path());
    let control = control.status().unwrap();
    println!("a core dump of another program: {}", control.core_dumped());
}
