//! The object store as the SDKs speak to it, through the function that hyper calls.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use http_body_util::{BodyExt, Full};
use hyper::StatusCode;
use hyper::body::Frame;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::Value;
use tokio::sync::mpsc;

use super::*;
use crate::domain::file::{APPID, NOW, World, tencent, world};
use crate::domain::policy::CloudKeys;
use crate::model::{Millis, hex};
use crate::wire::cos;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and so on";

struct Told {
    status: StatusCode,
    headers: HeaderMap,
    bytes: Bytes,
}

impl Told {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }
    fn code(&self) -> i64 {
        let code = self.json()["code"].as_i64().unwrap();
        assert_eq!(self.status == StatusCode::OK, code == 0, "{:?}", self.json());
        code
    }
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

async fn send(world: &World, request: Request<Full<Bytes>>) -> Told {
    send_at(world, request, NOW).await
}

async fn send_at(world: &World, request: Request<Full<Bytes>>, now: Moment) -> Told {
    let peer = Peer { addr: IpAddr::from([127, 0, 0, 1]), secure: false };
    let (head, body) = answer(&world.app, request, peer, now).await.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Told { status: head.status, headers: head.headers, bytes }
}

fn get(address: &str) -> hyper::http::request::Builder {
    Request::get(address).header("host", "box.local")
}

async fn fetch(world: &World, path: &str) -> Told {
    let request = get(&format!("/files/v2/{APPID}/box{path}"));
    send(world, request.body(Full::default()).unwrap()).await
}

async fn ask(world: &World, path: &str, query: &str, sign: &str) -> Told {
    let address = format!("/files/v2/{APPID}/box{path}?{query}");
    let request = get(&address).header("authorization", sign);
    send(world, request.body(Full::default()).unwrap()).await
}

/// A form as `requests` of Python writes it: each field has a file name.
fn form(fields: &[(&str, &[u8])]) -> Bytes {
    let mut body = Vec::new();
    for (name, value) in fields {
        let head = format!(
            "--xyz\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(value);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--xyz--\r\n");
    body.into()
}

fn posted(path: &str, sign: &str) -> hyper::http::request::Builder {
    Request::post(format!("/files/v2/{APPID}/box{path}"))
        .header("host", "box.local")
        .header("authorization", sign)
}

async fn post(world: &World, path: &str, sign: &str, fields: &[(&str, &[u8])]) -> Told {
    let request = posted(path, sign).header("content-type", "multipart/form-data; boundary=xyz");
    send(world, request.body(Full::new(form(fields))).unwrap()).await
}

async fn post_json(world: &World, path: &str, sign: &str, body: &'static str) -> Told {
    let request = posted(path, sign).header("content-type", "application/json");
    send(world, request.body(Full::new(body.into())).unwrap()).await
}

async fn put(world: &World, path: &str, sign: &str, bytes: &[u8]) -> Told {
    post(world, path, sign, &[("op", b"upload"), ("filecontent", bytes), ("insertOnly", b"0")])
        .await
}

fn sha1(bytes: &[u8]) -> String {
    hex(digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref())
}

#[tokio::test]
async fn an_upload_is_stored_told_of_and_served() {
    let world = world(|_| {}).await;
    let sign = world.sign(&world.pupil, None).await;
    let sha = sha1(PNG);
    let fields: [(&str, &[u8]); 5] = [
        ("op", b"upload"),
        ("filecontent", PNG),
        ("sha", sha.as_bytes()),
        ("biz_attr", b""),
        ("insertOnly", b"1"),
    ];
    let told = post(&world, "/%E5%AD%A6%E4%B9%A0/a%20b.png", &sign, &fields);
    let stored = told.await.json();
    assert_eq!((&stored["code"], &stored["message"]), (&0.into(), &"SUCCESS".into()));
    let url = format!("http://box.local/files/v2/{APPID}/box/%E5%AD%A6%E4%B9%A0/a%20b.png");
    assert_eq!(stored["data"]["access_url"], url);
    let resource = format!("/{APPID}/box/%E5%AD%A6%E4%B9%A0/a%20b.png");
    assert_eq!(stored["data"]["resource_path"], resource);
    for part in ["source_url", "url", "vid"] {
        assert!(stored["data"][part].is_string(), "{part}");
    }
    let path = url.strip_prefix("http://box.local").unwrap();
    let request = get(path).header("range", "bytes=1-3").body(Full::default()).unwrap();
    let part = send(&world, request).await;
    assert_eq!((part.status, &*part.bytes), (StatusCode::PARTIAL_CONTENT, &b"PNG"[..]));
    let whole = send(&world, get(path).body(Full::default()).unwrap()).await;
    assert_eq!((whole.status, &*whole.bytes), (StatusCode::OK, PNG));
    assert_eq!(whole.header("content-type"), Some("image/png"));
    assert_eq!(whole.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(whole.header("content-security-policy"), Some("sandbox"));
    assert_eq!(whole.header("access-control-allow-origin"), Some("*"));
    assert_eq!(whole.header("content-disposition"), None);
    let stat = ask(&world, "/%E5%AD%A6%E4%B9%A0/a%20b.png", "op=stat", &sign).await.json();
    assert_eq!(stat["data"]["name"], "a b.png");
    assert_eq!((&stat["data"]["filesize"], &stat["data"]["sha"]), (&PNG.len().into(), &sha.into()));
}

#[tokio::test]
async fn what_a_browser_could_run_is_an_attachment() {
    let world = world(|_| {}).await;
    let sign = world.sign(&world.pupil, None).await;
    for (name, bytes) in [("/x.html", &b"<script>alert(1)</script>"[..]), ("/x.png", b"<svg/>")] {
        assert_eq!(put(&world, name, &sign, bytes).await.code(), 0);
        let told = fetch(&world, name).await;
        assert_eq!(told.header("content-disposition"), Some("attachment"));
        assert_eq!(told.header("content-type"), Some("application/octet-stream"));
        assert_eq!(told.header("content-security-policy"), Some("sandbox"));
    }
}

#[tokio::test]
async fn without_a_genuine_signature_nothing_is_stored() {
    let world = world(|_| {}).await;
    let sign = world.sign(&world.pupil, None).await;
    assert_eq!(put(&world, "/x", "", PNG).await.code(), -97);
    assert_eq!(put(&world, "/x", &sign.replace('a', "b"), PNG).await.code(), -97);
    let elsewhere = format!("/files/v2/{APPID}/other/x");
    let request = Request::post(elsewhere)
        .header("authorization", &sign)
        .header("content-type", "multipart/form-data; boundary=xyz")
        .body(Full::new(form(&[("op", b"upload"), ("filecontent", PNG)])));
    assert_eq!(send(&world, request.unwrap()).await.code(), -61);
    let request = posted("/x", &sign).header("content-type", "multipart/form-data; boundary=xyz");
    let body = Full::new(form(&[("op", b"upload"), ("filecontent", PNG)]));
    let late = Moment { wall: NOW.wall + Millis::seconds(cos::MULTI_VALID_S), ..NOW };
    assert_eq!(send_at(&world, request.body(body).unwrap(), late).await.code(), -96);
    assert_eq!(world.files().len(), 0);
}

#[tokio::test]
async fn a_single_use_signature_works_once_and_for_its_file() {
    let world = world(|_| {}).await;
    let once = world.sign(&world.pupil, Some("/x.png")).await;
    assert_eq!(put(&world, "/y.png", &once, PNG).await.code(), -61);
    assert_eq!(put(&world, "/x.png", &once, PNG).await.code(), 0);
    assert_eq!(put(&world, "/x.png", &once, b"other").await.code(), -97);
    assert_eq!(&*fetch(&world, "/x.png").await.bytes, PNG);
    let multi = world.sign(&world.pupil, None).await;
    let delete = r#"{"op":"delete"}"#;
    assert_eq!(post_json(&world, "/x.png", &multi, delete).await.code(), -97);
    let once = world.sign(&world.pupil, Some("/x.png")).await;
    assert_eq!(
        post_json(&world, "/x.png", &once, r#"{"op":"update","biz_attr":"x"}"#).await.code(),
        0
    );
    let once = world.sign(&world.teacher, Some("/x.png")).await;
    assert_eq!(post_json(&world, "/x.png", &once, delete).await.code(), 0);
    assert_eq!(fetch(&world, "/x.png").await.status, StatusCode::NOT_FOUND);
    assert_eq!(fetch(&world, "/x.png").await.json()["code"], -197);
    assert_eq!(world.files().len(), 0);
}

#[tokio::test]
async fn insert_only_keeps_what_is_there_and_is_the_default() {
    let world = world(|_| {}).await;
    let sign = world.sign(&world.pupil, None).await;
    let upload = |bytes: &'static [u8]| [("op", &b"upload"[..]), ("filecontent", bytes)];
    assert_eq!(post(&world, "/x", &sign, &upload(PNG)).await.code(), 0);
    assert_eq!(post(&world, "/x", &sign, &upload(PNG)).await.code(), -4018);
    assert_eq!(post(&world, "/x", &sign, &upload(b"other")).await.code(), -178);
    assert_eq!(put(&world, "/x", &sign, b"other").await.code(), 0);
    assert_eq!(&*fetch(&world, "/x").await.bytes, b"other");
    assert_eq!(world.files().len(), 1);
}

#[tokio::test]
async fn pupils_change_their_own_files_and_teachers_any() {
    let world = world(|_| {}).await;
    let (bob, cid) = (world.sign(&world.pupil, None).await, world.sign(&world.other, None).await);
    assert_eq!(put(&world, "/x", &bob, b"one").await.code(), 0);
    assert_eq!(put(&world, "/x", &cid, b"two").await.code(), -403);
    let once = world.sign(&world.other, Some("/x")).await;
    assert_eq!(post_json(&world, "/x", &once, r#"{"op":"delete"}"#).await.code(), -403);
    let carry: [(&str, &[u8]); 3] =
        [("op", b"copy"), ("dest_fileid", b"/x"), ("to_over_write", b"1")];
    assert_eq!(put(&world, "/y", &cid, b"two").await.code(), 0);
    assert_eq!(post(&world, "/y", &cid, &carry).await.code(), -403);
    let ann = world.sign(&world.teacher, None).await;
    assert_eq!(put(&world, "/x", &ann, b"three").await.code(), 0);
    assert_eq!(world.files().len(), 2);
}

#[tokio::test]
async fn a_wrong_sha_a_torn_form_and_a_missing_part_leave_nothing() {
    let world = world(|_| {}).await;
    let sign = world.sign(&world.pupil, None).await;
    let wrong: [(&str, &[u8]); 3] = [("op", b"upload"), ("filecontent", PNG), ("sha", b"00")];
    assert_eq!(post(&world, "/x", &sign, &wrong).await.code(), -400);
    let whole = form(&[("op", b"upload"), ("filecontent", &[7; 100_000])]);
    for cut in [10, 200, 50_000, whole.len() - 12] {
        let request =
            posted("/x", &sign).header("content-type", "multipart/form-data; boundary=xyz");
        let told = send(&world, request.body(Full::new(whole.slice(..cut))).unwrap()).await;
        assert_eq!(told.code(), -400, "{cut}");
    }
    assert_eq!(post(&world, "/x", &sign, &[("op", b"upload")]).await.code(), -400);
    assert_eq!(post(&world, "/x", &sign, &[("filecontent", PNG)]).await.code(), -400);
    assert_eq!(post_json(&world, "/x", &sign, "{").await.code(), -400);
    assert_eq!(world.files().len(), 0);
    assert_eq!(fetch(&world, "/x").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing() {
    let world = world(|_| {}).await;
    let sign = world.sign(&world.pupil, None).await;
    let (more, chunks) = mpsc::unbounded_channel();
    let whole = form(&[("op", b"upload"), ("filecontent", &[7; 100_000])]);
    more.send(Ok(Frame::data(whole.slice(..60_000)))).unwrap();
    let request = posted("/x", &sign)
        .header("content-type", "multipart/form-data; boundary=xyz")
        .body(Chunks(chunks))
        .unwrap();
    let app = world.app.clone();
    let peer = Peer { addr: IpAddr::from([127, 0, 0, 1]), secure: false };
    let upload = tokio::spawn(async move { answer(&app, request, peer, NOW).await.status() });
    while world.files().is_empty() {
        tokio::task::yield_now().await;
    }
    upload.abort();
    assert!(upload.await.unwrap_err().is_cancelled());
    assert_eq!(world.files().len(), 0);
}

#[tokio::test]
async fn files_accounts_and_the_disk_have_their_limits() {
    let world = world(|cloud| {
        cloud.file_bytes_max = 200_000;
        cloud.account_bytes_max = 300_000;
    })
    .await;
    let (bob, cid) = (world.sign(&world.pupil, None).await, world.sign(&world.other, None).await);
    assert_eq!(put(&world, "/big", &bob, &vec![1; 200_001]).await.code(), -413);
    assert_eq!(put(&world, "/big", &bob, &vec![1; 2_000_000]).await.code(), -413);
    assert_eq!(put(&world, "/a", &bob, &vec![1; 200_000]).await.code(), 0);
    assert_eq!(put(&world, "/b", &bob, &vec![1; 100_001]).await.code(), -413);
    assert_eq!(put(&world, "/a", &bob, &vec![2; 200_000]).await.code(), 0);
    assert_eq!(put(&world, "/b", &cid, &vec![1; 100_001]).await.code(), 0);
    world.free.store(1_000_000 + 50_000, Ordering::SeqCst);
    assert_eq!(put(&world, "/c", &cid, &vec![1; 100_000]).await.code(), -507);
    assert_eq!(put(&world, "/c", &cid, &vec![1; 1_000]).await.code(), 0);
    assert_eq!(world.files().len(), 3);
}

async fn begin(world: &World, sign: &str, op: &str, bytes: &[u8], slice: &str) -> String {
    let (size, sha) = (bytes.len().to_string(), sha1(bytes));
    let fields: [(&str, &[u8]); 5] = [
        ("op", op.as_bytes()),
        ("filesize", size.as_bytes()),
        ("slice_size", slice.as_bytes()),
        ("sha", sha.as_bytes()),
        ("insertOnly", b"0"),
    ];
    let told = post(world, "/big.bin", sign, &fields).await.json();
    assert_eq!(told["data"]["slice_size"].to_string(), slice, "{told}");
    told["data"]["session"].as_str().unwrap().to_owned()
}

async fn part(world: &World, sign: &str, op: &str, session: &str, at: usize, part: &[u8]) -> Told {
    let offset = at.to_string();
    let fields: [(&str, &[u8]); 4] = [
        ("op", op.as_bytes()),
        ("filecontent", part),
        ("session", session.as_bytes()),
        ("offset", offset.as_bytes()),
    ];
    post(world, "/big.bin", sign, &fields).await
}

#[tokio::test]
async fn slices_come_in_any_order_and_are_ended_by_name() {
    let world = world(|_| {}).await;
    let sign = world.sign(&world.pupil, None).await;
    let bytes: Vec<u8> = (0..250_000_u32).flat_map(|n| n.to_le_bytes()).collect();
    let session = begin(&world, &sign, "upload_slice_init", &bytes, "300000").await;
    let finish = [("op", &b"upload_slice_finish"[..]), ("session", session.as_bytes())];
    for (n, slice) in bytes.chunks(300_000).enumerate().rev() {
        assert_eq!(post(&world, "/big.bin", &sign, &finish).await.code(), -409);
        let told = part(&world, &sign, "upload_slice_data", &session, n * 300_000, slice).await;
        assert_eq!(told.code(), 0);
    }
    let wrong = part(&world, &sign, "upload_slice_data", &session, 1, b"x").await;
    assert_eq!(wrong.code(), -400);
    let short = part(&world, &sign, "upload_slice_data", &session, 0, b"x").await;
    assert_eq!(short.code(), -400);
    assert_eq!(post(&world, "/other.bin", &sign, &finish).await.code(), -404);
    let stranger = world.sign(&world.other, None).await;
    assert_eq!(post(&world, "/big.bin", &stranger, &finish).await.code(), -404);
    assert_eq!(post(&world, "/big.bin", &sign, &finish).await.code(), 0);
    assert_eq!(post(&world, "/big.bin", &sign, &finish).await.code(), -404);
    assert_eq!(fetch(&world, "/big.bin").await.bytes, bytes);
    assert_eq!(world.files().len(), 1);
}

#[tokio::test]
async fn slices_of_the_older_protocol_end_with_the_last() {
    let world = world(|_| {}).await;
    let sign = world.sign(&world.pupil, None).await;
    let bytes = vec![9; 1_000_000];
    let session = begin(&world, &sign, "upload_slice", &bytes, "524288").await;
    let first = part(&world, &sign, "upload_slice", &session, 0, &bytes[..524_288]).await;
    assert!(first.json()["data"]["access_url"].is_null());
    let last = part(&world, &sign, "upload_slice", &session, 524_288, &bytes[524_288..]).await;
    assert!(last.json()["data"]["access_url"].is_string());
    assert_eq!(fetch(&world, "/big.bin").await.bytes, bytes);
}

#[tokio::test]
async fn slices_that_are_not_the_announced_bytes_are_thrown_away() {
    let world = world(|_| {}).await;
    let sign = world.sign(&world.pupil, None).await;
    let session = begin(&world, &sign, "upload_slice_init", &[1; 1000], "1000").await;
    let told = part(&world, &sign, "upload_slice_data", &session, 0, &[2; 1000]).await;
    assert_eq!(told.code(), 0);
    let finish = [("op", &b"upload_slice_finish"[..]), ("session", session.as_bytes())];
    assert_eq!(post(&world, "/big.bin", &sign, &finish).await.code(), -400);
    assert_eq!(world.files().len(), 0);
    for text in ["", "../../x", "0-1-1-0-0-0-0", &session.replace('-', "/")] {
        let told = part(&world, &sign, "upload_slice_data", text, 0, b"x").await;
        assert!(told.code() < 0, "{text}");
    }
    assert_eq!(world.files().len(), 0);
}

#[tokio::test]
async fn slice_uploads_are_counted_and_limited() {
    let world = world(|_| {}).await;
    let (bob, ann) = (world.sign(&world.pupil, None).await, world.sign(&world.teacher, None).await);
    let init = |size: &'static str| {
        [("op", &b"upload_slice_init"[..]), ("filesize", size.as_bytes()), ("slice_size", b"65536")]
    };
    assert_eq!(post(&world, "/a", &bob, &init("9000000")).await.code(), -413);
    assert_eq!(post(&world, "/a", &bob, &init("8000000")).await.code(), 0);
    assert_eq!(post(&world, "/b", &bob, &init("8000000")).await.code(), -413);
    assert_eq!(post(&world, "/c", &bob, &init("0")).await.code(), -400);
    for n in 0..8 {
        assert_eq!(post(&world, &format!("/{n}"), &ann, &init("1")).await.code(), 0);
    }
    assert_eq!(post(&world, "/8", &ann, &init("1")).await.code(), -71);
}

#[tokio::test]
async fn one_account_has_eight_slice_uploads_and_the_class_sixty_four() {
    let world = world(|_| {}).await;
    let init = [("op", &b"upload_slice_init"[..]), ("filesize", b"1"), ("slice_size", b"65536")];
    for someone in 0..8 {
        let actor = world.outsider(&format!("t{someone}"), APPID).await;
        let sign = world.sign(&actor, None).await;
        for n in 0..8 {
            let told = post(&world, &format!("/{someone}/{n}"), &sign, &init).await;
            assert_eq!(told.code(), 0, "{someone} {n}");
        }
        assert_eq!(post(&world, &format!("/{someone}/8"), &sign, &init).await.code(), -71);
    }
    let ann = world.sign(&world.teacher, None).await;
    assert_eq!(post(&world, "/x", &ann, &init).await.code(), -71);
}

#[tokio::test]
async fn folders_are_made_listed_in_pages_and_removed() {
    let world = world(|_| {}).await;
    let sign = world.sign(&world.pupil, None).await;
    let create = r#"{"op":"create","biz_attr":""}"#;
    assert_eq!(post_json(&world, "/dir/", &sign, create).await.code(), 0);
    assert_eq!(post_json(&world, "/dir/", &sign, create).await.code(), -178);
    assert_eq!(post_json(&world, "/dir", &sign, create).await.code(), -400);
    for name in ["/dir/a.txt", "/dir/b.txt", "/dir/sub/c.txt", "/dir/sub/d.txt", "/dirt", "/z"] {
        assert_eq!(put(&world, name, &sign, b"x").await.code(), 0);
    }
    let check = async |path: &str, query: &str, expected: &str| {
        let told = ask(&world, path, &format!("op=list&{query}"), &sign).await.json();
        let mut text = String::new();
        for info in told["data"]["infos"].as_array().unwrap() {
            write!(text, "{} ", info["name"].as_str().unwrap()).unwrap();
        }
        let more = told["data"]["has_more"] == true;
        assert_eq!(format!("{text}{}", if more { "…" } else { "" }).trim_end(), expected);
        told["data"]["context"].as_str().unwrap().to_owned()
    };
    check("/", "num=10", "dir/ dirt z").await;
    check("/dir/", "", "a.txt b.txt sub/").await;
    check("/dir", "", "dir/ dirt").await;
    check("/dir/a", "num=10&pattern=eListBoth", "a.txt").await;
    check("/dir/", "pattern=eListDirOnly", "sub/").await;
    let context = check("/dir/", "num=2", "a.txt b.txt …").await;
    check("/dir/", &format!("num=2&context={context}"), "sub/").await;
    assert_eq!(ask(&world, "/dir/", "op=stat", &sign).await.json()["data"]["name"], "dir/");
    let once = world.sign(&world.pupil, Some("/dir/")).await;
    assert_eq!(post_json(&world, "/dir/", &once, r#"{"op":"delete"}"#).await.code(), 0);
    assert_eq!(ask(&world, "/dir/", "op=stat", &sign).await.code(), -197);
    check("/dir/", "", "a.txt b.txt sub/").await;
}

#[tokio::test]
async fn files_are_moved_and_copied_inside_their_bucket() {
    let world = world(|_| {}).await;
    let sign = world.sign(&world.pupil, None).await;
    assert_eq!(put(&world, "/a", &sign, PNG).await.code(), 0);
    let carry = |op: &'static str, to: &'static str, over: &'static str| {
        [("op", op.as_bytes()), ("dest_fileid", to.as_bytes()), ("to_over_write", over.as_bytes())]
    };
    assert_eq!(post(&world, "/a", &sign, &carry("copy", "b", "0")).await.code(), 0);
    assert_eq!(post(&world, "/a", &sign, &carry("copy", "/b", "0")).await.code(), -178);
    assert_eq!(post(&world, "/a", &sign, &carry("copy", "/../x", "0")).await.code(), -400);
    assert_eq!(post(&world, "/none", &sign, &carry("copy", "/x", "0")).await.code(), -197);
    let once = world.sign(&world.pupil, Some("/a")).await;
    assert_eq!(post(&world, "/a", &once, &carry("move", "/b", "1")).await.code(), 0);
    assert_eq!(post(&world, "/b", &once, &carry("move", "/c", "1")).await.code(), -61);
    assert_eq!(fetch(&world, "/a").await.status, StatusCode::NOT_FOUND);
    assert_eq!(&*fetch(&world, "/b").await.bytes, PNG);
    assert_eq!(world.files().len(), 1);
}

#[tokio::test]
async fn browsers_are_answered_as_their_sdk_asks() {
    let world = world(|_| {}).await;
    let sign = world.sign(&world.pupil, None).await;
    let address = format!("http://sh.file.myqcloud.com/files/v2/{APPID}/box//x.png");
    let request = Request::options(&address).body(Full::default()).unwrap();
    assert_eq!(send(&world, request).await.status, StatusCode::NO_CONTENT);
    let body = form(&[("op", b"upload"), ("fileContent", PNG), ("insertOnly", b"undefined")]);
    let request = Request::post(format!("{address}?sign={}", percent::encode_component(&sign)))
        .header("content-type", "multipart/form-data; boundary=xyz")
        .body(Full::new(body))
        .unwrap();
    let told = send(&world, request).await;
    let url = format!("http://sh.file.myqcloud.com/files/v2/{APPID}/box/x.png");
    assert_eq!(told.json()["data"]["access_url"], url);
    assert_eq!(told.header("access-control-allow-origin"), Some("*"));
    let request = Request::head(&address).body(Full::default()).unwrap();
    let told = send(&world, request).await;
    assert_eq!((told.status, told.bytes.len()), (StatusCode::OK, 0));
    let request = Request::put(&address).body(Full::default()).unwrap();
    assert_eq!(send(&world, request).await.status, StatusCode::METHOD_NOT_ALLOWED);
    for nowhere in ["/files/v3/1/b/x", "/files/v2/", "/files/v2/1/b/%2e%2e/x", "/files/v2/1/b/%00"]
    {
        let told = send(&world, get(nowhere).body(Full::default()).unwrap()).await;
        assert_eq!((told.status, &told.json()["code"]), (StatusCode::NOT_FOUND, &(-197).into()));
    }
}

#[tokio::test]
async fn the_sdks_name_appid_and_bucket_in_signatures_they_use_again() {
    // Those who sign for themselves hold the configured pair.
    let world = world(|cloud| cloud.keys = Some(CloudKeys { appid: APPID, ..tencent() })).await;
    let keys =
        cos::Keys { appid: 1_400_000_000, secret_id: "AKIDTEST".into(), secret_key: "key".into() };
    let now_s = NOW.wall.as_seconds();
    let sign = |file: &str| {
        let file = format!("/{APPID}/box{file}");
        let scope = cos::Scope::Multi { bucket: "box", file: Some(&file), expires_s: now_s + 30 };
        cos::sign(&keys, &scope, now_s, 1)
    };
    assert_eq!(put(&world, "/dir/x", &sign("/"), b"x").await.code(), 0);
    assert_eq!(put(&world, "/dir/y", &sign("/dir/y"), b"x").await.code(), 0);
    assert_eq!(put(&world, "/dir/z", &sign("/dir/y"), b"x").await.code(), -61);
    assert_eq!(put(&world, "/dir/z", &sign("2/dir/z"), b"x").await.code(), -61);
    let carry: [(&str, &[u8]); 2] = [("op", b"move"), ("dest_fileid", b"/out")];
    assert_eq!(post(&world, "/dir/y", &sign("/dir"), &carry).await.code(), -61);
    assert_eq!(post(&world, "/dir/y", &sign("/dir/"), &carry).await.code(), -61);
    assert_eq!(post(&world, "/dir/y", &sign("/dir/y"), &carry).await.code(), 0);
}

/// A body that comes as long as somebody sends.
struct Chunks(mpsc::UnboundedReceiver<Result<Frame<Bytes>, std::io::Error>>);

impl hyper::body::Body for Chunks {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        self.0.poll_recv(cx)
    }
}

type Polled = Poll<Option<Result<Frame<Bytes>, std::io::Error>>>;
