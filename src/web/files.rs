//! `/files/v2/<appid>/<bucket>/<path>` on any Host: the object store as the SDKs of COS v4 speak to it, and
//! its files as browsers see them. `/files/v1/` is the same store, for the older of the SDKs.
//! Which signature opens what is the domain's answer.

mod form;
mod pictures;
mod told;

use std::fmt::Display;
use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response};

use crate::domain::Appliance;
use crate::domain::file::{
    self, Carry, Keep, LIST_MAX, Object, Permit, Refused, SliceData, SlicePlan, Target, picture,
};
use crate::http::range::{self, Content};
use crate::http::url::{percent, query};
use crate::http::{Body, Peer, host, reply};
use crate::model::{Fault, Moment};
use form::Form;
use told::{Base, Data};

/// Answers everything under `/files/`.
pub async fn answer<B>(
    app: &Arc<Appliance>,
    request: Request<B>,
    peer: Peer,
    now: Moment,
) -> Response<Body>
where
    B: hyper::body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Display,
{
    if request.method() == Method::OPTIONS {
        return reply::preflight();
    }
    let (head, body) = request.into_parts();
    let uri = &head.uri;
    let asked = Asked {
        target: target(uri.path()),
        query: uri.query().unwrap_or("").to_owned(),
        base: Base::new(app, host::named(&head.headers, uri), peer.secure),
        now,
    };
    let is_post = head.method == Method::POST;
    let is_get = head.method == Method::GET || head.method == Method::HEAD;
    let mut answer = if is_post {
        Box::pin(change(app, &asked, &head.headers, body)).await
    } else if !is_get {
        told::method_not_allowed(app)
    } else if let Some(own) = pictures::answer(uri.path(), &head.method, &head.headers) {
        own
    } else if query::first(&asked.query, "op").is_some() {
        look(app, &asked, &head.headers).await
    } else {
        serve(app, &asked, &head.method, &head.headers).await
    };
    reply::open_to_all(&mut answer);
    let exposed = HeaderValue::from_static("Content-Range, Content-Length, ETag, Accept-Ranges");
    answer.headers_mut().insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    let nosniff = HeaderValue::from_static("nosniff");
    answer.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    answer
}

/// A request but for its body.
struct Asked {
    /// `None` when the address cannot be one of an object.
    target: Option<Target>,
    query: String,
    base: Base,
    now: Moment,
}

fn target(path: &str) -> Option<Target> {
    if let Some(name) = path.strip_prefix(picture::FOLDER) {
        return picture::target(name);
    }
    let rest = path.strip_prefix("/files/v2/").or_else(|| path.strip_prefix("/files/v1/"))?;
    Target::parse(&percent::decode(rest))
}

/// The SDKs put the signature into `Authorization` as it is, browsers' into `sign` of the query.
async fn admit(app: &Appliance, asked: &Asked, headers: &HeaderMap) -> Result<Permit, Refused> {
    let target = asked.target.clone().ok_or(Refused::Invalid("path"))?;
    let header = headers.get(header::AUTHORIZATION).and_then(|sign| sign.to_str().ok());
    // A plus that was not encoded has become a space.
    let in_query = || query::first(&asked.query, "sign").map(|sign| sign.replace(' ', "+"));
    let sign = header.map(str::to_owned).or_else(in_query).unwrap_or_default();
    file::admit(app, target, sign.trim(), asked.now).await
}

/// A stored file, whole or in part. No signature is asked for: what is put here is for the class.
async fn serve(
    app: &Appliance,
    asked: &Asked,
    method: &Method,
    headers: &HeaderMap,
) -> Response<Body> {
    let found = match &asked.target {
        Some(target) if !target.is_folder() => file::find(app, target).await,
        Some(_) | None => Err(Refused::Absent),
    };
    let object = match found {
        Ok(object) => object,
        Err(refused) => return told::not_served(app, &refused),
    };
    let etag = format!("\"{}\"", object.sha1);
    let content = Content {
        content_type: &object.content_type,
        etag: Some(&etag),
        cache_control: "no-cache",
    };
    match range::serve_file(method, headers, content, &object.file, None).await {
        Ok(mut answer) => {
            for (name, value) in manners(&object.content_type) {
                answer.headers_mut().insert(name, HeaderValue::from_static(value));
            }
            answer
        }
        Err(e) => {
            let fault = Fault::internal("reading a stored file", e);
            told::not_served(app, &Refused::Fault(fault))
        }
    }
}

/// How a browser shall treat what somebody uploaded. Only what was sniffed to be harmless is shown in place.
fn manners(content_type: &str) -> impl Iterator<Item = (HeaderName, &'static str)> {
    let shown = ["image/", "audio/", "video/"].iter().any(|kind| content_type.starts_with(kind))
        || content_type == "application/pdf";
    let disposition = (!shown).then_some((header::CONTENT_DISPOSITION, "attachment"));
    // A browser's PDF viewer does not open in a sandbox, and runs no script of the document's outside it.
    let sandbox =
        (content_type != "application/pdf").then_some((header::CONTENT_SECURITY_POLICY, "sandbox"));
    sandbox.into_iter().chain(disposition)
}

/// `op=stat` and `op=list`.
async fn look(app: &Appliance, asked: &Asked, headers: &HeaderMap) -> Response<Body> {
    let done = async {
        let permit = admit(app, asked, headers).await?;
        let target = &permit.target;
        let param = |name: &str| query::first(&asked.query, name).unwrap_or_default();
        match param("op").as_ref() {
            "stat" => Ok(asked.base.stat(target, file::find(app, target).await?)),
            "list" => {
                let size = match param("num").as_ref() {
                    "" => LIST_MAX,
                    num => num.parse().map_err(|_| Refused::Invalid("num"))?,
                };
                let listing = file::list(app, target, &param("context"), size).await?;
                Ok(asked.base.listing(target, listing, &param("pattern")))
            }
            _ => Err(Refused::Invalid("op")),
        }
    };
    told::answer(app, done.await)
}

async fn change<B>(app: &Appliance, asked: &Asked, headers: &HeaderMap, body: B) -> Response<Body>
where
    B: hyper::body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Display,
{
    let done = async {
        let permit = admit(app, asked, headers).await?;
        let form = form::read(app, &permit, headers, body).await?;
        Box::pin(operate(app, asked, permit, form)).await
    };
    told::answer(app, done.await)
}

/// The operations that SDKs send by POST.
async fn operate(
    app: &Appliance,
    asked: &Asked,
    permit: Permit,
    mut form: Form,
) -> Result<Data, Refused> {
    let now = asked.now;
    match form.op.as_str() {
        "upload" => upload(app, asked, permit, form).await,
        "upload_slice_init" => begin(app, &permit, form).await,
        // The older protocol has one name for both, and ends by itself.
        "upload_slice" if form.session.is_none() => begin(app, &permit, form).await,
        "upload_slice" | "upload_slice_data" => slice(app, asked, permit, form).await,
        "upload_slice_finish" => {
            let session = form.session.take().ok_or(Refused::Invalid("session"))?;
            let target = permit.target.clone();
            let object = file::finish_slices(app, permit, &session, now).await?;
            log(&target, &object);
            Ok(asked.base.uploaded(&target, &object))
        }
        "create" => {
            let target = permit.target.clone();
            file::make_folder(app, permit, now).await?;
            Ok(asked.base.made(&target, now))
        }
        "delete" => file::delete(app, permit, now).await.map(|()| Data::default()),
        "update" => file::update(app, permit, now).await.map(|()| Data::default()),
        "move" => carry(app, asked, permit, Carry::Move, &form).await,
        "copy" => carry(app, asked, permit, Carry::Copy, &form).await,
        _ => Err(Refused::Invalid("op")),
    }
}

async fn upload(
    app: &Appliance,
    asked: &Asked,
    permit: Permit,
    mut form: Form,
) -> Result<Data, Refused> {
    let target = permit.target.clone();
    if target.is_folder() {
        return Err(Refused::Invalid("path"));
    }
    let draft = form.content.take().ok_or(Refused::Invalid("filecontent"))?;
    let terms = Keep { sha: form.sha.take(), insert_only: form.insert_only };
    let object = file::keep(app, permit, draft, terms, asked.now).await?;
    log(&target, &object);
    Ok(asked.base.uploaded(&target, &object))
}

fn log(target: &Target, object: &Object) {
    let (appid, bucket, bytes) = (target.appid, &target.bucket, object.bytes);
    tracing::info!(appid, bucket, path = target.path, bytes, "file stored");
}

async fn begin(app: &Appliance, permit: &Permit, mut form: Form) -> Result<Data, Refused> {
    if permit.target.is_folder() {
        return Err(Refused::Invalid("path"));
    }
    let plan = SlicePlan {
        size: form.filesize.ok_or(Refused::Invalid("filesize"))?,
        slice: form.slice_size.unwrap_or(SLICE),
        sha: form.sha.take(),
        insert_only: form.insert_only,
    };
    let slice = plan.slice;
    let session = file::init_slices(app, permit, plan).await?;
    Ok(told::session(session, slice))
}

/// What Tencent takes when the client names no size.
const SLICE: u64 = 1024 * 1024;

async fn slice(
    app: &Appliance,
    asked: &Asked,
    permit: Permit,
    mut form: Form,
) -> Result<Data, Refused> {
    let session = form.session.take().ok_or(Refused::Invalid("session"))?;
    let offset = form.offset.ok_or(Refused::Invalid("offset"))?;
    let bytes = form.content.take().ok_or(Refused::Invalid("filecontent"))?;
    let data = SliceData { session: session.clone(), offset, bytes };
    let complete = file::put_slice(app, &permit, data).await?;
    if complete && form.op == "upload_slice" {
        let target = permit.target.clone();
        let object = file::finish_slices(app, permit, &session, asked.now).await?;
        log(&target, &object);
        return Ok(asked.base.uploaded(&target, &object));
    }
    Ok(told::slice(session, offset))
}

async fn carry(
    app: &Appliance,
    asked: &Asked,
    permit: Permit,
    how: Carry,
    form: &Form,
) -> Result<Data, Refused> {
    let to = form.dest.as_deref().and_then(|path| permit.target.beside(path));
    let to = to.ok_or(Refused::Invalid("dest_fileid"))?;
    file::carry(app, permit, how, to.clone(), form.overwrite, asked.now).await?;
    Ok(asked.base.carried(&to))
}

#[cfg(test)]
mod tests;
