//! What says who somebody is: tokens, tickets and signatures. Nothing is good that was not signed.

use arctos_box::model::Millis;
use arctos_box::wire::cos::{self, Keys, Scope};
use arctos_box::wire::jwt::{self, JwtError};
use arctos_box::wire::openim::{self, Claims, Flaw};
use arctos_box::wire::usersig::{self, Check, OldKey, Ticket};
use arctos_box::wire::{callback, channel_auth};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac;
use ring::rand::SystemRandom;
use serde_json::{Value, json};

const KEY: &[u8] = b"a key of sixteen";

/// A token as text; or a header, a line end and claims, which are then signed as they are.
pub fn jwt(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    if kind % 2 == 0 {
        return token(&String::from_utf8_lossy(bytes));
    }
    let at = bytes.iter().position(|b| *b == b'\n').unwrap_or(0);
    let (header, claims) = bytes.split_at(at);
    let claims = claims.strip_prefix(b"\n").unwrap_or(claims);
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, KEY), signed.as_bytes());
    let text = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(code));
    if jwt::verify::<Value>(KEY, &text).is_ok() {
        // A header with broken text in a member of no meaning is read as well.
        let header = serde_json::from_slice(header).unwrap_or(json!({"alg": "HS256"}));
        assert_eq!((&header["alg"], &header["crit"]), (&json!("HS256"), &Value::Null));
    }
    let _ = channel_auth::read_server_token(KEY, &text);
    let known = jwt::verify::<Claims>(KEY, &text).is_ok();
    let flaw = openim::flaw(KEY, &text, Millis::seconds(1_700_000_000));
    assert_eq!(known, matches!(flaw, Flaw::Expired | Flaw::NotYet | Flaw::Ended));
    assert!(jwt::verify::<Value>(b"another key", &text).is_err());
}

/// Seeds are of sorted claims, so that what is good can be signed again to the same text.
fn token(text: &str) {
    match jwt::verify::<Value>(KEY, text) {
        Ok(claims) => assert_eq!(jwt::sign(KEY, &claims), text, "one text, one token"),
        Err(JwtError::Malformed | JwtError::Algorithm | JwtError::Signature) => {}
    }
    let user = i64::try_from(text.len()).unwrap();
    assert!(!callback::live_verify("", user, text), "an empty key signs nothing");
    let is_signed = text.to_ascii_lowercase() == callback::live_sign("key", user);
    assert_eq!(callback::live_verify("key", user, text), is_signed);
}

/// A ticket as text; its JSON, which is then packed; what to put into one; a key.
pub fn usersig(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(bytes);
    match kind % 4 {
        0 => opened(&text),
        1 => {
            let packed = miniz_oxide::deflate::compress_to_vec_zlib(bytes, 1);
            let text = STANDARD.encode(packed);
            opened(&text.replace('+', "*").replace('/', "-").replace('=', "_"));
        }
        2 => {
            let (identifier, data) = text.split_once('\n').unwrap_or((&text, ""));
            let (now_s, expire_s) = (1_700_000_000, i64::from(*kind));
            let ticket = Ticket { sdk_appid: 1_400_000_000, identifier, now_s, expire_s };
            let made = usersig::sign_v2(TICKET_KEY, &ticket, Some(data.as_bytes()));
            // Longer ones are refused when they are read: a name has 64 characters.
            if let Ok(read) = usersig::open(&made, &Check::V2 { key: TICKET_KEY }) {
                assert_eq!((&*read.identifier, read.expire_s), (identifier, expire_s));
                assert_eq!(read.user_data.as_deref(), Some(data.as_bytes()));
            } else {
                assert!(bytes.len() > 1024, "what was signed opens");
            }
        }
        _ => drop(OldKey::from_text(&text, &SystemRandom::new())),
    }
}

const TICKET_KEY: &str = "a key of the app";

fn opened(text: &str) {
    let v2 = usersig::open(text, &Check::V2 { key: TICKET_KEY });
    if let Ok(read) = v2 {
        let ticket = Ticket {
            sdk_appid: read.sdk_appid,
            identifier: &read.identifier,
            now_s: read.time_s,
            expire_s: read.expire_s,
        };
        let again = usersig::sign_v2(TICKET_KEY, &ticket, read.user_data.as_deref());
        assert_eq!(usersig::open(&again, &Check::V2 { key: TICKET_KEY }), Ok(read.clone()));
    }
    assert!(usersig::open(text, &Check::V2 { key: "another" }).is_err());
    assert!(usersig::open(text, &Check::Old { point: &[4; 65] }).is_err());
}

/// A signature as text; or the text under it, which is then signed, a line end, and a path that it shall open.
pub fn cos(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(bytes);
    let (first, path) = text.split_once('\n').unwrap_or((&text, "/"));
    let keys = Keys { appid: 200_001, secret_id: "AKID".into(), secret_key: "secret".into() };
    if kind % 4 == 3 {
        return permitted(&keys, first, path);
    }
    let signed = if kind % 4 == 0 { first.to_owned() } else { sealed(&keys, first) };
    let Ok(claims) = cos::verify(&signed, &keys) else { return };
    assert_eq!((claims.appid, &claims.secret_id), (keys.appid, &keys.secret_id));
    let other = Keys { secret_key: "another".into(), ..keys };
    assert!(cos::verify(&signed, &other).is_err());
    let now_s = claims.expires_s.saturating_sub(1);
    if cos::permits(&claims, &claims.bucket, path, now_s).is_ok() {
        assert!(path.starts_with('/') && !path.split('/').any(|part| matches!(part, "." | "..")));
        let elsewhere = format!("{}-", claims.bucket);
        assert!(cos::permits(&claims, &elsewhere, path, now_s).is_err());
    }
    if !claims.is_single_use() {
        assert!(cos::permits(&claims, &claims.bucket, path, claims.expires_s).is_err());
    }
}

fn sealed(keys: &Keys, original: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, keys.secret_key.as_bytes());
    let tag = hmac::sign(&key, original.as_bytes());
    STANDARD.encode([tag.as_ref(), original.as_bytes()].concat())
}

/// What was signed for a file opens that file, and none beside it.
fn permitted(keys: &Keys, bucket: &str, file: &str) {
    let scopes =
        [Scope::Multi { bucket, file: Some(file), expires_s: 9 }, Scope::Single { bucket, file }];
    for scope in scopes {
        let signed = cos::sign(keys, &scope, 1, 2);
        let Ok(claims) = cos::verify(&signed, keys) else {
            assert!(signed.len() > cos::SIGN_BYTES_MAX, "what was signed is genuine");
            continue;
        };
        let rooted = if file.starts_with('/') { file.to_owned() } else { format!("/{file}") };
        let plain = |text: &str| {
            let odd = |c: char| c == '&' || c == '%' || c.is_ascii_control();
            !text.contains(odd) && !text.split('/').any(|part| matches!(part, "." | ".."))
        };
        if plain(bucket) && plain(file) {
            assert_eq!(cos::permits(&claims, bucket, &rooted, 8), Ok(()));
            let beside = format!("{}x", rooted.trim_end_matches('/'));
            assert!(file.ends_with('/') || cos::permits(&claims, bucket, &beside, 8).is_err());
        }
    }
}
