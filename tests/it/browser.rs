//! A small driver for Debian's chromium: one process, the DevTools protocol over two named pipes, no crate.
//! Knows nothing of the box. Every wait has an end, and a browser dies with the value that started it.

// A driver offers more than today's tests ask of it.
#![allow(dead_code)]

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use serde_json::{Value, json};

/// A page on a loaded machine with two cores takes its time; nobody waits longer than this for one answer.
const ANSWER: Duration = Duration::from_secs(60);
/// Lines of a page's console that are kept.
const LOG_MAX: usize = 200;

/// A headless chromium with a fresh profile.
pub struct Browser {
    child: Child,
    wire: Arc<Wire>,
    /// The profile and the pipes; removed with the browser.
    _home: tempfile::TempDir,
}

impl Browser {
    /// # Panics
    /// When chromium is not installed or does not answer.
    pub fn start() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let (orders, answers) = (home.path().join("orders"), home.path().join("answers"));
        let made = Command::new("mkfifo").arg(&orders).arg(&answers).status();
        assert!(made.expect("mkfifo is there").success());
        let child = spawn(home.path(), &orders, &answers);
        // The shell opens the pipes in this order too, and each open waits for its other end.
        let orders = File::options().write(true).open(&orders).expect("the pipe of orders");
        let answers = File::open(&answers).expect("the pipe of answers");
        let wire = Arc::new(Wire { orders: Mutex::new(orders), state: Mutex::default() });
        let reader = wire.clone();
        std::thread::spawn(move || reader.read(answers));
        let browser = Self { child, wire, _home: home };
        browser.wire.call(None, "Browser.getVersion", json!({}));
        browser
    }

    /// A new tab on `url`, once the document is read.
    pub fn open(&self, url: &str) -> Page {
        let page = self.blank();
        page.go(url);
        page
    }

    /// A new empty tab, to be prepared before its first page (`set_viewport`, `run_first`).
    pub fn blank(&self) -> Page {
        self.tab(json!({"url": "about:blank"}))
    }

    /// A new empty tab with cookies of its own, as on another person's machine.
    pub fn apart(&self) -> Page {
        let made = self.wire.call(None, "Target.createBrowserContext", json!({}));
        self.tab(json!({"url": "about:blank", "browserContextId": made["browserContextId"]}))
    }

    fn tab(&self, what: Value) -> Page {
        let made = self.wire.call(None, "Target.createTarget", what);
        let target = made["targetId"].as_str().expect("a new tab has a name").to_owned();
        let attach = json!({"targetId": target, "flatten": true});
        let attached = self.wire.call(None, "Target.attachToTarget", attach);
        let session = attached["sessionId"].as_str().expect("a session has a name").to_owned();
        let page = Page { wire: self.wire.clone(), session, target };
        for domain in ["Page.enable", "Runtime.enable", "Network.enable", "Log.enable"] {
            page.call(domain, json!({}));
        }
        page
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser leads a group in which all its helpers are.
        let group = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        if let Some(group) = group {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

/// One tab. Closed when dropped.
pub struct Page {
    wire: Arc<Wire>,
    session: String,
    target: String,
}

impl Page {
    /// Goes to `url` and waits until its scripts have run.
    pub fn go(&self, url: &str) {
        let went = self.call("Page.navigate", json!({"url": url}));
        assert!(went["errorText"].is_null(), "{url}: {}", went["errorText"]);
        self.wait_for("document.readyState === 'complete'", Duration::from_secs(30));
    }

    /// The value of an expression, awaited when it is a promise.
    ///
    /// # Panics
    /// When the page throws, with its words.
    pub fn eval<T: serde::de::DeserializeOwned>(&self, js: &str) -> T {
        let value = self.try_eval(js).unwrap_or_else(|why| panic!("{js}: {why}{}", self.story()));
        serde_json::from_value(value).expect("the page answers with the type that was asked for")
    }

    fn try_eval(&self, js: &str) -> Result<Value, String> {
        let ask = json!({
            "expression": js, "awaitPromise": true, "returnByValue": true, "userGesture": true,
        });
        let answer = self.wire.ask(Some(&self.session), "Runtime.evaluate", &ask)?;
        if answer["exceptionDetails"].is_null() {
            return Ok(answer["result"]["value"].clone());
        }
        Err(answer["exceptionDetails"]["exception"]["description"].to_string())
    }

    /// Waits until the expression is true; the page itself watches, so nothing here sleeps.
    ///
    /// # Panics
    /// When it is not true in time, with the page's console.
    pub fn wait_for(&self, js: &str, within: Duration) {
        let watch = format!(
            "new Promise((done) => {{
                const end = performance.now() + {};
                const look = () => {{
                    let good = false;
                    try {{ good = Boolean({js}); }} catch (error) {{ good = false; }}
                    if (good || performance.now() > end) done(good);
                    else setTimeout(look, 50);
                }};
                look();
            }})",
            within.as_millis()
        );
        // A page that goes elsewhere takes the promise with it; the next page is asked again.
        let good = self.try_eval(&watch).or_else(|_| self.try_eval(&watch));
        assert!(good == Ok(Value::Bool(true)), "never true: {js}{}", self.story());
    }

    /// How the picture of a video element varies: 0 is one flat colour, a lesson is in the hundreds.
    /// Drawn small to a canvas and read back, as anybody's eye would.
    pub fn picture(&self, selector: &str) -> Picture {
        let js = format!(
            "(() => {{
                const video = document.querySelector({selector:?});
                const canvas = document.createElement('canvas');
                [canvas.width, canvas.height] = [64, 36];
                const pen = canvas.getContext('2d');
                pen.drawImage(video, 0, 0, 64, 36);
                const dots = pen.getImageData(0, 0, 64, 36).data;
                let [sum, squares, n, hash] = [0, 0, 0, 0];
                for (let i = 0; i < dots.length; i += 4) {{
                    const light = 0.3 * dots[i] + 0.59 * dots[i + 1] + 0.11 * dots[i + 2];
                    sum += light; squares += light * light; n += 1;
                    hash = (hash * 31 + Math.round(light)) % 4294967296;
                }}
                const mean = sum / n;
                return [mean, squares / n - mean * mean, hash];
            }})()"
        );
        let (mean, variance, hash) = self.eval(&js);
        Picture { mean, variance, hash }
    }

    /// The whole window as PNG.
    pub fn screenshot_png(&self) -> Vec<u8> {
        let shot = self.call("Page.captureScreenshot", json!({"format": "png"}));
        let text = shot["data"].as_str().expect("a screenshot is text in base64");
        base64::engine::general_purpose::STANDARD.decode(text).expect("chromium writes good base64")
    }

    pub fn set_viewport(&self, width: u32, height: u32, scale: f64, kind: Viewport) {
        let mobile = kind == Viewport::Phone;
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile});
        self.call("Emulation.setDeviceMetricsOverride", metrics);
        self.call("Emulation.setTouchEmulationEnabled", json!({"enabled": mobile}));
    }

    pub fn set_dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": value}]);
        self.call("Emulation.setEmulatedMedia", json!({"features": features}));
    }

    /// Pulls the cable, or puts it back.
    pub fn set_offline(&self, offline: bool) {
        let rates = json!({
            "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        });
        self.call("Network.emulateNetworkConditions", rates);
    }

    /// Runs before the scripts of every page that this tab opens from now on.
    pub fn run_first(&self, js: &str) {
        self.call("Page.addScriptToEvaluateOnNewDocument", json!({"source": js}));
    }

    /// Presses and releases a key as a person would, by its `KeyboardEvent.key` name.
    pub fn press(&self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            self.call("Input.dispatchKeyEvent", json!({"type": kind, "key": key}));
        }
    }

    /// What the page wrote on its console, threw, or was refused, oldest first.
    pub fn console(&self) -> Vec<String> {
        self.wire.lock().console.get(&self.session).cloned().unwrap_or_default()
    }

    fn story(&self) -> String {
        let lines = self.console();
        if lines.is_empty() { String::new() } else { format!("\nconsole:\n{}", lines.join("\n")) }
    }

    /// Any command of the protocol.
    pub fn call(&self, method: &str, params: Value) -> Value {
        self.wire.call(Some(&self.session), method, params)
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let close = json!({"targetId": self.target});
        let _ = self.wire.ask(None, "Target.closeTarget", &close);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewport {
    Desktop,
    Phone,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Picture {
    /// Mean brightness, 0 to 255.
    pub mean: f64,
    pub variance: f64,
    /// Two moments of a moving picture differ in this.
    pub hash: f64,
}

impl Picture {
    pub fn is_black(&self) -> bool {
        self.mean < 8.0 && self.variance < 20.0
    }
    pub fn is_flat(&self) -> bool {
        self.variance < 20.0
    }
}

fn spawn(home: &Path, orders: &Path, answers: &Path) -> Child {
    let flags = "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run \
        --disable-background-networking --disable-component-update --disable-sync \
        --disable-breakpad --disable-dev-shm-usage --disable-extensions --no-proxy-server --no-default-browser-check \
        --disable-background-timer-throttling --disable-renderer-backgrounding \
        --autoplay-policy=no-user-gesture-required --mute-audio --window-size=1280,800 \
        --remote-debugging-pipe";
    let line = format!("exec chromium {flags} --user-data-dir=\"$HOME\" 3<\"$IN\" 4>\"$OUT\"");
    Command::new("sh")
        .args(["-c", &line])
        .env("HOME", home)
        .env("IN", orders)
        .env("OUT", answers)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("sh is there")
}

/// Both pipes, and who waits for which answer.
struct Wire {
    orders: Mutex<File>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last_id: u64,
    waiting: HashMap<u64, Sender<Value>>,
    console: HashMap<String, Vec<String>>,
    gone: bool,
}

impl Wire {
    fn call(&self, session: Option<&str>, method: &str, params: Value) -> Value {
        self.ask(session, method, &params).unwrap_or_else(|why| panic!("{method}: {why}"))
    }

    fn ask(&self, session: Option<&str>, method: &str, params: &Value) -> Result<Value, String> {
        let (tell, told) = channel();
        let id = {
            let mut state = self.lock();
            if state.gone {
                return Err("chromium is gone (is it installed?)".to_owned());
            }
            state.last_id += 1;
            let id = state.last_id;
            state.waiting.insert(id, tell);
            id
        };
        let mut order = json!({"id": id, "method": method, "params": params});
        if let Some(session) = session {
            order["sessionId"] = session.into();
        }
        let mut bytes = order.to_string().into_bytes();
        bytes.push(0);
        let mut pipe = self.orders.lock().expect("nobody panics while writing an order");
        pipe.write_all(&bytes).map_err(|e| format!("chromium takes no orders: {e}"))?;
        drop(pipe);
        let mut answer = told.recv_timeout(ANSWER).map_err(|e| match e {
            RecvTimeoutError::Timeout => "no answer from chromium".to_owned(),
            RecvTimeoutError::Disconnected => "chromium is gone (is it installed?)".to_owned(),
        })?;
        if answer["error"].is_null() {
            Ok(answer["result"].take())
        } else {
            Err(answer.to_string())
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding the state of the wire")
    }

    /// Reads messages, each ended by a zero byte, until the browser closes its end.
    fn read(&self, answers: File) {
        for message in BufReader::new(answers).split(0) {
            let Ok(message) = message else { break };
            let Ok(message) = serde_json::from_slice::<Value>(&message) else {
                continue;
            };
            if let Some(id) = message["id"].as_u64() {
                let waiting = self.lock().waiting.remove(&id);
                // Who asked may have stopped waiting.
                let _ = waiting.map(|tell| tell.send(message));
            } else {
                self.note(&message);
            }
        }
        let mut state = self.lock();
        state.gone = true;
        state.waiting.clear();
    }

    fn note(&self, event: &Value) {
        let params = &event["params"];
        let text = match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => {
                let details = &params["exceptionDetails"];
                format!("threw: {} {}", details["text"], details["exception"]["description"])
            }
            Some("Runtime.consoleAPICalled") => {
                let words = params["args"].as_array().into_iter().flatten();
                let words: Vec<_> = words.map(|arg| arg["value"].to_string()).collect();
                format!("{}: {}", params["type"], words.join(" "))
            }
            Some("Log.entryAdded") => {
                let entry = &params["entry"];
                format!("{}: {} {}", entry["level"], entry["text"], entry["url"])
            }
            _ => return,
        };
        let session = event["sessionId"].as_str().unwrap_or_default().to_owned();
        let mut state = self.lock();
        let lines = state.console.entry(session).or_default();
        if lines.len() < LOG_MAX {
            lines.push(text);
        }
    }
}
