//! Bodies that are forms: `application/x-www-form-urlencoded` and `multipart/form-data`, turned into the same
//! fields as JSON. A file becomes a `data:` URL; an empty one is no file.

use std::convert::Infallible;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{self, HeaderMap};

use super::Fields;
use crate::http::url::query;
use crate::model::Fault;

/// A form of these APIs has three fields.
const FIELDS_MAX: usize = 64;

/// The fields of a whole body by its Content-Type; without a form's it is JSON.
///
/// # Errors
/// `Syntax` when the body is not what its type says.
pub async fn parse<'a>(headers: &HeaderMap, body: &'a Bytes) -> Result<Fields<'a>, Fault> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    if let Ok(boundary) = multer::parse_boundary(kind) {
        return multipart(boundary, body.clone()).await;
    }
    if kind.starts_with("application/x-www-form-urlencoded") {
        let text = std::str::from_utf8(body).map_err(|e| Fault::Syntax(e.to_string()))?;
        let mut fields = Fields::default();
        query::pairs(text).take(FIELDS_MAX).for_each(|(name, value)| fields.put(&name, &value));
        return Ok(fields);
    }
    Fields::parse(body)
}

async fn multipart(boundary: String, body: Bytes) -> Result<Fields<'static>, Fault> {
    let broken = |e: multer::Error| Fault::Syntax(e.to_string());
    let stream = Full::<Bytes>::new(body).map_err(|never: Infallible| match never {});
    let stream = http_body_util::BodyDataStream::new(stream.map_err(|e: std::io::Error| e));
    let mut form = multer::Multipart::new(stream, boundary);
    let mut fields = Fields::default();
    for _ in 0..FIELDS_MAX {
        let Some(field) = form.next_field().await.map_err(broken)? else { return Ok(fields) };
        let name = field.name().unwrap_or_default().to_owned();
        let is_file = field.file_name().is_some();
        let bytes = field.bytes().await.map_err(broken)?;
        if !is_file {
            let text = std::str::from_utf8(&bytes).map_err(|e| Fault::Syntax(e.to_string()))?;
            fields.put(&name, text);
        } else if !bytes.is_empty() {
            fields.put(&name, &format!("data:;base64,{}", STANDARD.encode(&bytes)));
        }
    }
    Err(Fault::Syntax(format!("a form has at most {FIELDS_MAX} fields")))
}
