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

use crate::process::{Wire, poll, say, serve};
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

#[test]
fn setup_and_audit_need_a_box_and_a_service() {
    let dir = tempfile::tempdir().unwrap();
    for arguments in [&["setup"][..], &["audit"], &["audit", "--json"]] {
        let said = say(&dir.path().join("d"), arguments);
        assert_eq!(said.code, Some(78), "{arguments:?}: {said:?}");
        assert!(said.err.contains("there is no box in"), "{said:?}");
    }
}
