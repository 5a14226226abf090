//! The real program is set up: the code stands on a terminal and nowhere else, and whoever has a shell asks for it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hyper::Method;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::{Value, json};

use crate::process::{Said, Service, Wire, poll, say, serve};
use crate::world::Answer;

const PATIENCE: Duration = Duration::from_secs(20);

/// A service whose standard output is a terminal, or a file.
struct Shown {
    child: Child,
    lines: Box<dyn Iterator<Item = String>>,
}

impl Drop for Shown {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A terminal: what is written to it by the program is read here.
fn on_a_terminal(mut command: Command) -> Shown {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
    let theirs = File::options().read(true).write(true).open(name).unwrap();
    let child = command.stdout(theirs).spawn().unwrap();
    // Reading a terminal whose other end has gone is an error, and the end.
    let lines = BufReader::new(File::from(ours)).lines().map_while(Result::ok);
    Shown { child, lines: Box::new(lines.map(|line| line.trim_end().to_owned())) }
}

impl Shown {
    fn address(&mut self) -> SocketAddr {
        let line = self.line("listening http ");
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }

    fn code(&mut self) -> String {
        let line = self.line("set-up code ");
        line.split([' ', ':']).nth(2).unwrap().to_owned()
    }

    fn line(&mut self, beginning: &str) -> String {
        let found = self.lines.find(|line| line.starts_with(beginning));
        found.unwrap_or_else(|| panic!("nothing begins with {beginning}"))
    }
}

async fn post(wire: &mut Wire, path: &str, token: &str, body: Value) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers: &[(&str, &str)] =
        if token.is_empty() { &[] } else { &[("authorization", &bearer)] };
    wire.ask(Method::POST, &format!("/box/v1/{path}"), headers, body.to_string().into()).await
}

fn founding(code: &str) -> Value {
    json!({"code": code, "handle": "root", "password": "a password"})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_shows_the_code_and_the_next_one_after_ten_wrong_tries() {
    let dir = tempfile::tempdir().unwrap();
    let mut shown = on_a_terminal(serve(dir.path(), &[]));
    let mut wire = Wire::open(shown.address()).await;
    let first = shown.code();
    assert_eq!(first.len(), 9, "{first}");
    for _ in 0..10 {
        assert_eq!(post(&mut wire, "setup", "", founding("0")).await.status, 401);
    }
    let second = shown.code();
    assert_ne!(first, second);
    assert_eq!(say(dir.path(), &["setup"]).out, format!("{second}\n"), "the same by a shell");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_a_file_and_the_log_never_hold_the_code_which_a_shell_may_ask_for() {
    let dir = tempfile::tempdir().unwrap();
    let (data, out, err) = (dir.path().join("d"), dir.path().join("out"), dir.path().join("err"));
    let mut command = serve(&data, &["--set", "log.level=debug"]);
    command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
    let child = command.stdin(Stdio::null()).spawn().unwrap();
    let mut service = Shown { child, lines: Box::new(std::iter::empty()) };
    let told = poll("addresses", PATIENCE, async || {
        let text = std::fs::read_to_string(&out).unwrap();
        text.contains("listening https ").then_some(text)
    });
    service.lines = Box::new(told.await.lines().map(str::to_owned).collect::<Vec<_>>().into_iter());
    let mut wire = Wire::open(service.address()).await;

    let code = say(&data, &["setup"]);
    assert_eq!((code.code, code.err.as_str()), (Some(0), ""));
    let code = code.out.trim().to_owned();
    let answer = post(&mut wire, "setup", "", founding(&code)).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let token = answer.json()["token"].as_str().unwrap().to_owned();

    let over = say(&data, &["setup"]);
    assert_eq!((over.code, over.out.as_str()), (Some(70), ""));
    assert!(over.err.contains("set up already"), "{over:?}");
    audit_and_secrets(&data, &mut wire, &token).await;
    for file in [&out, &err] {
        let text = std::fs::read_to_string(file).unwrap();
        assert!(!text.contains(&code), "{}", file.display());
        assert!(!text.contains(&token) && !text.contains("a password"), "{}", file.display());
    }
}

/// What is done with a shell is written down too.
async fn audit_and_secrets(data: &Path, wire: &mut Wire, token: &str) {
    let bearer = format!("Bearer {token}");
    let got = wire.get("/box/v1/secrets", &[("authorization", &bearer)]).await;
    let by_shell: Value = serde_json::from_str(&say(data, &["secrets", "--json"]).out).unwrap();
    assert_eq!(got.json(), by_shell, "the same for an administrator and for a shell");
    let lines: Value = serde_json::from_str(&say(data, &["audit", "--json"]).out).unwrap();
    let told: Vec<(&str, &str)> = lines
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["event"].as_str().unwrap(), line["address"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("secrets shown", "shell"),
            ("secrets shown", "127.0.0.1"),
            ("token issued", "127.0.0.1"),
            ("set up", "127.0.0.1"),
            ("set-up code shown", "shell"),
        ]
    );
    let table = say(data, &["audit", "--who", "root", "--lines", "1"]).out;
    let lines: Vec<&str> = table.lines().collect();
    assert!(
        lines.len() == 2 && lines[0].starts_with("when") && lines[1].contains("root"),
        "{table}"
    );
}

/// Logs in at the box's own door; answers the status and the token.
async fn enter(wire: &mut Wire, handle: &str, password: &str) -> (u16, String) {
    let answer = post(wire, "login", "", json!({"handle": handle, "password": password})).await;
    let token = answer.json()["token"].as_str().unwrap_or_default().to_owned();
    (answer.status, token)
}

/// How `GET /box/v1/me` answers to a token.
async fn me(wire: &mut Wire, token: &str) -> u16 {
    let bearer = format!("Bearer {token}");
    wire.get("/box/v1/me", &[("authorization", &bearer)]).await.status
}

fn refused(said: &Said, words: &str) {
    assert_eq!((said.code, said.out.as_str()), (Some(70), ""), "{said:?}");
    assert!(said.err.contains(words) && said.err.lines().count() == 1, "{said:?}");
}

/// Administrators `Root` and `idle`, who is disabled, and a teacher `ann`; the first one's token.
async fn staffed(data: &Path, wire: &mut Wire) -> String {
    let code = say(data, &["setup"]).out.trim().to_owned();
    let founding = json!({"code": code, "handle": "Root", "password": "a password"});
    let founded = post(wire, "setup", "", founding).await;
    let token = founded.json()["token"].as_str().unwrap().to_owned();
    for (handle, role) in [("idle", "administrator"), ("ann", "teacher")] {
        let who = json!({"handle": handle, "role": role, "password": "a password"});
        let made = post(wire, "users", &token, who).await;
        assert_eq!(made.status, 201, "{}", made.text());
        if handle == "idle" {
            let id = made.json()["id"].as_i64().unwrap();
            let path = format!("users/{id}");
            let closed = post(wire, &path, &token, json!({"disabled": true})).await;
            assert_eq!(closed.status, 200);
        }
    }
    token
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_gives_an_administrator_who_is_locked_out_another_password() {
    let dir = tempfile::tempdir().unwrap();
    let (data, log) = (dir.path().join("d"), dir.path().join("log"));
    let service = Service::start_logged(&data, &log, &["--set", "log.level=debug"]);
    let mut wire = Wire::open(service.http).await;
    let old_token = staffed(&data, &mut wire).await;
    for _ in 0..10 {
        assert_eq!(enter(&mut wire, "root", "another").await.0, 401);
    }
    assert_eq!(enter(&mut wire, "root", "a password").await.0, 429, "locked out by tries");
    assert_eq!(me(&mut wire, &old_token).await, 200);

    let given = say(&data, &["setup", "--again", "root"]);
    assert_eq!((given.code, given.err.as_str()), (Some(0), ""));
    let password = given.out.strip_suffix('\n').unwrap();
    assert!(password.len() == 19 && password.split('-').all(|part| part.len() == 4), "{given:?}");
    let (status, token) = enter(&mut wire, "root", password).await;
    assert_eq!(status, 200, "it works at once");
    assert_eq!(me(&mut wire, &token).await, 200);
    assert_eq!(me(&mut wire, &old_token).await, 401, "the old token has ended");
    assert_eq!(enter(&mut wire, "root", "a password").await.0, 401, "so has the old password");

    let second = say(&data, &["setup", "--again", "ROOT"]).out;
    assert_ne!(second, given.out);
    assert_eq!(me(&mut wire, &token).await, 401);
    assert_eq!(service.terminate().0, Some(0));
    let service = Service::start_logged(&data, &log, &["--set", "log.level=debug"]);
    let mut wire = Wire::open(service.http).await;
    assert_eq!(me(&mut wire, &token).await, 401, "also after a restart");
    assert_eq!(enter(&mut wire, "root", password).await.0, 401);
    assert_eq!(enter(&mut wire, "root", second.trim()).await.0, 200);
    written_down(&data, &log, &[password, second.trim()]);
}

/// The audit has the two acts, and neither it nor the log the passwords.
fn written_down(data: &Path, log: &Path, passwords: &[&str]) {
    let lines = say(data, &["audit", "--json"]).out;
    let rows: Vec<Value> = serde_json::from_str(&lines).unwrap();
    let acts = rows.iter().filter(|row| row["event"] == "user changed" && row["subject"] == "Root");
    let acts: Vec<_> = acts.map(|row| (&row["address"], &row["actor"], &row["detail"])).collect();
    assert_eq!(acts, vec![(&json!("shell"), &json!(""), &json!("password")); 2]);
    let log = std::fs::read_to_string(log).unwrap();
    assert_eq!(log.matches("an administrator has another password").count(), 2, "{log}");
    for password in passwords {
        assert!(!lines.contains(password) && !log.contains(password));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_an_administrator_gets_another_password_and_by_the_socket_alone() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("d");
    let service = Service::start(&data, &[]);
    let mut wire = Wire::open(service.http).await;
    refused(&say(&data, &["setup", "--again", "root"]), "there is none yet");
    let token = staffed(&data, &mut wire).await;
    for handle in ["nobody", "ann", "idle"] {
        let said = say(&data, &["setup", "--again", handle]);
        refused(&said, "handle must be an enabled administrator's: Root\n");
    }
    refused(&say(&data, &["setup", "--again", ""]), "handle is none that anybody can have");
    refused(&say(&data, &["setup"]), "--again HANDLE");
    let nameless = say(&data, &["setup", "--again"]);
    assert_eq!(nameless.code, Some(64), "{nameless:?}");
    for path in ["/setup?handle=root", "/box/v1/setup?handle=root"] {
        let answer = wire.ask(Method::POST, path, &[], "".into()).await;
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.text());
    }
    assert_eq!(me(&mut wire, &token).await, 200);
    for handle in ["Root", "ann"] {
        assert_eq!(enter(&mut wire, handle, "a password").await.0, 200, "{handle}");
    }
    assert_eq!(enter(&mut wire, "idle", "a password").await.0, 401);
    let lines = say(&data, &["audit", "--json"]).out;
    assert_eq!(lines.matches("user changed").count(), 1, "of idle alone: {lines}");

    drop(service);
    refused(&say(&data, &["setup", "--again", "root"]), "the service is not running");
}

#[test]
fn setup_and_audit_need_a_box_and_a_service() {
    let dir = tempfile::tempdir().unwrap();
    for arguments in
        [&["setup"][..], &["setup", "--again", "root"], &["audit"], &["audit", "--json"]]
    {
        let said = say(&dir.path().join("d"), arguments);
        assert_eq!(said.code, Some(78), "{arguments:?}: {said:?}");
        assert!(said.err.contains("there is no box in"), "{said:?}");
    }
}
