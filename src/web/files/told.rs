//! The object store's answers: `{"code","message","request_id","data"}` as COS v4 gives them.
//!
//! Codes that clients were seen to know: 0, -61 (another bucket), -96 (expired), -97 (not genuine),
//! -178 (folder exists), -197 (nothing there), -4018 (same file there). Tencent's other numbers were not
//! found; the box's own are minus the HTTP status they mean. Clients compare `message` too, so a sentence
//! for people stands beside it in `detail`, which is ours. The SDKs read the code of 200 and 400 only,
//! so every refusal of an operation is a 400.

use bytes::Bytes;
use hyper::{Response, StatusCode};
use serde::Serialize;

use crate::domain::Appliance;
use crate::domain::callback;
use crate::domain::file::{Entry, Listing, Object, Refused, Target};
use crate::http::url::percent;
use crate::http::{Body, reply};
use crate::model::{Fault, Moment};
use crate::wire::cos::CosError;

/// How an operation ended, for the client.
pub fn answer(app: &Appliance, done: Result<Data, Refused>) -> Response<Body> {
    match done {
        Ok(data) => sealed(app, StatusCode::OK, &say(0, "SUCCESS", ""), Some(&data)),
        Err(refused) => sealed(app, StatusCode::BAD_REQUEST, &words(app, &refused), None),
    }
}

/// Why a file is not shown.
pub fn not_served(app: &Appliance, refused: &Refused) -> Response<Body> {
    let status = match refused {
        Refused::Absent => StatusCode::NOT_FOUND,
        Refused::Fault(Fault::Busy { .. }) => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    sealed(app, status, &words(app, refused), None)
}

pub fn method_not_allowed(app: &Appliance) -> Response<Body> {
    let words = say(-405, "ERROR_METHOD", "use GET, HEAD, POST or OPTIONS");
    sealed(app, StatusCode::METHOD_NOT_ALLOWED, &words, None)
}

/// The address by which the client reached the box, or the configured one: scheme and host.
pub struct Base(String);

impl Base {
    pub fn new(app: &Appliance, host: Option<&str>, secure: bool) -> Self {
        let scheme = if secure { "https" } else { "http" };
        Self(match (&app.policy.public_url, host) {
            (None, Some(host)) => format!("{scheme}://{host}"),
            (Some(_), _) | (None, None) => {
                callback::absolute(app, "/").trim_end_matches('/').to_owned()
            }
        })
    }

    fn url(&self, target: &Target, path: &str) -> String {
        format!("{}/files/v2{}", self.0, resource(target, path))
    }

    pub fn uploaded(&self, target: &Target, object: &Object) -> Data {
        let url = self.url(target, &target.path);
        Data {
            access_url: Some(url.clone()),
            source_url: Some(url.clone()),
            url: Some(url),
            resource_path: Some(resource(target, &target.path)),
            vid: Some(format!("{}{}", object.sha1, object.stored_at.as_seconds())),
            ..Data::default()
        }
    }

    pub fn made(&self, target: &Target, now: Moment) -> Data {
        Data {
            ctime: Some(now.wall.as_seconds()),
            resource_path: Some(resource(target, &target.path)),
            ..Data::default()
        }
    }

    pub fn carried(&self, target: &Target) -> Data {
        let url = self.url(target, &target.path);
        let resource_path = Some(resource(target, &target.path));
        Data {
            access_url: Some(url.clone()),
            source_url: Some(url),
            resource_path,
            ..Data::default()
        }
    }

    pub fn stat(&self, target: &Target, object: Object) -> Data {
        let name = object.path.trim_end_matches('/').rsplit('/').next().unwrap_or("").to_owned();
        let at = object.stored_at.as_seconds();
        let shared = Data {
            name: Some(name),
            biz_attr: Some(""),
            ctime: Some(at),
            mtime: Some(at),
            ..Data::default()
        };
        if object.path.ends_with('/') {
            return Data { name: shared.name.map(|name| name + "/"), ..shared };
        }
        let url = self.url(target, &object.path);
        Data {
            filesize: Some(object.bytes),
            filelen: Some(object.bytes),
            sha: Some(object.sha1),
            access_url: Some(url.clone()),
            source_url: Some(url),
            authority: Some("eInvalid"),
            ..shared
        }
    }

    /// `pattern` asks for folders or files only.
    pub fn listing(&self, target: &Target, listing: Listing, pattern: &str) -> Data {
        let (folders, files) = (pattern != "eListFileOnly", pattern != "eListDirOnly");
        let told = |entry| match entry {
            Entry::Folder(name) => {
                folders.then(|| Data { name: Some(name), biz_attr: Some(""), ..Data::default() })
            }
            Entry::File(object) => files.then(|| self.stat(target, object)),
        };
        Data {
            listover: Some(listing.next.is_none()),
            has_more: Some(listing.next.is_some()),
            context: Some(listing.next.unwrap_or_default()),
            infos: Some(listing.entries.into_iter().filter_map(told).collect()),
            ..Data::default()
        }
    }
}

/// What a client goes on with after announcing slices. They may come in any order and several at once.
pub fn session(session: String, slice_size: u64) -> Data {
    Data {
        session: Some(session),
        slice_size: Some(slice_size),
        offset: Some(0),
        serial_upload: Some(0),
        ..Data::default()
    }
}

pub fn slice(session: String, offset: u64) -> Data {
    Data { session: Some(session), offset: Some(offset), ..Data::default() }
}

fn resource(target: &Target, path: &str) -> String {
    let parts: Vec<String> = path.split('/').map(percent::encode_component).collect();
    format!("/{}/{}{}", target.appid, target.bucket, parts.join("/"))
}

/// `data` of an answer: the members that the operation has.
#[derive(Debug, Default, Serialize)]
pub struct Data {
    #[serde(skip_serializing_if = "Option::is_none")]
    access_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    biz_attr: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filesize: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filelen: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ctime: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mtime: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authority: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slice_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial_upload: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    listover: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_more: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    infos: Option<Vec<Data>>,
}

#[derive(Serialize)]
struct Envelope<'a> {
    code: i64,
    message: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Data>,
}

fn sealed(
    app: &Appliance,
    status: StatusCode,
    words: &Words,
    data: Option<&Data>,
) -> Response<Body> {
    let request_id = app.entropy.hex::<12>();
    let Words { code, message, detail } = words;
    let envelope = Envelope { code: *code, message, detail, request_id: &request_id, data };
    let body = serde_json::to_vec(&envelope).expect("numbers and text always become JSON");
    reply::json(status, Bytes::from(body))
}

/// Tencent's number and name, which clients compare, and a sentence for whoever reads the answer.
struct Words {
    code: i64,
    message: &'static str,
    detail: String,
}

fn say(code: i64, message: &'static str, detail: impl Into<String>) -> Words {
    Words { code, message, detail: detail.into() }
}

const AUTH_FAILED: &str = "ERROR_PROXY_AUTH_FAILED";

fn words(app: &Appliance, refused: &Refused) -> Words {
    match refused {
        Refused::Signature(CosError::Expired) => {
            say(-96, "ERROR_PROXY_AUTH_EXPIRED", "the signature has expired")
        }
        Refused::Signature(CosError::Elsewhere) => {
            say(-61, "ERROR_PROXY_SIGN_BUCKET_NOTMATCH", "the signature is for another place")
        }
        Refused::Signature(
            CosError::TooLong
            | CosError::Encoding
            | CosError::Short
            | CosError::Forged
            | CosError::Fields
            | CosError::Foreign,
        ) => say(-97, AUTH_FAILED, "the signature is not genuine"),
        Refused::Spent => say(-97, AUTH_FAILED, "the single-use signature was used before"),
        Refused::SingleUseOnly => say(-97, AUTH_FAILED, "this takes a single-use signature"),
        Refused::NotYours => say(-403, "ERROR_DENIED", "the file belongs to another account"),
        Refused::Absent => say(-197, "ERROR_CMD_FILE_NOTEXIST", "there is no such file"),
        Refused::Taken { same: true } => {
            say(-4018, "ERROR_SAME_FILE_UPLOAD", "the same file is there already")
        }
        Refused::Taken { same: false } => {
            say(-178, "ERROR_CMD_COS_PATH_CONFLICT", "something is there already")
        }
        Refused::Invalid(field) => invalid(format!("{field} is missing or wrong")),
        Refused::TooLarge { limit } => {
            say(-413, "ERROR_TOO_LARGE", format!("longer than {limit} bytes"))
        }
        Refused::AccountFull { limit } => say(
            -413,
            "ERROR_TOO_LARGE",
            format!("all files of an account together may have {limit} bytes"),
        ),
        Refused::DiskFull => {
            say(-507, "ERROR_DISK_FULL", "the rest of the disk is kept for lessons")
        }
        Refused::Checksum => invalid("sha is not that of the bytes".into()),
        Refused::NoSession => {
            say(-404, "ERROR_NO_SESSION", "there is no such upload; begin it again")
        }
        Refused::Incomplete => say(-409, "ERROR_INCOMPLETE", "slices are missing"),
        Refused::Broken(why) => invalid(format!("the upload broke off: {why}")),
        Refused::Fault(fault) => faults(app, fault),
    }
}

fn invalid(detail: String) -> Words {
    say(-400, "ERROR_INVALID_PARAMETERS", detail)
}

fn faults(app: &Appliance, fault: &Fault) -> Words {
    match fault {
        // SDKs that see -71 wait a moment and try again.
        Fault::Busy { .. } => say(-71, "ERROR_PROXY_FREQUENCY", "the box is busy"),
        Fault::Invalid { field, why } => invalid(format!("{field} {why}")),
        Fault::Offline(_) => say(-507, "ERROR_DISK_FULL", "the store does not answer"),
        Fault::Internal(source) => {
            let id = app.entropy.hex::<8>();
            tracing::error!(source, id, "our fault in the object store");
            say(-500, "ERROR_INTERNAL", format!("internal error {id}"))
        }
        Fault::Missing(_)
        | Fault::Syntax(_)
        | Fault::Denied(_)
        | Fault::Unauthenticated(_)
        | Fault::Conflict(_)
        | Fault::Licence(_)
        | Fault::TooLarge { .. } => invalid("that cannot be done".into()),
    }
}
