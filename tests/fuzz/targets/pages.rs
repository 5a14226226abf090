//! Requests that are no dialect's: pages, media, files, and what is uploaded.

use std::path::Path;

use arctos_box::model::hex;
use arctos_box::wire::cos::{self, Keys, Scope};
use hyper::Request;
use ring::hmac;
use serde_json::json;

use super::boxed::{self, Boxed};
use super::pieces::Pieces;
use crate::world::APPID;

/// Method and address, a line each header, an empty line, the body; `$token` and the like are filled in.
pub fn pages(bytes: &[u8]) {
    boxed::with(async |boxed| {
        let bytes = boxed.filled(bytes, "box");
        let mut lines = bytes.split(|b| *b == b'\n');
        let first = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
        let (method, address) = first.split_once(' ').unwrap_or(("GET", &first));
        let mut request = Request::builder().method(method).uri(address).header("host", "box.test");
        let mut head = first.len() + 1;
        for line in lines.by_ref().take(64).take_while(|line| !line.is_empty()) {
            head += line.len() + 1;
            let at = line.iter().position(|b| *b == b':').unwrap_or(line.len());
            let value = line.get(at + 1..).unwrap_or_default().trim_ascii();
            request = request.header(&line[..at], value);
        }
        let body = bytes.get(head + 1..).unwrap_or_default();
        // What is no request never gets so far.
        let Ok(request) = request.body(Pieces::new(body, 0)) else { return };
        if !request.uri().path().starts_with('/') {
            return;
        }
        let answer = boxed.answer(request).await;
        assert!(answer.status < 500 || answer.status == 503, "{first}: {}", answer.text());
        let opened = answer.text().contains(&*boxed.world.app().secrets.callback_key);
        assert!(!opened || address.starts_with("/box/v1/secrets"), "{first} tells a secret");
    });
}

/// The size of the pieces; then address and query below the bucket; then a Content-Type; then the body.
pub fn upload(bytes: &[u8]) {
    let Some((size, bytes)) = bytes.split_first() else { return };
    boxed::with(async |boxed| {
        let mut lines = bytes.splitn(3, |b| *b == b'\n');
        let mut line = || lines.next().unwrap_or_default();
        let (address, kind, body) = (line(), line(), line());
        let address = String::from_utf8_lossy(address);
        let sign = signed(boxed).await;
        let request = Request::post(format!("/files/v2/{APPID}/box/{address}"))
            .header("host", "box.test")
            .header("authorization", sign)
            .header("content-type", kind)
            .body(Pieces::new(body, usize::from(*size)));
        let Ok(request) = request else { return };
        let answer = boxed.answer(request).await;
        let code = answer.json()["code"].as_i64();
        assert!([200, 400].contains(&answer.status), "{}", answer.text());
        assert_eq!(answer.status == 200, code == Some(0), "{}", answer.text());
        within(boxed.world.dir.path());
    });
}

/// A signature that the box gave the teacher, so that it has rights.
async fn signed(boxed: &Boxed) -> String {
    let asked = json!({"token": boxed.token, "type": 0, "appid": APPID, "timeStamp": 1});
    let answer = boxed.world.post("cos", "get_sign", asked.to_string()).await;
    match answer.json()["data"]["sign"].as_str() {
        Some(sign) => sign.to_owned(),
        // It gives so many in an hour and no more; one that it does not remember is refused later.
        None => forged(boxed),
    }
}

fn forged(boxed: &Boxed) -> String {
    let secrets = &boxed.world.app().secrets;
    let secret = hmac::Key::new(hmac::HMAC_SHA256, secrets.cos_secret_key.as_bytes());
    let secret_key = hex(hmac::sign(&secret, b"cos").as_ref());
    let appid = u64::try_from(APPID).unwrap();
    let keys =
        Keys { appid, secret_id: secrets.cos_secret_id.clone(), secret_key: secret_key.into() };
    let now_s = boxed.world.clock.now().as_seconds();
    cos::sign(&keys, &Scope::Multi { bucket: "box", file: None, expires_s: now_s + 9 }, now_s, 1)
}

/// Whatever a file is called, it lies in the store's own folder under a name of the store's own.
fn within(data: &Path) {
    let mut count = 0;
    for entry in std::fs::read_dir(data).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let ours = ["recordings", "files", "keys", "license"].contains(&&*name);
        assert!(ours || name.starts_with("box."), "{name}");
        count += 1;
    }
    assert!(count <= 8);
    for entry in std::fs::read_dir(data.join("files")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)), "{name}");
    }
}
