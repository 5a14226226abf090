//! Pictures of groups and people: kept beside the uploads, once each, under a name made of their bytes. A
//! browser is shown them as what they are, not as what somebody says they are.

use std::fs::File;
use std::io::Write;

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use rusqlite::Connection;

use super::draft::{self, Temp};
use super::{Refused, Target, change, sniff};
use crate::domain::{Appliance, durable};
use crate::model::{Fault, Millis, Moment, Part, UserId, hex};
use crate::store::files::{self, FileRow};

/// Where pictures are served; the addresses that are stored begin with it.
pub const FOLDER: &str = "/files/picture/";
/// Shown for a group, or a person, without a picture.
pub const GROUP: &str = "/files/picture/group.png";
pub const PERSON: &str = "/files/picture/person.png";
/// decisions.md, 003.
pub const BYTES_MAX: usize = 2 * 1024 * 1024;

/// The bucket of pictures. No client has application 0, so no signature opens it.
const BUCKET: &str = "picture";
pub(super) const APPID: u64 = 0;
/// A picture that nobody uses may be about to be used for so long.
const UNUSED_MAX: Millis = Millis::seconds(3600);

/// Keeps a picture; answers its relative address.
///
/// # Errors
/// `Invalid(field)` when the bytes are no picture, `TooLarge` for it or for all files of its owner,
/// `Offline(Disk)` when what is left is for lessons.
pub async fn keep(
    app: &Appliance,
    field: &'static str,
    bytes: Vec<u8>,
    owner: UserId,
    now: Moment,
) -> Result<String, Fault> {
    if bytes.len() > BYTES_MAX {
        return Err(Fault::TooLarge { limit: BYTES_MAX as u64 });
    }
    let content_type = sniff::content_type(&bytes[..bytes.len().min(sniff::HEAD)]);
    let Some(ending) = content_type.strip_prefix("image/") else {
        return Err(Fault::invalid(field, NOT_ONE));
    };
    let name = format!("{}.{ending}", hex(digest(&SHA256, &bytes).as_ref()));
    store(app, &name, content_type, bytes, owner, now).await.map_err(told)?;
    Ok(format!("{FOLDER}{name}"))
}

/// Why bytes are refused, as the end of "field NAME …".
pub const NOT_ONE: &str = "is not a picture";

/// What a person is shown with: an address of the web, or of ours; anything else shows the default picture.
pub fn of_person(picture: &str) -> &str {
    let is_address = ["http://", "https://", "/"].iter().any(|start| picture.starts_with(start));
    if is_address { picture } else { PERSON }
}

/// The place of a picture by its name.
pub fn target(name: &str) -> Option<Target> {
    Target::parse(&format!("{APPID}/{BUCKET}/{name}"))
}

async fn store(
    app: &Appliance,
    name: &str,
    content_type: &str,
    bytes: Vec<u8>,
    owner: UserId,
    now: Moment,
) -> Result<(), Refused> {
    let key = target(name).ok_or(Refused::Invalid("name"))?.key();
    if touched(app, key.clone(), now).await? {
        return Ok(());
    }
    draft::room_for(app, bytes.len() as u64)?;
    let mut row = FileRow {
        path: key.clone(),
        owner: Some(owner),
        name: String::new(),
        bytes: i64::try_from(bytes.len()).map_err(|e| Fault::internal("file length", e))?,
        sha1: hex(digest(&SHA1_FOR_LEGACY_USE_ONLY, &bytes).as_ref()),
        content_type: content_type.to_owned(),
        stored_at: now.wall,
    };
    let temp = Temp::new(app);
    let write = move || {
        let mut file = File::create_new(&temp.path)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        temp.place()
    };
    let temp = durable::aside(write).await.map_err(|e| draft::io(app, "keeping a picture", &e))?;
    row.name = temp.name();
    let (claim, most) = (temp.claim(), app.policy.cloud.account_bytes_max);
    let done = change(app, move |conn| {
        // Somebody may have brought the same picture meanwhile: then this copy goes.
        if !files::touch(conn, &row.path, now.wall)? {
            draft::afford(conn, row.owner, row.bytes, None, most)?;
            claim.keep()?;
            files::put(conn, &row)?;
        }
        Ok(())
    })
    .await;
    if done.is_err() {
        draft::settle(app, &temp, key).await;
    }
    done
}

/// Whether the picture is there; if so, it will be for a while.
async fn touched(app: &Appliance, key: String, now: Moment) -> Result<bool, Fault> {
    app.db.write(move |conn| Ok(files::touch(conn, &key, now.wall)?)).await
}

fn told(refused: Refused) -> Fault {
    match refused {
        Refused::Fault(fault) => fault,
        Refused::DiskFull => Fault::Offline(Part::Disk),
        Refused::AccountFull { limit } | Refused::TooLarge { limit } => Fault::TooLarge { limit },
        other @ (Refused::Signature(_)
        | Refused::Spent
        | Refused::SingleUseOnly
        | Refused::NotYours
        | Refused::Absent
        | Refused::Taken { .. }
        | Refused::Invalid(_)
        | Refused::Checksum
        | Refused::NoSession
        | Refused::Incomplete
        | Refused::Broken(_)) => Fault::internal("keeping a picture", format!("{other:?}")),
    }
}

/// Removes pictures of groups that are closed, and of people who have another one now.
pub(super) async fn sweep(app: &Appliance, now: Moment) -> Result<(), Fault> {
    let prefix = format!("{APPID}/{BUCKET}/");
    let before = now.wall - UNUSED_MAX;
    let job = move |conn: &Connection| Ok(files::delete_unused(conn, &prefix, FOLDER, before)?);
    for name in app.db.write(job).await? {
        draft::discard(app, Some(name)).await;
    }
    Ok(())
}
