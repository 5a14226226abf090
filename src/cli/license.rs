//! `license`: at the box to ask for a licence, look at one, install one; at the vendor's to make keys and
//! sign. Beside a running service it asks that; else it looks into the folder itself.

mod qr;
mod vendor;

use std::io::Read;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Subcommand;
use hyper::Method;
use serde_json::Value;

use super::{CONFIG, Failed, SOFTWARE, failed, needs_box, own, print, service_is_up};
use crate::app::{licence as surroundings, parts};
use crate::config::Config;
use crate::domain::licence::Licensing;
use crate::model::Clock;
use crate::ops::folder::Folder;
use crate::ops::{licence, socket};
use crate::wire::licence::armour::{self, Label};
use crate::wire::licence::paper::Request;

#[derive(Subcommand)]
pub enum License {
    /// Shows what the vendor needs to know of this box, as text and as a QR code.
    Request {
        /// The text alone.
        #[arg(long)]
        text: bool,
    },
    /// Says what a licence or a request holds, and what this box would make of it.
    Inspect {
        /// A file with the text in it; `-` is standard input.
        #[arg(default_value = "-")]
        file: PathBuf,
    },
    /// Installs the licence that a text holds, e.g. a mail or a paste.
    Install {
        /// A file with the text in it; `-` is standard input.
        #[arg(default_value = "-")]
        file: PathBuf,
    },
    /// Shows each fact about the licence, its weight, the decision and when it changes next.
    Explain,
    /// For the vendor: makes a key pair.
    Keygen {
        /// The private key's file, which must not exist yet.
        file: PathBuf,
    },
    /// For the vendor: signs a licence for the box that made a request.
    Issue(vendor::Issue),
}

pub async fn run(command: License, config: &Config, data: &Path) -> Result<(), Failed> {
    match command {
        License::Request { text } => request(config, data, text).await,
        License::Inspect { file } => inspect(config, data, &read(&file)?).await,
        License::Install { file } => {
            needs_box(data)?;
            print(&ask(config, data, "install", read(&file)?).await?)
        }
        License::Explain => {
            needs_box(data)?;
            print(&ask(config, data, "explain", Vec::new()).await?)
        }
        License::Keygen { file } => vendor::keygen(&file),
        License::Issue(order) => vendor::issue(&order),
    }
}

async fn request(config: &Config, data: &Path, text_only: bool) -> Result<(), Failed> {
    let answer = ask(config, data, "request", Vec::new()).await?;
    let asked: Value =
        serde_json::from_str(&answer).map_err(|e| Failed(SOFTWARE, e.to_string()))?;
    let part = |name: &str| asked[name].as_str().unwrap_or_default();
    print(part("text"))?;
    if text_only {
        return Ok(());
    }
    let code = qr::draw(part("line")).map_err(failed(SOFTWARE))?;
    print(&format!("\n{code}\nSend the text or a photo of the code to the vendor.\n"))
}

async fn inspect(config: &Config, data: &Path, text: &[u8]) -> Result<(), Failed> {
    let request = armour::open(Label::Request, text).ok();
    if let Some(request) = request.and_then(|bytes| Request::read(&bytes)) {
        return print(&vendor::describe(&request));
    }
    print(&ask(config, data, "inspect", text.to_vec()).await?)
}

/// For `doctor`; what is wrong with configuration or service, it says itself.
pub async fn stands(config: &Config, data: &Path) -> Option<licence::Stands> {
    let told = ask(config, data, "standing", Vec::new()).await.ok()?;
    serde_json::from_str(&told).ok()
}

/// Asks the running service, or does it here when none runs.
async fn ask(config: &Config, data: &Path, what: &str, text: Vec<u8>) -> Result<String, Failed> {
    let sock = Folder::socket(data);
    if service_is_up(data, &sock).await? {
        let method = if text.is_empty() { Method::GET } else { Method::POST };
        let path = format!("/license/{what}");
        let asked = socket::tell(&sock, method, &path, Bytes::from(text)).await;
        return asked.map_err(failed(CONFIG));
    }
    // Only who writes needs the folder for himself.
    let _owned = if what == "install" { Some(own(data)?) } else { None };
    let board = parts::board(config)?;
    let (setup, identity) = surroundings::setup(config, &board, data)?;
    let name = surroundings::box_name(&identity).unwrap_or_else(|| "arctos-simulated".into());
    let now = Clock::system().moment();
    let licensing = Licensing::beside(setup, now);
    let done = licence::answer_beside(&licensing, &name, (what, &text), now).await;
    done.map_err(|fault| Failed(CONFIG, socket::explain(&fault)))
}

/// A mail with a licence in it, not a mailbox. Never empty: that asks for nothing.
fn read(file: &Path) -> Result<Vec<u8>, Failed> {
    let limit = armour::TEXT_MAX as u64;
    let mut text = Vec::new();
    let done = match file.to_str() {
        Some("-") => std::io::stdin().take(limit).read_to_end(&mut text),
        _ => std::fs::File::open(file).and_then(|f| f.take(limit).read_to_end(&mut text)),
    };
    let at = if file == Path::new("-") { "standard input".into() } else { file.to_string_lossy() };
    done.map_err(|e| Failed(SOFTWARE, format!("{at}: {e}")))?;
    if text.trim_ascii().is_empty() {
        return Err(Failed(
            SOFTWARE,
            format!("{at} is empty: give the text, or a file that holds it"),
        ));
    }
    Ok(text)
}
