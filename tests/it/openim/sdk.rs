//! Npm's `open-im-sdk` 2.0.3 in a process of its own, as `.ci/setup test` has installed it.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

pub struct Sdk {
    _child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Sdk {
    /// Starts it; it logs in at once.
    pub fn start(gateway: SocketAddr, uid: &str, token: &str) -> Self {
        let packages = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("clients");
        let packages = packages.join("node_modules");
        assert!(packages.join("open-im-sdk").is_dir(), "run .ci/setup test first");
        let mut child = Command::new("node")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/openim.js"))
            .args([&format!("ws://{gateway}"), uid, token])
            .env("NODE_PATH", packages)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node is installed by .ci/setup test");
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { _child: child, input, output: BufReader::new(output).lines() }
    }

    /// Calls a method of it without arguments; answers what it came to.
    pub async fn call(&mut self, method: &str) -> Value {
        self.input.write_all(format!("{method}\n").as_bytes()).await.unwrap();
        self.next(method).await
    }

    /// The next line about `what`; others before it are dropped.
    pub async fn next(&mut self, what: &str) -> Value {
        let wait = async {
            loop {
                let line = self.output.next_line().await.unwrap().expect("the SDK goes on");
                let (said, value) = line.split_once(' ').expect("WHAT JSON");
                if said == what {
                    return serde_json::from_str(value).unwrap();
                }
            }
        };
        let told = tokio::time::timeout(Duration::from_secs(30), wait).await;
        told.unwrap_or_else(|_| panic!("the SDK says nothing of {what}"))
    }
}
