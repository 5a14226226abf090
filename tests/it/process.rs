//! The real program as a process: started on free ports, talked to over sockets, ended by its own handle.
#![allow(dead_code)] // each test uses its part

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use arctos_box::http::client::{Client, Incoming, Outgoing, send};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::header::HeaderMap;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};

use crate::world::Answer;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_arctos-box");
pub const APPID: i64 = 1_400_000_000;

/// Small picture and small reserve: what is tested is the path, not the encoder.
pub const SMALL: &[&str] = &[
    "--set",
    "recorder.size=320x180",
    "--set",
    "recorder.rate=15",
    "--set",
    "recorder.kbits=300",
    "--set",
    "recorder.reserve_mib=64",
    "--set",
    "log.level=warn",
];

/// A service that runs. Dropping it kills it.
pub struct Service {
    child: Child,
    pub http: SocketAddr,
    pub https: Option<SocketAddr>,
    addrs: HashMap<String, SocketAddr>,
    _timed: crate::timing::Timed,
}

impl Service {
    /// Starts `serve` on `data` and waits until it has said where it listens.
    pub fn start(data: &Path, more: &[&str]) -> Self {
        Self::run(serve(data, more), "https")
    }

    /// The same with its log in a file, which is appended to.
    pub fn start_logged(data: &Path, log: &Path, more: &[&str]) -> Self {
        let mut command = serve(data, more);
        command.stderr(File::options().create(true).append(true).open(log).unwrap());
        Self::run(command, "https")
    }

    /// Runs `command` and waits until it has said that it listens on an address of kind `last`.
    pub fn run(command: Command, last: &str) -> Self {
        Self::try_run(command, last).expect("it says where it listens")
    }

    /// The same of a program that may end before.
    pub fn try_run(mut command: Command, last: &str) -> Result<Self, ExitStatus> {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut addrs = HashMap::new();
        while !addrs.contains_key(last) {
            let Some(line) = lines.next() else { return Err(child.wait().unwrap()) };
            let line = line.unwrap();
            let mut words = line.split(' ');
            assert_eq!(words.next(), Some("listening"), "{line}");
            let kind = words.next().unwrap().to_owned();
            addrs.insert(kind, words.next().unwrap().parse().unwrap());
        }
        Ok(Self {
            child,
            http: addrs["http"],
            https: addrs.get("https").copied(),
            addrs,
            _timed: crate::timing::test(),
        })
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// The address of another kind of listener.
    pub fn at(&self, kind: &str) -> SocketAddr {
        self.addrs[kind]
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.http)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL, as nobody would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGABRT, as of a bug.
    pub fn abort(mut self) -> std::process::ExitStatus {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::ABORT).unwrap();
        self.child.wait().unwrap()
    }

    /// SIGTERM; answers the exit code and how long it took.
    pub fn terminate(mut self) -> (Option<i32>, Duration) {
        let began = Instant::now();
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let status = self.child.wait().unwrap();
        (status.code(), began.elapsed())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `serve` on free ports of this machine.
pub fn serve(data: &Path, more: &[&str]) -> Command {
    let mut command = command(data);
    command
        .arg("serve")
        .args(["--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--board", "sim"])
        .args(["--set", "openim.listen=127.0.0.1:0", "--set", "openim.gateway=127.0.0.1:0"])
        .args(["--set", "openim.json_gateway=127.0.0.1:0"])
        .args(SMALL)
        .args(more);
    command
}

/// A subcommand on a data folder, with nothing of our environment but PATH.
pub fn command(data: &Path) -> Command {
    let mut command = program();
    command.arg("--data").arg(data);
    command
}

/// Of no box yet.
pub fn program() -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command
}

/// A real HTTP client of document 001.
pub struct Person {
    client: Client,
    pub base: String,
    pub token: String,
}

impl Person {
    pub fn new(base: &str) -> Self {
        Self::trusting(base, "")
    }

    /// Somebody who trusts this certificate authority.
    pub fn trusting(base: &str, ca_pem: &str) -> Self {
        Self { client: Client::new(ca_pem).unwrap(), base: base.into(), token: String::new() }
    }

    /// The same person after the box came back elsewhere.
    pub fn at(&self, base: &str) -> Self {
        Self { client: self.client.clone(), base: base.into(), token: self.token.clone() }
    }

    /// The lesson's state as the watch page sees it.
    pub async fn lesson(&self, room: i64) -> Value {
        let seen = self.get(&format!("/media/{room}/lesson.json")).await.unwrap();
        serde_json::from_slice(&seen.body).unwrap()
    }

    /// A new course, started; answers its number.
    pub async fn teach(&self) -> i64 {
        let room = self.ok("live/create", json!({"title": "math"})).await["roomnum"].clone();
        self.ok("live/startcourse", json!({"roomnum": room})).await;
        room.as_i64().unwrap()
    }

    /// Waits until a first piece of the running lesson can be watched.
    pub async fn wait_for_picture(&self, room: i64) {
        poll("a picture", Duration::from_secs(20), async || {
            (!self.lesson(room).await["playlist"].is_null()).then_some(())
        })
        .await;
    }

    /// The index of a finished lesson.
    pub async fn index(&self, room: i64) -> Value {
        let got = self.get(&format!("/media/{room}/index.json")).await.unwrap();
        assert_eq!(got.status, 200);
        serde_json::from_slice(&got.body).unwrap()
    }

    /// Registers and logs in.
    pub async fn arrive(base: &str, id: &str, role: i64) -> Self {
        let mut person = Self::new(base);
        person.ok("account/regist", json!({"id": id, "pwd": "pw", "role": role})).await;
        let data = person.ok("account/login", json!({"id": id, "pwd": "pw"})).await;
        person.token = data["token"].as_str().unwrap().to_owned();
        person
    }

    /// One command over a connection of its own; `Err` when nobody answered.
    pub async fn call(&self, command: &str, mut body: Value) -> Result<Value, String> {
        body["appid"] = APPID.into();
        body["timeStamp"] = 1.into();
        if !self.token.is_empty() {
            body["token"] = self.token.as_str().into();
        }
        let (svc, cmd) = command.split_once('/').unwrap();
        let url = format!("{}/index.php?svc={svc}&cmd={cmd}", self.base);
        let answer = self.exchange(Method::POST, url, body.to_string().into()).await?;
        serde_json::from_slice(&answer.body).map_err(|e| e.to_string())
    }

    /// The same, and it must succeed; answers `data`.
    pub async fn ok(&self, command: &str, body: Value) -> Value {
        let answer = self.call(command, body).await.unwrap();
        assert_eq!(answer["errorCode"], 0, "{command}: {answer}");
        answer["data"].clone()
    }

    pub async fn get(&self, url: &str) -> Result<Incoming, String> {
        let url = if url.starts_with('/') { format!("{}{url}", self.base) } else { url.to_owned() };
        self.exchange(Method::GET, url, Bytes::new()).await
    }

    /// Puts a file into the class's store, over what is there; `Err` when nobody answered.
    pub async fn upload(&self, name: &str, bytes: &[u8]) -> Result<Value, String> {
        let file: (&str, &[u8]) = ("filecontent\"; filename=\"f", bytes);
        self.store(name, &[("op", b"upload"), ("insertOnly", b"0"), file]).await
    }

    /// Asks the class's store for something, with a signature that the box gives.
    pub async fn store(&self, name: &str, fields: &[(&str, &[u8])]) -> Result<Value, String> {
        let signed = self.call("cos/get_sign", json!({"type": 0})).await?;
        let sign = signed["data"]["sign"].as_str().ok_or_else(|| signed.to_string())?;
        let mut body = Vec::new();
        for (name, value) in fields {
            body.extend(b"--part\r\ncontent-disposition: form-data; name=\"");
            body.extend(name.as_bytes());
            body.extend(b"\"\r\n\r\n");
            body.extend(*value);
            body.extend(b"\r\n");
        }
        body.extend(b"--part--\r\n");
        let mut headers = HeaderMap::new();
        headers.insert("authorization", sign.parse().unwrap());
        headers.insert("content-type", "multipart/form-data; boundary=part".parse().unwrap());
        let url = format!("{}/files/v2/{APPID}/box/{name}", self.base);
        let answer = self.send(Method::POST, url, headers, body.into()).await?;
        serde_json::from_slice(&answer.body).map_err(|e| e.to_string())
    }

    /// The row of a course, polled until its state is `state`.
    pub async fn wait_for_state(&self, room: i64, state: i64, within: Duration) -> Value {
        let until = Instant::now() + within;
        loop {
            let ask = json!({"index": 0, "size": 1, "roomnum": room});
            let row = self.ok("live/roomlist", ask).await["rooms"][0].clone();
            if row["state"] == state {
                return row;
            }
            assert!(Instant::now() < until, "not in state {state} in time: {row}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn exchange(&self, method: Method, url: String, body: Bytes) -> Result<Incoming, String> {
        self.send(method, url, HeaderMap::new(), body).await
    }

    async fn send(
        &self,
        method: Method,
        url: String,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Incoming, String> {
        let outgoing = Outgoing {
            method,
            url,
            headers,
            body,
            timeout: Duration::from_secs(60),
            answer_max: 256 << 20,
        };
        send(&self.client, outgoing).await.map_err(|e| format!("{e:?}"))
    }
}

/// What a subcommand came to.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs a subcommand on a data folder to its end.
pub fn say(data: &Path, arguments: &[&str]) -> Said {
    said(command(data).args(arguments))
}

pub fn said(command: &mut Command) -> Said {
    let done = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Said { code: done.status.code(), out: text(&done.stdout), err: text(&done.stderr) }
}

/// An HTTP/1.1 connection that stays open and shows an answer's headers, which the box's own client hides.
pub struct Wire {
    sender: http1::SendRequest<Full<Bytes>>,
    talk: tokio::task::JoinHandle<hyper::Result<()>>,
}

impl Wire {
    pub async fn open(addr: SocketAddr) -> Self {
        let stream = tokio::net::TcpStream::connect(addr).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, talk) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        Self { sender, talk: tokio::spawn(talk) }
    }

    pub async fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask(Method::GET, path, headers, Bytes::new()).await
    }

    pub async fn post(&mut self, path: &str, body: impl Into<Bytes>) -> Answer {
        self.ask(Method::POST, path, &[], body.into()).await
    }

    pub async fn ask(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", "box.test");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let exchange = async {
            self.sender.ready().await.unwrap();
            let answer = self.sender.send_request(request.body(Full::new(body)).unwrap());
            let (head, body) = answer.await.unwrap().into_parts();
            let body = body.collect().await.unwrap().to_bytes().to_vec();
            Answer { status: head.status.as_u16(), headers: head.headers, body }
        };
        let patience = Duration::from_secs(20);
        tokio::time::timeout(patience, exchange).await.expect("it answers")
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.talk.abort();
    }
}

/// A real ffmpeg in disguise: `script` runs first and sees its arguments; `exec "$REAL" "$@"` hands over.
pub fn disguise(path: &Path, script: &str) -> String {
    let text = format!("#!/bin/sh\nREAL=/usr/bin/ffmpeg\n{script}\n");
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    format!("recorder.ffmpeg={}", path.display())
}

/// The encoder of a service: its child that writes to a pipe, if one runs.
pub fn encoder_of(service: u32) -> Option<rustix::process::Pid> {
    encoders_of(service).first().copied()
}

/// All of them.
pub fn encoders_of(service: u32) -> Vec<rustix::process::Pid> {
    let parent = |pid: i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in brackets may hold anything; state and parent follow it.
        stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse::<u32>().ok()
    };
    let numbers = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = numbers.filter_map(|e| e.file_name().to_string_lossy().parse::<i32>().ok());
    let found = numbers.filter(|pid| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.ends_with(b"pipe:1\0") && parent(*pid) == Some(service)
    });
    found.filter_map(rustix::process::Pid::from_raw).collect()
}

/// Asks again and again until there is an answer.
pub async fn poll<T>(
    what: &str,
    within: Duration,
    mut question: impl AsyncFnMut() -> Option<T>,
) -> T {
    let until = Instant::now() + within;
    loop {
        if let Some(answer) = question().await {
            return answer;
        }
        assert!(Instant::now() < until, "not within {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// When each picture of a film is shown, in seconds, in order.
pub fn pictures(file: &Path) -> Vec<f64> {
    let out = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time"])
        .args(["-of", "csv=p=0"])
        .arg(file)
        .output()
        .expect("ffprobe is installed with ffmpeg");
    let text = String::from_utf8_lossy(&out.stdout);
    text.lines().filter_map(|line| line.trim_end_matches(',').parse().ok()).collect()
}

/// What ffprobe says of a file or address: stream codecs and the duration in seconds.
pub fn probe(input: &str) -> (Vec<String>, f64) {
    let out = Command::new("ffprobe")
        .args(["-v", "error", "-of", "json", "-show_entries", "stream=codec_name:format=duration"])
        .arg(input)
        .output()
        .expect("ffprobe is installed with ffmpeg");
    let value: Value = serde_json::from_slice(&out.stdout).unwrap();
    let codecs = value["streams"].as_array().into_iter().flatten();
    let codecs = codecs.filter_map(|s| s["codec_name"].as_str().map(str::to_owned)).collect();
    let duration = value["format"]["duration"].as_str().unwrap_or("0").parse().unwrap();
    (codecs, duration)
}

/// Decodes everything; answers ffmpeg's complaints, empty when there are none.
pub fn decode(input: &str) -> String {
    let out = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-i", input])
        // Else a film with gaps has its times rounded to a rate that was guessed from them.
        .args(["-enc_time_base", "-1", "-f", "null", "-"])
        .output()
        .expect("ffmpeg is installed");
    String::from_utf8_lossy(&out.stderr).into_owned()
}

pub fn recording(data: &Path, room: i64) -> PathBuf {
    data.join("recordings").join(room.to_string()).join("1.mp4")
}
