//! A folder in which every change is logged, and what people were told of it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use super::facts::{Book, Fact};
use super::log::{self, Record};
use crate::process::Person;

pub struct Watched {
    pub root: PathBuf,
    pub book: Book,
    log: PathBuf,
}

impl Watched {
    /// The log lies beside the folder.
    pub fn new(root: PathBuf) -> Self {
        let log = root.with_file_name("log");
        Self { root, book: Book::default(), log }
    }

    /// The command, with its changes of the folder logged.
    pub fn on(&self, mut command: Command) -> Command {
        command.env("LD_PRELOAD", log::library());
        command.env("SHIM_ROOT", &self.root).env("SHIM_LOG", &self.log);
        command
    }

    /// Notes what was just acknowledged.
    pub fn note(&self, fact: Fact) {
        let position = std::fs::metadata(&self.log).map_or(0, |log| log.len());
        self.book.note(position, fact);
    }

    pub fn log(&self) -> Vec<Record> {
        if self.log.exists() { log::read(&self.log) } else { Vec::new() }
    }

    pub fn data(&self) -> PathBuf {
        self.root.join("d")
    }

    /// One write, noted once it is acknowledged.
    pub async fn write(
        &self,
        who: &Person,
        room: i64,
        kind: usize,
        name: &str,
    ) -> Result<(), String> {
        let good = |answer: &serde_json::Value, code: &str| match answer[code] == 0 {
            true => Ok(()),
            false => Err(format!("{name}: {answer}")),
        };
        match kind % 20 {
            0 => {
                let id = json!({"id": name, "pwd": "pw", "role": 0});
                good(&who.call("account/regist", id).await?, "errorCode")?;
                self.note(Fact::Account(name.into()));
            }
            1 | 6 => {
                // The second takes the place of the first.
                good(&who.upload(name, b"first").await?, "code")?;
                let bytes = name.repeat(3000).into_bytes();
                good(&who.upload(name, &bytes).await?, "code")?;
                self.note(Fact::Stored(name.into(), bytes));
            }
            16 => {
                let bytes = name.repeat(3000).into_bytes();
                self.slices(who, name, &bytes).await?;
                self.note(Fact::Stored(name.into(), bytes));
            }
            2..10 => {
                let file = json!({"type": 0, "file_name": name, "url": format!("/files/{name}")});
                let bind = json!({"roomnum": room, "operate": 0, "bind_file": file});
                good(&who.call("live/reportbind", bind).await?, "errorCode")?;
                self.note(Fact::Bound(room, name.into()));
            }
            _ => {
                let made = who.call("live/create", json!({"title": name})).await?;
                good(&made, "errorCode")?;
                self.note(Fact::Lesson(made["data"]["roomnum"].as_i64().unwrap(), 0));
            }
        }
        Ok(())
    }

    async fn slices(&self, who: &Person, name: &str, bytes: &[u8]) -> Result<(), String> {
        let (size, op) = (bytes.len().to_string(), "upload_slice_init");
        let plan = [("op", op), ("filesize", &size), ("slice_size", "8192")];
        let begun = who.store(name, &plan.map(|(name, text)| (name, text.as_bytes()))).await?;
        let session = begun["data"]["session"].as_str().ok_or_else(|| begun.to_string())?;
        let session = ("session", session.as_bytes());
        for (n, slice) in bytes.chunks(8192).enumerate() {
            let (offset, op) = ((n * 8192).to_string(), b"upload_slice_data");
            let file: (&str, &[u8]) = ("filecontent\"; filename=\"f", slice);
            let part = [("op", &op[..]), session, ("offset", offset.as_bytes()), file];
            who.store(name, &part).await?;
        }
        let done = who.store(name, &[("op", b"upload_slice_finish"), session]).await?;
        if done["code"] == 0 { Ok(()) } else { Err(format!("{name}: {done}")) }
    }
}

pub fn copied(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(done.success(), "{} is copied", from.display());
}
