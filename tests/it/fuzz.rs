//! schemathesis (PyPI) against the running box: everything the OpenAPI declares, with good and bad credentials.
//! No reply outside the declared envelopes, statuses and types, no 5xx but the two of document 002, and nothing in
//! the box's log that would be our fault. `.ci/setup test` installs it. The cases are the same each time;
//! `FUZZ_SECONDS=600 cargo test --test it fuzz` looks for others, for so long.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use arctos_box::dialect::{DIALECTS, openapi};
use arctos_box::wire::callback::live_sign;
use arctos_box::wire::channel_auth::{Rule, date, token as token_of};
use hyper::Method;
use serde_json::{Value, json};

use crate::process::{APPID, Person, Service, Wire, said, say};

/// For each operation, beside the hundred or so that go through its fields one by one: a minute in CI.
const CASES: &str = "40";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_a_fuzzer_sends_is_answered_outside_the_envelope_or_is_our_fault() {
    let dir = tempfile::tempdir().unwrap();
    let (data, log) = (dir.path().join("data"), dir.path().join("log"));
    let service = Service::start_logged(&data, &log, &[]);
    let reached = dir.path().join("reached.json");
    let mut knowledge = Known::prepare(&service, &data).await;
    knowledge["report"] = json!(reached);
    let report = said(&mut fuzzer(&service, &knowledge, dir.path()));
    assert_eq!(report.code, Some(0), "{}\n{}", report.out, report.err);
    let logged = std::fs::read_to_string(&log).unwrap();
    for words in ["our fault", "panicked"] {
        let lines: Vec<&str> = logged.lines().filter(|line| line.contains(words)).collect();
        assert!(lines.is_empty(), "the log says\n{}", lines.join("\n"));
    }
    let alive = Person::new(&service.base()).get("/readyz").await.unwrap();
    assert_eq!(alive.status, 200, "the box goes on");
    got_in(&reached);
}

fn fuzzer(service: &Service, knowledge: &Value, dir: &Path) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
    // Beside Cargo's own folder for tests.
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("fuzz");
    let program = venv.join("bin/st");
    assert!(program.exists(), "schemathesis is missing: run ./.ci/setup test");
    let mut command = Command::new("nice");
    command
        .arg(program)
        .arg("--config-file")
        .arg(root.join("schemathesis.toml"))
        .arg("run")
        .arg(format!("{}/box/openapi.json", service.base()))
        .args(["--phases", "coverage,fuzzing", "--no-color", "--max-failures", "8"])
        .args(["--request-timeout", "20", "--generation-database", "none"])
        .env("PYTHONPATH", &root)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("FUZZ", knowledge.to_string())
        .current_dir(dir);
    match std::env::var("FUZZ_SECONDS") {
        Ok(seconds) => command.args(["--max-time", &seconds]),
        Err(_) => command.args(["--seed", "1", "--max-examples", CASES]),
    };
    command
}

/// What nobody can do here: there is no PTZ camera, no licence, no WebSocket, and the box is set up.
const IN_VAIN: &[&str] = &[
    "box_get_box_v1_cameras__id_",
    "box_post_box_v1_cameras__id_",
    "box_post_box_v1_cameras__id__move",
    "box_post_box_v1_cameras__id__stop",
    "box_post_box_v1_licence",
    "box_post_box_v1_licence_inspect",
    "box_get_box_v1_channel",
    "box_post_box_v1_setup",
];

/// A fuzzer that never succeeds has tested the doors alone: three of four operations were seen to succeed.
fn got_in(reached: &Path) {
    let mut reached: BTreeMap<String, (u32, u32)> =
        serde_json::from_str(&std::fs::read_to_string(reached).unwrap()).unwrap();
    for name in IN_VAIN {
        assert!(reached.remove(*name).is_some(), "{name} was not asked for");
    }
    let never = reached.iter().filter(|(_, (_, good))| *good == 0).map(|(name, _)| name);
    let never: Vec<_> = never.collect();
    assert!(never.len() * 4 <= reached.len(), "never seen to succeed: {never:?}");
}

/// Ways into the doors, and values for fields by name.
struct Known {
    /// By dialect and access class: calls that are good.
    ways: BTreeMap<(&'static str, &'static str), Vec<Value>>,
    values: BTreeMap<&'static str, Vec<Value>>,
    /// Operations that end a credential: they get none that is good.
    spent: Vec<&'static str>,
}

impl Known {
    /// Somebody and something of every kind.
    async fn prepare(service: &Service, data: &Path) -> Value {
        let secrets = Secrets::of(data);
        let mut known = Self {
            ways: BTreeMap::new(),
            values: BTreeMap::new(),
            spent: vec![
                "edu_post_account_logout",
                "box_post_box_v1_logout",
                "box_post_box_v1_password",
                // It could close the accounts or change the roles of those who call.
                "box_post_box_v1_users__id_",
            ],
        };
        known.edu(&service.base(), &secrets).await;
        let mut wire = Wire::open(service.http).await;
        known.channel(&mut wire, &secrets).await;
        known.openim(&secrets);
        known.groups(&service.base(), &mut wire).await;
        known.arctos(&mut wire, &secrets).await;
        known.station(&mut wire, data).await;
        let mut doors = json!({});
        for dialect in DIALECTS {
            for row in dialect.rows {
                let access = openapi::access(row.access);
                let ways = known.ways.get(&(dialect.name, access));
                let at = format!("{} {access}", dialect.name);
                doors[&at] = json!(ways.unwrap_or_else(|| panic!("{at}: say how it is opened")));
            }
        }
        json!({ "doors": doors, "known": known.values, "spent": known.spent })
    }

    fn header(&mut self, dialect: &'static str, access: &'static str, name: &str, value: String) {
        let way = json!({ "headers": { name: value } });
        self.ways.entry((dialect, access)).or_default().push(way);
    }

    fn values(&mut self, name: &'static str, values: impl IntoIterator<Item = Value>) {
        self.values.entry(name).or_default().extend(values);
    }

    async fn edu(&mut self, base: &str, secrets: &Secrets) {
        let ann = Person::arrive(base, "ann", 1).await;
        let live = ann.teach().await;
        self.values("roomnum", [json!(live)]);
        for title in ["a", "b", "c", "d"] {
            let room = ann.ok("live/create", json!({"title": title})).await["roomnum"].clone();
            self.values("roomnum", [room]);
        }
        self.values("id", [json!("ann")]);
        self.values("pwd", [json!("pw")]);
        let door = json!({ "appid": APPID, "timeStamp": 1 });
        let mut open = door.clone();
        open["token"] = json!(ann.token);
        self.ways.insert(("edu", "anybody"), vec![json!({ "body": door })]);
        self.ways.insert(("edu", "user"), vec![json!({ "body": open })]);
        self.ways.insert(("edu", "signed"), secrets.signatures());
    }

    async fn channel(&mut self, wire: &mut Wire, secrets: &Secrets) {
        let (id, secret) = (secrets.get("channel.app_id"), secrets.get("channel.app_secret"));
        let pair = json!({"app_id": id, "app_secret": secret});
        let got = post(wire, "/api/v1/system/auth-token/", &[], pair.clone()).await;
        let token = got["result"]["access_token"].as_str().expect("a token");
        self.header("channel", "server", "Authorization", format!("jwt {token}"));
        self.ways.insert(("channel", "secret"), vec![json!({ "body": pair })]);
        let rule = Rule::Hmac { app_secret: &secret };
        let today = date(now().div_euclid(24 * 3600));
        let way = |user: i64| {
            let query = json!({"user_id": user, "auth_token": token_of(rule, &today, user)});
            json!({ "query": query })
        };
        self.ways.insert(("channel", "signed"), vec![way(7), way(8)]);
        self.values(
            "next",
            [json!("/course/details/?id=10001"), json!("/course/webRTCUser/?id=1")],
        );
        self.values("channel_uid", [json!(secrets.get("channel.channel_uid"))]);
        self.values("user_id", [json!(7), json!("ann")]);
    }

    fn openim(&mut self, secrets: &Secrets) {
        let secret = secrets.get("openim_secret");
        self.ways.insert(("openim", "secret"), vec![json!({ "body": { "secret": secret } })]);
        self.values("uid", ["ann", "new", "newer", "newest"].map(Value::from));
    }

    /// Many groups, for some of what is tried closes one.
    async fn groups(&mut self, base: &str, wire: &mut Wire) {
        let bob = Person::arrive(base, "bob", 1).await;
        let token = format!("Token {}", bob.token);
        for _ in 0..50 {
            let headers = [("authorization", token.as_str())];
            let body = json!({"name": "a group", "code": "4711"});
            let made = post(wire, "/api/im/group/", &headers, body).await;
            self.values("id", [made["id"].clone()]);
        }
        self.header("groups", "user", "Authorization", token);
        self.ways.insert(("groups", "anybody"), vec![json!({})]);
        self.values("userid", [json!(10001), json!("10002")]);
        self.values("page", [json!(1)]);
        self.values("code", [json!("4711")]);
    }

    /// The administrator, and a caller of each rank below.
    async fn station(&mut self, wire: &mut Wire, data: &Path) {
        let code = say(data, &["setup"]).out.trim().to_owned();
        let founder = json!({"code": code, "handle": "root", "password": "a password"});
        let root = post(wire, "/box/v1/setup", &[], founder).await;
        let root = format!("Bearer {}", root["token"].as_str().expect("a token"));
        for (access, role) in
            [("person", "pupil"), ("teacher", "teacher"), ("technician", "technician")]
        {
            let body = json!({"handle": access, "role": role, "password": "a password"});
            let headers = [("authorization", root.as_str())];
            post(wire, "/box/v1/users", &headers, body).await;
            let body = json!({"handle": access, "password": "a password"});
            let got = post(wire, "/box/v1/login", &[], body).await;
            let token = got["token"].as_str().expect("a token");
            self.header("box", access, "Authorization", format!("Bearer {token}"));
        }
        // What a teacher may see in his own lesson alone, the administrator may always.
        self.header("box", "teacher", "Authorization", root.clone());
        self.header("box", "administrator", "Authorization", root);
        self.ways.insert(("box", "anybody"), vec![json!({})]);
        self.values("input", [json!("sim")]);
        self.values("handle", ["root", "person", "new"].map(Value::from));
        self.values("password", [json!("a password")]);
        self.values("id", [json!(10_001), json!(10_002)]);
    }

    async fn arctos(&mut self, wire: &mut Wire, secrets: &Secrets) {
        let key = secrets.get("arctos_license_key");
        let mut codes = Vec::new();
        for n in 0..20 {
            let body = json!({"user_id": format!("arctos-{n}"), "role": "MODERATOR"});
            let headers = [("arc-license-key", key.as_str())];
            let got = post(wire, "/api/auth/getAuthCode", &headers, body).await;
            codes.push(got["info"]["code"].clone());
        }
        let body = json!({"grant_type": "authorization_code", "code": codes.pop()});
        let got = post(wire, "/api/auth/getAuthTokenUseCode", &[], body).await;
        let token = got["info"]["access_token"].as_str().expect("a token");
        self.header("arctos", "secret", "arc-license-key", key);
        self.header("arctos", "user", "Authorization", format!("Bearer {token}"));
        self.ways.insert(("arctos", "anybody"), vec![json!({})]);
        self.values("grant_type", [json!("authorization_code")]);
        self.values("role", ["MODERATOR", "PUBLISHER", "ADMIN"].map(Value::from));
        self.values("client_id", [json!("arctos-webapp")]);
        self.values("code", codes);
    }
}

fn now() -> i64 {
    i64::try_from(std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap()
}

async fn post(wire: &mut Wire, path: &str, headers: &[(&str, &str)], body: Value) -> Value {
    let mut all = vec![("content-type", "application/json")];
    all.extend(headers);
    let answer = wire.ask(Method::POST, path, &all, body.to_string().into()).await;
    assert!(answer.status < 300, "{path}: {}", answer.text());
    answer.json()
}

/// What `arctos-box secrets` says.
struct Secrets(String);

impl Secrets {
    fn of(data: &Path) -> Self {
        Self(say(data, &["secrets"]).out)
    }

    fn get(&self, name: &str) -> String {
        let line = self.0.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {}", self.0)).to_owned()
    }

    /// One for each second of the coming minutes: a signature is good for one body.
    fn signatures(&self) -> Vec<Value> {
        let now = now();
        let key = self.get("callback_key");
        let sign = |t: i64| json!({ "body": { "t": t, "sign": live_sign(&key, t) } });
        (now + 120..now + 500).map(sign).collect()
    }
}
