//! Configuration: every key once, with its type, default, explanation. The sample is printed from this table.
//! Values come from the defaults, the file, the environment and the command line, the later one winning.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Value;

use crate::domain;
use crate::model::Secret;

/// One key of the table below.
pub struct Key {
    pub name: &'static str,
    /// As it would stand in the file.
    pub default: &'static str,
    pub doc: &'static str,
    check: fn(&Value) -> Result<(), String>,
}

/// What a key's text is read into.
trait Read: Sized {
    fn read(value: &Value) -> Result<Self, String>;
}

macro_rules! keys {
    ($($name:literal, $field:ident: $kind:ty = $default:literal, $doc:literal;)*) => {
        /// The checked configuration, a field a key.
        #[derive(Clone, Debug)]
        pub struct Config {
            $(#[doc = $doc] pub $field: $kind,)*
            pub classrooms: Vec<ClassroomEntry>,
            pub cameras: Vec<CameraEntry>,
            pub webhooks: Vec<WebhookEntry>,
        }

        /// Every key that can be set, in the order of the sample.
        pub const KEYS: &[Key] = &[$(Key {
            name: $name,
            default: $default,
            doc: $doc,
            check: |value| <$kind as Read>::read(value).map(drop),
        },)*];

        fn assemble(values: &Values) -> Result<Config, String> {
            Ok(Config {
                $($field: <$kind as Read>::read(values.get($name))
                    .map_err(|why| format!("{}: {why}", $name))?,)*
                classrooms: values.classrooms.clone(),
                cameras: values.cameras.clone(),
                webhooks: values.webhooks.clone(),
            })
        }
    };
}

keys! {
    "data", data: String = r#""""#,
        "Folder of everything that changes. Empty: $STATE_DIRECTORY, else ./arctos-box-data.";
    "board", board: String = r#""""#,
        "Board: a name or a file. Empty: detected.";
    "http.listen", http_listen: String = r#""0.0.0.0:8080""#,
        "Address of plain HTTP, which LAN clients of these APIs use. Empty: off.";
    "http.tls_listen", https_listen: String = r#""0.0.0.0:8443""#,
        "Address of HTTPS with the box's own certificate. Empty: off.";
    "http.names", http_names: Vec<String> = "[]",
        "Further names by which clients call the box, for its certificate.";
    "http.public_url", public_url: String = r#""""#,
        "Address of the box as others see it, e.g. behind a proxy. Empty: as each client called it.";
    "openim.listen", openim_listen: String = r#""0.0.0.0:10000""#,
        "Address of document 002's own port. Empty: off; the main addresses serve it as well.";
    "openim.gateway", openim_gateway: String = r#""0.0.0.0:17778""#,
        "Address of document 002's WebSocket gateway. Empty: off.";
    "openim.json_gateway", openim_json_gateway: String = r#""0.0.0.0:30000""#,
        "Address of the JSON gateway that document 002's browser SDKs speak. Empty: off.";
    "log.format", log_format: Choice = r#""auto""#,
        "auto, text or json. auto: text on a terminal, else json.";
    "log.level", log_level: Choice = r#""info""#,
        "error, warn, info or debug.";
    "edu.appids", edu_appids: Vec<i64> = "[]",
        "App ids of document 001 that are served. Empty: any.";
    "edu.login", edu_login: Choice = r#""replace""#,
        "A second log-in of an account: replace ends the first session, refuse answers 10007.";
    "edu.registration", edu_registration: Choice = r#""open""#,
        "open (until an administrator exists, then students), students or closed.";
    "edu.host_silence_s", host_silence_s: Seconds = "300",
        "A running lesson ends when its teacher has been silent for so long.";
    "edu.lesson_hours", lesson_hours: Hours = "6",
        "A lesson that nobody ends is ended after so many hours, also when the box was down meanwhile.";
    "edu.member_silence_s", member_silence_s: Seconds = "120",
        "A member has left after so long a silence.";
    "edu.usersig_key", usersig_key: Secret = r#""""#,
        "Tencent's key for userSig (v2). Empty: the box's own.";
    "edu.usersig_ec_key_file", usersig_ec_key_file: String = r#""""#,
        "PEM file (PKCS#8) of a P-256 key: issues the old ECDSA userSig instead.";
    "channel.auth", channel_auth: Choice = r#""hmac""#,
        "auth_token of document 000: hmac, or md5, the original's rule. md5 has no secret in it: anybody can make one.";
    "channel.clock_days", channel_clock_days: Days = "0",
        "Days before yesterday and after today for which an auth_token is good as well.";
    "channel.utc_offset_h", channel_utc_offset_h: Offset = "8",
        "Hours by which the channel's calendar is ahead of UTC (China: 8). Its today and yesterday are good, and UTC's.";
    "channel.leancloud_app_id", leancloud_app_id: String = r#""""#,
        "App id at LeanCloud: applications to join are fetched there and answers sent. Empty: all stays in the box.";
    "channel.leancloud_master_key", leancloud_master_key: Secret = r#""""#,
        "Master key at LeanCloud.";
    "channel.leancloud_server", leancloud_server: String = r#""""#,
        "Server address of that app at LeanCloud, as its console shows it.";
    "recorder.ffmpeg", ffmpeg: String = r#""""#,
        "Path of ffmpeg. Empty: found on PATH.";
    "recorder.size", recorder_size: String = r#""1280x720""#,
        "Picture size.";
    "recorder.rate", recorder_rate: Rate = "30",
        "Pictures a second.";
    "recorder.kbits", recorder_kbits: Kbits = "3000",
        "Video bit rate in kbit/s; the disk reserve is two hours of it, at least 2 GiB.";
    "recorder.reserve_mib", reserve_mib: i64 = "0",
        "Free disk space below which no recording starts, in MiB. 0: worked out from the rate.";
    "recorder.stall_ms", stall_ms: Stall = "4000",
        "An encoder that gives nothing for so long is restarted.";
    "inputs.monitor", inputs_monitor: bool = "false",
        "Whether the inputs of classrooms, the first eight, are always watched, also when nobody looks. Each costs a tenth of a processor, and its lamp is lit.";
    "retention.days", retention_days: Keep = "90",
        "Days after a lesson for which its recording is kept, unless it is marked for export. 0: until its space is needed.";
    "retention.free_mib", retention_free_mib: i64 = "0",
        "Free disk space in MiB for which the oldest recordings give way. 0: what a recording needs to start.";
    "license.hardware_root", hardware_root: String = r#""/""#,
        "Folder under which the hardware is looked for. Any other than / makes a simulated identity.";
    "license.test_keys", license_test_keys: Vec<String> = "[]",
        "Further public keys whose licences count, for a simulated identity alone.";
    "cloud.appid", cloud_appid: i64 = "0",
        "Tencent app id of the keys below. 0: the box is the cloud.";
    "cloud.secret_id", cloud_secret_id: String = r#""""#,
        "Tencent SecretId. Empty: the box signs with its own pair and is the object store.";
    "cloud.secret_key", cloud_secret_key: Secret = r#""""#,
        "Tencent SecretKey.";
    "cloud.bucket", cloud_bucket: String = r#""box""#,
        "Bucket used when a request names none.";
    "cloud.region", cloud_region: String = r#""sh""#,
        "Region of that bucket.";
    "cloud.preview_tag", cloud_preview_tag: String = r#""preview""#,
        "Document preview domain.";
    "cloud.endpoint", cloud_endpoint: String = r#""https://vod.api.qcloud.com""#,
        "Where calls of the VOD server API go.";
    "cloud.actions", cloud_actions: Vec<String> =
        r#"["Describe*", "Get*", "ApplyUpload", "CommitUpload"]"#,
        "VOD actions that may be signed or forwarded with the keys; a trailing * matches any rest.";
    "cloud.file_mib", cloud_file_mib: Mib = "512",
        "Largest file the object store takes, in MiB.";
    "cloud.account_mib", cloud_account_mib: Mib = "2048",
        "All files of one account, in MiB.";
    "groups.rongcloud_key", rongcloud_key: String = r#""""#,
        "RongCloud App Key: chat tokens come from there and groups are kept in step. Empty: all stays here.";
    "groups.rongcloud_secret", rongcloud_secret: Secret = r#""""#,
        "RongCloud App Secret.";
    "groups.rongcloud_endpoint", rongcloud_endpoint: String = r#""https://api-cn.ronghub.com""#,
        "Where calls of RongCloud's server API go.";
}

/// `[[classroom]]`: a place with capture inputs.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct ClassroomEntry {
    pub name: String,
    /// Name of an input of the board. Empty: its first.
    #[serde(default)]
    pub input: String,
    /// Name of the input whose picture is recorded as well, without sound. Empty: none.
    #[serde(default)]
    pub slides: String,
    /// Handles of the teachers whose own room this is.
    #[serde(default)]
    pub teachers: Vec<String>,
}

/// `[[camera]]`: a PTZ head.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct CameraEntry {
    pub name: String,
    /// Empty: the first.
    #[serde(default)]
    pub classroom: String,
    /// Bus path of its serial port. Empty: the board's port for camera heads.
    #[serde(default)]
    pub line: String,
    #[serde(default)]
    pub baud: Option<u32>,
    /// Address and perhaps port of one over IP, which has no line.
    #[serde(default)]
    pub udp: String,
    /// Its number in the ring.
    #[serde(default)]
    pub address: Option<u8>,
    /// Name of a quirk.
    #[serde(default)]
    pub model: String,
    /// Presets: for the start of a lesson, and without one.
    #[serde(default)]
    pub start: Option<u8>,
    #[serde(default)]
    pub idle: Option<u8>,
}

/// `[[webhook]]`: somebody who is told when a recording and its index are ready.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookEntry {
    pub name: String,
    pub url: String,
    pub secret: Secret,
    #[serde(default)]
    pub md5_key: Secret,
    #[serde(default)]
    pub ca_file: String,
}

const TABLES: &str = r#"
# Classrooms: the lesson takes its teacher's own, else the first free one. Without any table there is one,
# on the board's first input.
#[[classroom]]
#name = "room 1"
#input = "sim"
#slides = ""            # another input, for what the class is shown: recorded as a second picture, without sound; empty: none
#teachers = ["ann"]

# PTZ cameras that speak VISCA. Their place in this file is their number for `/box/v1/cameras`.
#[[camera]]
#name = "room 1"
#classroom = "room 1"   # empty: the first
#line = ""              # bus path of the serial port, e.g. "usb-0000:01:00.0-1.2"; empty: the board's port for camera heads
#baud = 9600            # 9600, 19200, 38400 or 115200
#udp = ""               # instead of a line: address (and port, else 52381) of VISCA over IP
#address = 1            # number in the ring of the line, 1 to 7
#model = "generic"      # generic-no-focus, generic-slow, evi-d70, evi-d30, evi-d100, evi-hd1, brc-h700, brc-300, newtek-ptz1, cisco-precisionhd
#start = 0              # preset into which it turns when a lesson starts; none: it stays
#idle = 1               # preset while there is no lesson: let it face the wall; none: it stays

# Webhooks: told when a recording and its index are ready, signed with HMAC-SHA256.
#[[webhook]]
#name = "school"
#url = "https://school.example/hook"
#secret = "at least 16 characters"
#md5_key = ""        # opt-in: adds the document's t and sign = md5(md5_key + t) to the address
#ca_file = ""        # PEM of a certificate authority to trust for this address
"#;

/// Where values may come from, the weakest first.
#[derive(Default)]
pub struct Sources<'a> {
    pub file: Option<&'a Path>,
    /// Environment variables: `ARCTOS_BOX_HTTP_LISTEN` is `http.listen`.
    pub environment: Vec<(String, String)>,
    /// `KEY=VALUE` of `--set`, and flags turned into the same.
    pub set: Vec<String>,
}

/// Reads and checks everything.
///
/// # Errors
/// One sentence that names the key, the file and what to do.
pub fn load(sources: &Sources<'_>) -> Result<Config, String> {
    let mut values = Values::defaults()?;
    if let Some(path) = sources.file {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|e| format!("{}: {e}", path.display()))?;
        values.take_file(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    for (name, text) in &sources.environment {
        if let Some(key) = KEYS.iter().find(|k| environment_name(k.name) == *name) {
            values.put(key.name, text).map_err(|e| format!("environment {name}: {e}"))?;
        }
    }
    for pair in &sources.set {
        let Some((name, text)) = pair.split_once('=') else {
            return Err("--set: write KEY=VALUE".into());
        };
        values.put(name.trim(), text).map_err(|e| format!("--set {name}: {e}"))?;
    }
    let config = assemble(&values)?;
    check(&config)?;
    Ok(config)
}

/// The environment variable of a key.
pub fn environment_name(key: &str) -> String {
    format!("ARCTOS_BOX_{}", key.replace('.', "_").to_uppercase())
}

/// A file with every key at its default and its explanation.
pub fn sample() -> String {
    let mut text =
        String::from("# Configuration of arctos-box. Every key stands at its default.\n");
    for key in KEYS {
        text += &format!("\n# {}\n{} = {}\n", key.doc, key.name, key.default);
    }
    text + TABLES
}

struct Values {
    keys: BTreeMap<&'static str, Value>,
    classrooms: Vec<ClassroomEntry>,
    cameras: Vec<CameraEntry>,
    webhooks: Vec<WebhookEntry>,
}

impl Values {
    fn defaults() -> Result<Self, String> {
        let mut keys = BTreeMap::new();
        for key in KEYS {
            keys.insert(key.name, parse(key.default)?);
        }
        let (classrooms, cameras, webhooks) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { keys, classrooms, cameras, webhooks })
    }

    fn get(&self, name: &'static str) -> &Value {
        self.keys.get(name).expect("every key of the table has a default")
    }

    /// Takes a value as text: TOML where it is TOML, else the bare words of a shell.
    fn put(&mut self, name: &str, text: &str) -> Result<(), String> {
        let bare = || Value::String(text.to_owned());
        let value = parse(text).unwrap_or_else(|_| bare());
        self.set(name, value).or_else(|why| self.set(name, bare()).map_err(|_| why))
    }

    fn set(&mut self, name: &str, value: Value) -> Result<(), String> {
        let key = KEYS.iter().find(|k| k.name == name).ok_or_else(|| unknown(name))?;
        (key.check)(&value)?;
        self.keys.insert(key.name, value);
        Ok(())
    }

    fn take_file(&mut self, text: &str) -> Result<(), String> {
        let mut table: toml::Table = text.parse().map_err(|e| place(text, &e))?;
        if let Some(rows) = table.remove("classroom") {
            self.classrooms = rows.try_into().map_err(|e| told("[[classroom]]", &e))?;
        }
        if let Some(rows) = table.remove("camera") {
            self.cameras = rows.try_into().map_err(|e| told("[[camera]]", &e))?;
        }
        if let Some(rows) = table.remove("webhook") {
            self.webhooks = rows.try_into().map_err(|e| told("[[webhook]]", &e))?;
        }
        for (name, value) in flatten("", table) {
            self.set(&name, value).map_err(|why| format!("{name}: {why}"))?;
        }
        Ok(())
    }
}

/// What is wrong and where, without the line itself: it may hold a key.
pub fn place(text: &str, e: &toml::de::Error) -> String {
    let line =
        e.span().and_then(|span| text.get(..span.start)).map(|before| before.lines().count());
    line.map_or_else(|| e.message().to_owned(), |n| format!("line {}: {}", n.max(1), e.message()))
}

/// What is wrong with a table, in words of this file instead of serde's.
fn told(table: &str, e: &toml::de::Error) -> String {
    let text = e.to_string();
    let (why, at) = text.trim_end().split_once("\nin `").unwrap_or((text.trim_end(), ""));
    let key = at.trim_end_matches('`');
    // Also keeps the value out, which may be a key.
    let why = match why.rsplit_once(", expected ").filter(|_| why.starts_with("invalid ")) {
        Some(_) if key.is_empty() => return format!("write {table} above each of them"),
        Some((_, "a string")) => "must be text",
        Some((_, "a sequence")) => "must be a list",
        Some((_, "u8")) => "must be a number from 0 to 255",
        Some((_, "u32")) => "must be a whole number",
        Some(_) | None => why,
    };
    let why =
        why.replace("unknown field", "there is no key").replace("missing field", "there must be");
    format!("{table}: {key}{}{why}", if key.is_empty() { "" } else { " " })
}

fn flatten(prefix: &str, table: toml::Table) -> Vec<(String, Value)> {
    let mut pairs = Vec::new();
    for (name, value) in table {
        let name = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        match value {
            Value::Table(inner) => pairs.extend(flatten(&name, inner)),
            value => pairs.push((name, value)),
        }
    }
    pairs
}

fn parse(text: &str) -> Result<Value, String> {
    let mut table: toml::Table = format!("v = {text}").parse().map_err(|e| format!("{e}"))?;
    table.remove("v").ok_or_else(|| "no value".into())
}

fn unknown(name: &str) -> String {
    let close = KEYS.iter().find(|k| k.name.ends_with(name.rsplit('.').next().unwrap_or(name)));
    match close {
        Some(key) => format!("there is no key {name}; is {} meant?", key.name),
        None => format!("there is no key {name}; `arctos-box config` prints them all"),
    }
}

/// Rules that need more than one key, or a value's inside.
fn check(config: &Config) -> Result<(), String> {
    one_of("log.format", &config.log_format, &["auto", "text", "json"])?;
    one_of("log.level", &config.log_level, &["error", "warn", "info", "debug"])?;
    one_of("channel.auth", &config.channel_auth, &["hmac", "md5"])?;
    one_of("edu.login", &config.edu_login, &["replace", "refuse"])?;
    one_of("edu.registration", &config.edu_registration, &["open", "students", "closed"])?;
    for (name, addr) in [
        ("http.listen", &config.http_listen),
        ("http.tls_listen", &config.https_listen),
        ("openim.listen", &config.openim_listen),
        ("openim.gateway", &config.openim_gateway),
        ("openim.json_gateway", &config.openim_json_gateway),
    ] {
        if !addr.is_empty() && addr.parse::<std::net::SocketAddr>().is_err() {
            return Err(format!("{name}: {addr} is not ADDRESS:PORT"));
        }
    }
    if config.http_listen.is_empty() && config.https_listen.is_empty() {
        let off = "http.listen and http.tls_listen are both off: nobody could reach the box";
        return Err(off.into());
    }
    size(&config.recorder_size)?;
    if config.cloud_secret_id.is_empty() != config.cloud_secret_key.is_empty() {
        return Err("cloud.secret_id and cloud.secret_key: set both or none".into());
    }
    if !config.cloud_secret_id.is_empty() && config.cloud_appid <= 0 {
        return Err("cloud.appid: is needed with cloud.secret_id".into());
    }
    if config.rongcloud_key.is_empty() != config.rongcloud_secret.is_empty() {
        return Err("groups.rongcloud_key and groups.rongcloud_secret: set both or none".into());
    }
    let leancloud =
        [&*config.leancloud_app_id, &*config.leancloud_master_key, &*config.leancloud_server];
    if leancloud.iter().any(|key| key.is_empty()) && !leancloud.iter().all(|key| key.is_empty()) {
        return Err("channel.leancloud_app_id, _master_key and _server: set all or none".into());
    }
    let server = &config.leancloud_server;
    if !server.is_empty() && crate::http::url::Target::parse(server).is_none() {
        return Err(format!("channel.leancloud_server: {server} is no http address"));
    }
    let endpoint = &config.rongcloud_endpoint;
    if crate::http::url::Target::parse(endpoint).is_none() {
        return Err(format!("groups.rongcloud_endpoint: {endpoint} is no http address"));
    }
    let mut names: Vec<&str> = config.classrooms.iter().map(|c| c.name.as_str()).collect();
    distinct("[[classroom]]", &mut names)?;
    let mut names: Vec<&str> = config.cameras.iter().map(|c| c.name.as_str()).collect();
    distinct("[[camera]]", &mut names)?;
    let mut names: Vec<&str> = config.webhooks.iter().map(|w| w.name.as_str()).collect();
    distinct("[[webhook]]", &mut names)?;
    for hook in &config.webhooks {
        if [domain::group::SERVICE, domain::application::SERVICE].contains(&hook.name.as_str()) {
            return Err(format!("[[webhook]] {}: the box uses this name itself", hook.name));
        }
        if hook.secret.len() < 16 {
            return Err(format!("[[webhook]] {}: secret needs 16 characters or more", hook.name));
        }
        if crate::http::url::Target::parse(&hook.url).is_none() {
            return Err(format!("[[webhook]] {}: {} is no http address", hook.name, hook.url));
        }
    }
    Ok(())
}

/// `1280x720`, even numbers, from 160x90 to 3840x2160.
pub fn size(text: &str) -> Result<(u32, u32), String> {
    let wrong = || format!("recorder.size: {text} is not WIDTHxHEIGHT");
    let (w, h) = text.split_once('x').ok_or_else(wrong)?;
    let w: u32 = w.parse().map_err(|_| wrong())?;
    let h: u32 = h.parse().map_err(|_| wrong())?;
    if w % 2 + h % 2 != 0 || !(160..=3840).contains(&w) || !(90..=2160).contains(&h) {
        return Err(format!("recorder.size: {text} is not even, or not from 160x90 to 3840x2160"));
    }
    Ok((w, h))
}

fn one_of(name: &str, value: &Choice, words: &[&str]) -> Result<(), String> {
    if words.contains(&value.0.as_str()) {
        return Ok(());
    }
    Err(format!("{name}: {} is none of {}", value.0, words.join(", ")))
}

fn distinct(what: &str, names: &mut [&str]) -> Result<(), String> {
    names.sort_unstable();
    if names.iter().any(|n| n.is_empty()) {
        return Err(format!("{what}: a name is empty"));
    }
    match names.windows(2).find(|w| w[0] == w[1]) {
        Some(w) => Err(format!("{what}: the name {} is used twice", w[0])),
        None => Ok(()),
    }
}

/// One of a few words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice(pub String);

/// A whole number within bounds that belong to the kind of thing it counts.
macro_rules! bounded {
    ($($name:ident: $low:literal ..= $high:literal),*) => {$(
        #[doc = concat!("From ", $low, " to ", $high, ".")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name(pub i64);

        impl Read for $name {
            fn read(value: &Value) -> Result<Self, String> {
                let n = i64::read(value)?;
                if ($low..=$high).contains(&n) {
                    return Ok(Self(n));
                }
                Err(format!("must be from {} to {}", $low, $high))
            }
        }
    )*};
}

bounded!(Hours: 1 ..= 24, Keep: 0 ..= 36_500, Seconds: 1 ..= 86_400, Days: 0 ..= 60, Offset: -12 ..= 14, Rate: 1 ..= 60, Kbits: 50 ..= 50_000, Stall: 500 ..= 60_000, Mib: 1 ..= 1_048_576);

impl Read for Choice {
    fn read(value: &Value) -> Result<Self, String> {
        String::read(value).map(Self)
    }
}

impl Read for String {
    fn read(value: &Value) -> Result<Self, String> {
        value.as_str().map(str::to_owned).ok_or_else(|| "must be text".into())
    }
}

impl Read for Secret {
    fn read(value: &Value) -> Result<Self, String> {
        String::read(value).map(Self::from)
    }
}

impl Read for i64 {
    fn read(value: &Value) -> Result<Self, String> {
        value.as_integer().ok_or_else(|| "must be a whole number".into())
    }
}

impl Read for bool {
    fn read(value: &Value) -> Result<Self, String> {
        value.as_bool().ok_or_else(|| "must be true or false".into())
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(value: &Value) -> Result<Self, String> {
        let items = value.as_array().ok_or("must be a list")?;
        items.iter().map(T::read).collect()
    }
}

/// The data folder that the configuration, or the service manager, names.
pub fn data_folder(config: &Config, state_directory: Option<&str>) -> PathBuf {
    match (config.data.as_str(), state_directory) {
        ("", Some(dir)) if !dir.is_empty() => PathBuf::from(dir),
        ("", _) => PathBuf::from("arctos-box-data"),
        (dir, _) => PathBuf::from(dir),
    }
}

#[cfg(test)]
mod tests;
