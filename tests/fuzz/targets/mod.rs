//! What the fuzzer tries, one function a target: bytes in, a panic when a promise is broken. The fuzzer (fuzz.rs) and
//! the replay of its corpora in `cargo test` (tests/it/parsers.rs) share them. A new parser gets a line below, a
//! `[[bin]]` in Cargo.toml and seeds in corpus/NAME; `./run 300 NAME` then tries it and writes it into LEDGER.md.

mod bodies;
mod boxed;
mod cloud;
mod dialects;
mod fmp4;
mod frames;
mod heads;
mod kernel;
mod licence;
mod pages;
mod pieces;
mod quality;
mod relays;
mod settings;
mod sockets;
mod tickets;
mod url;
mod visca;

/// One target.
#[allow(dead_code)] // of the replay, too
pub struct Target {
    /// Also of its corpus and of its line in the ledger.
    pub name: &'static str,
    pub run: fn(&[u8]),
    /// The sources whose parsers it is for; a folder stands for all in it.
    pub of: &'static [&'static str],
}

macro_rules! targets {
    ($($module:ident::$name:ident [$($of:literal)*])*) => {
        #[allow(dead_code)] // of the replay
        pub const TARGETS: &[Target] = &[$(Target {
            name: stringify!($name),
            run: $module::$name,
            of: &[$($of),*],
        }),*];

        /// For a name that is known when this is compiled: the linker then drops all other targets.
        #[allow(dead_code)] // of the fuzzer
        #[inline(always)]
        pub fn run(name: &str, bytes: &[u8]) {
            match name {
                $(stringify!($name) => $module::$name(bytes),)*
                _ => panic!("there is no target {name}"),
            }
        }
    };
}

targets! {
    fmp4::fmp4_tail ["wire/fmp4/scan.rs" "wire/fmp4/trailer.rs" "wire/fmp4/cut.rs" "wire/playlist.rs"]
    fmp4::fmp4_stream ["wire/fmp4"]
    licence::licence ["wire/licence"]
    tickets::jwt ["wire/jwt.rs" "wire/openim.rs" "wire/channel_auth.rs"]
    tickets::usersig ["wire/usersig.rs"]
    tickets::cos ["wire/cos.rs"]
    cloud::cloud ["wire/vod.rs" "wire/tencent.rs" "wire/callback.rs"]
    relays::relays ["wire/leancloud" "wire/leancloud.rs" "wire/rongcloud.rs"]
    frames::frames ["wire/talk.rs" "wire/openim/frames.rs"]
    quality::quality ["wire/gauge.rs" "wire/quality.rs"]
    heads::heads ["http/swift.rs"]
    url::url ["http/url.rs" "http/onward.rs" "http/cookie.rs" "http/range.rs"]
    bodies::bodies ["dialect/fields"]
    dialects::edu ["dialect/edu"]
    dialects::channel ["dialect/channel"]
    dialects::openim ["dialect/openim"]
    dialects::groups ["dialect/groups"]
    dialects::arctos ["dialect/arctos"]
    dialects::station ["dialect/station"]
    pages::pages ["app/site.rs" "web/watch.rs" "web/course.rs"]
    pages::upload ["web/files.rs" "web/files/form.rs"]
    sockets::sockets ["http/websocket.rs" "web/channel.rs" "web/gateway"]
    kernel::uevent ["wire/uevent.rs"]
    visca::visca ["wire/visca"]
    settings::settings ["config.rs" "hw/board.rs" "hw/board"]
}
