//! PyPI's `rongcloud` 2.0.1 and `rc-server-sdk` 3.2.0 in a process of their own, as `.ci/setup test` installed them.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::stand_in::{KEY, SECRET};

pub struct Package {
    _child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Package {
    pub fn start(version: &str, address: &str) -> Self {
        let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("rongcloud");
        let module = venv.join(version);
        assert!(module.join("done").exists(), "run .ci/setup test first");
        let mut child = Command::new(venv.join("bin/python"))
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rongcloud/calls.py"))
            .args([version, address, KEY, SECRET])
            .env_clear()
            .env("PYTHONPATH", module)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONUTF8", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("python3 is installed by .ci/setup test");
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { _child: child, input, output: BufReader::new(output).lines() }
    }

    /// RongCloud's answer to one call: its name and what it takes.
    pub async fn call(&mut self, call: &Value) -> Value {
        self.input.write_all(format!("{call}\n").as_bytes()).await.unwrap();
        let line = tokio::time::timeout(Duration::from_secs(30), self.output.next_line()).await;
        let line = line.expect("it answers").unwrap().expect("it goes on");
        serde_json::from_str(&line).unwrap()
    }
}
