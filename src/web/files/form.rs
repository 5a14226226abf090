//! What a POST to the object store says: a multipart form, or JSON. Fields come in any order; the file is
//! written to the disk as it comes, after the signature was checked and before anything else is known.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyDataStream, BodyExt};
use hyper::header::{self, HeaderMap};
use multer::{Constraints, Field, Multipart, SizeLimit};
use serde_json::Value;

use crate::domain::Appliance;
use crate::domain::file::{Draft, Permit, Refused};
use crate::http::body::{self, BodyError};
use crate::model::{Fault, Millis};

/// The fields the box knows; others are skipped.
#[derive(Default)]
pub struct Form {
    pub op: String,
    pub sha: Option<String>,
    /// 1 when the client says nothing: Tencent's default is not to replace.
    pub insert_only: bool,
    pub filesize: Option<u64>,
    pub slice_size: Option<u64>,
    pub session: Option<String>,
    pub offset: Option<u64>,
    pub dest: Option<String>,
    pub overwrite: bool,
    pub content: Option<Draft>,
}

/// A JSON body holds names and attributes.
const JSON_MAX: usize = 64 * 1024;
/// `uploadparts` of 512 slices is the longest of them.
const TEXT_MAX: usize = 256 * 1024;
/// The SDKs send at most eight.
const FIELDS_MAX: usize = 32;
/// All that a form adds to its file: texts, boundaries, headers.
const FORM_MAX: u64 = 1024 * 1024;
/// A sender that is silent for so long has gone.
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn read<B>(
    app: &Appliance,
    permit: &Permit,
    headers: &HeaderMap,
    body: B,
) -> Result<Form, Refused>
where
    B: hyper::body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Display,
{
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let boundary = kind.and_then(|kind| multer::parse_boundary(kind).ok());
    let Some(boundary) = boundary else { return json(body).await };
    let declared = body.size_hint().exact().unwrap_or(0);
    let most = app.policy.cloud.file_bytes_max;
    if declared > most.saturating_add(FORM_MAX) {
        return Err(Refused::TooLarge { limit: most });
    }
    let limit = SizeLimit::new().whole_stream(most.saturating_add(FORM_MAX));
    let stream = BodyDataStream::new(body.map_err(|e| io::Error::other(e.to_string())));
    let constraints = Constraints::new().size_limit(limit);
    let mut multipart = Multipart::with_constraints(stream, boundary, constraints);
    let (mut form, mut texts) = (Form::default(), BTreeMap::new());
    for _ in 0..FIELDS_MAX {
        let next = within(multipart.next_field()).await?;
        let Some(field) = next.map_err(|e| broken(&e, most))? else {
            return form.fill(&texts);
        };
        let name = field.name().unwrap_or_default().to_owned();
        // The SDK for browsers spells it `fileContent`.
        if name.eq_ignore_ascii_case("filecontent") {
            form.content = Some(content(app, permit, field, declared).await?);
        } else {
            let text = text(field, most).await?;
            texts.insert(name, text);
        }
    }
    Err(Refused::Invalid("form"))
}

async fn content(
    app: &Appliance,
    permit: &Permit,
    mut field: Field<'_>,
    declared: u64,
) -> Result<Draft, Refused> {
    let most = app.policy.cloud.file_bytes_max;
    let mut draft = Draft::begin(app, permit, declared).await?;
    while let Some(chunk) = within(field.chunk()).await?.map_err(|e| broken(&e, most))? {
        draft.write(app, &chunk).await?;
    }
    Ok(draft)
}

async fn text(mut field: Field<'_>, most: u64) -> Result<String, Refused> {
    let mut bytes = Vec::new();
    while let Some(chunk) = within(field.chunk()).await?.map_err(|e| broken(&e, most))? {
        if bytes.len() + chunk.len() > TEXT_MAX {
            return Err(Refused::TooLarge { limit: TEXT_MAX as u64 });
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| Refused::Invalid("form"))
}

async fn json<B>(body: B) -> Result<Form, Refused>
where
    B: hyper::body::Body<Data = Bytes> + Unpin,
    B::Error: Display,
{
    let whole = body::whole(body, JSON_MAX).await.map_err(|e| match e {
        BodyError::TooLarge => Refused::TooLarge { limit: JSON_MAX as u64 },
        BodyError::TooSlow | BodyError::Crowded => slow(),
        BodyError::Broken(why) => Refused::Broken(why),
    })?;
    let members: BTreeMap<String, Value> =
        serde_json::from_slice(&whole).map_err(|_| Refused::Invalid("body"))?;
    let text = |value: Value| match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let texts = members.into_iter().filter_map(|(name, value)| Some((name, text(value)?)));
    Form::default().fill(&texts.collect())
}

impl Form {
    fn fill(self, texts: &BTreeMap<String, String>) -> Result<Self, Refused> {
        let text = |name: &str| texts.get(name).filter(|text| !text.is_empty()).cloned();
        let number = |name: &'static str| match text(name) {
            None => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| Refused::Invalid(name)),
        };
        Ok(Self {
            op: text("op").ok_or(Refused::Invalid("op"))?,
            sha: text("sha"),
            insert_only: text("insertOnly").is_none_or(|only| only != "0"),
            filesize: number("filesize")?,
            slice_size: number("slice_size")?,
            session: text("session"),
            offset: number("offset")?,
            dest: text("dest_fileid"),
            overwrite: text("to_over_write").is_some_and(|over| over == "1"),
            content: self.content,
        })
    }
}

async fn within<T>(step: impl Future<Output = T>) -> Result<T, Refused> {
    tokio::time::timeout(PATIENCE, step).await.map_err(|_| slow())
}

fn slow() -> Refused {
    Refused::Fault(Fault::Busy { retry: Millis::seconds(1) })
}

fn broken(error: &multer::Error, most: u64) -> Refused {
    match error {
        multer::Error::StreamSizeExceeded { .. } | multer::Error::FieldSizeExceeded { .. } => {
            Refused::TooLarge { limit: most }
        }
        other => Refused::Broken(other.to_string()),
    }
}
