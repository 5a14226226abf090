//! Signatures of Tencent's object store, version 4: made for clients, and checked when the box is the store.
//! It keeps no memory of single-use signatures, knows no file and asks no clock.
//!
//! Source: facts.md, "COS get_sign" (document 001, `svc=cos&cmd=get_sign`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// Standard Base64 of HMAC-SHA1 (20 bytes) followed by the text it covers,
/// `a=<appid>&k=<SecretId>&e=<expires>&t=<now>&r=<random>&f=<file>&b=<bucket>`.
///
/// `now_s` is Unix seconds. Bucket and file go in as they are, as the original does it, but for `&` and
/// control characters, which are percent-coded: a file name must not be able to add a field.
pub fn sign(keys: &Keys, scope: &Scope<'_>, now_s: i64, random: u32) -> String {
    let Keys { appid, secret_id: id, .. } = keys;
    let (bucket, file, e) = match *scope {
        // 0 would make it a single-use signature.
        Scope::Multi { bucket, file, expires_s } => {
            (plain(bucket), file.map(rooted).unwrap_or_default(), expires_s.max(1))
        }
        Scope::Single { bucket, file } => {
            let bucket = plain(bucket);
            let file = format!("/{appid}/{bucket}{}", rooted(file));
            (bucket, file, 0)
        }
    };
    let text = format!("a={appid}&k={id}&e={e}&t={now_s}&r={random}&f={file}&b={bucket}");
    seal(keys, &text)
}

/// What a genuine signature says. Fields may stand in any order; unknown ones are ignored, repeated ones
/// refused.
pub fn verify(sign_text: &str, keys: &Keys) -> Result<Claims, CosError> {
    if sign_text.len() > SIGN_BYTES_MAX {
        return Err(CosError::TooLong);
    }
    let bytes = STANDARD.decode(sign_text).map_err(|_| CosError::Encoding)?;
    let (tag, original) = bytes.split_at_checked(TAG_BYTES).ok_or(CosError::Short)?;
    hmac::verify(&key(keys), original, tag).map_err(|_| CosError::Forged)?;
    let text = std::str::from_utf8(original).map_err(|_| CosError::Fields)?;
    let claims = read(text).ok_or(CosError::Fields)?;
    if claims.appid != keys.appid || claims.secret_id != keys.secret_id {
        return Err(CosError::Foreign);
    }
    Ok(claims)
}

/// Whether the signature opens `path` (decoded, with a leading slash, without `.` and `..`) of `bucket` at
/// `now_s`.
///
/// Multi-use: not expired, and the signed file is empty, the path, or a folder above it. Single-use: the
/// signed file is `/appid/bucket/path`; that it was not used before is for the caller to know.
pub fn permits(claims: &Claims, bucket: &str, path: &str, now_s: i64) -> Result<(), CosError> {
    let dotted = path.split('/').any(|part| part == "." || part == "..");
    if claims.bucket != bucket || !path.starts_with('/') || dotted {
        return Err(CosError::Elsewhere);
    }
    let opens = if claims.is_single_use() {
        let full = format!("/{}/{bucket}{path}", claims.appid);
        spellings(&claims.file).any(|file| file == full)
    } else if claims.expires_s <= now_s {
        return Err(CosError::Expired);
    } else {
        claims.file.is_empty() || spellings(&claims.file).any(|file| covers(&file, path))
    };
    if opens { Ok(()) } else { Err(CosError::Elsewhere) }
}

/// A key pair of Tencent's, or the box's own.
#[derive(Clone)]
pub struct Keys {
    pub appid: u64,
    pub secret_id: String,
    pub secret_key: String,
}

/// What a signature shall open. `file` is a path in the bucket; a missing leading slash is added.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    /// Any number of times until `expires_s` (Unix seconds, above 0): the bucket, or one path and below.
    Multi { bucket: &'a str, file: Option<&'a str>, expires_s: i64 },
    /// One file, once.
    Single { bucket: &'a str, file: &'a str },
}

/// How long a multi-use signature of document 001 is good: 30 days, in seconds.
pub const MULTI_VALID_S: i64 = 2_592_000;

/// The content of a signature, all times in Unix seconds. `file` and `bucket` are as signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    pub appid: u64,
    pub secret_id: String,
    /// 0 in a single-use signature.
    pub expires_s: i64,
    pub issued_s: i64,
    pub random: u64,
    pub file: String,
    pub bucket: String,
}

impl Claims {
    pub fn is_single_use(&self) -> bool {
        self.expires_s == 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CosError {
    /// Over [`SIGN_BYTES_MAX`].
    TooLong,
    /// Not standard Base64.
    Encoding,
    /// Too short for the code alone.
    Short,
    /// The code does not belong to the text.
    Forged,
    /// A field is absent, repeated or no number.
    Fields,
    /// Genuine, but for another appid or key.
    Foreign,
    Expired,
    /// Another bucket or file than the signed one.
    Elsewhere,
}

/// A path of 1,024 characters, three bytes each, percent-coded, in Base64, fits.
pub const SIGN_BYTES_MAX: usize = 16 * 1024;

/// HMAC-SHA1 in front of the text.
const TAG_BYTES: usize = 20;

fn seal(keys: &Keys, original: &str) -> String {
    let tag = hmac::sign(&key(keys), original.as_bytes());
    STANDARD.encode([tag.as_ref(), original.as_bytes()].concat())
}

fn key(keys: &Keys) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, keys.secret_key.as_bytes())
}

fn rooted(file: &str) -> String {
    let file = plain(file);
    if file.starts_with('/') { file } else { format!("/{file}") }
}

fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '&' || c.is_ascii_control() {
            out.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

fn read(original: &str) -> Option<Claims> {
    const NAMES: [&str; 7] = ["a", "k", "e", "t", "r", "f", "b"];
    let mut fields: [Option<&str>; 7] = [None; 7];
    for piece in original.split('&') {
        let (name, value) = piece.split_once('=')?;
        let Some(at) = NAMES.iter().position(|known| *known == name) else {
            continue;
        };
        if fields[at].replace(value).is_some() {
            return None;
        }
    }
    let [appid, secret_id, expires, issued, random, file, bucket] = fields;
    Some(Claims {
        appid: appid?.parse().ok()?,
        secret_id: secret_id?.to_owned(),
        expires_s: expires?.parse().ok().filter(|e| *e >= 0)?,
        issued_s: issued?.parse().ok()?,
        random: random?.parse().ok()?,
        file: file.unwrap_or_default().to_owned(),
        bucket: bucket?.to_owned(),
    })
}

fn covers(file: &str, path: &str) -> bool {
    path.strip_prefix(file)
        .is_some_and(|rest| rest.is_empty() || file.ends_with('/') || rest.starts_with('/'))
}

/// Tencent's text wants the file URL-encoded, its SDKs send it raw: both are meant.
fn spellings(file: &str) -> impl Iterator<Item = String> {
    [Some(file.to_owned()), decoded(file)].into_iter().flatten()
}

/// `None` when the bytes are no text. (`http::url` decodes too, but `wire` uses nothing of ours, and here
/// a broken text must match nothing instead of being mended.)
fn decoded(file: &str) -> Option<String> {
    let mut out = Vec::with_capacity(file.len());
    let mut rest = file.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match tail {
            [high, low, after @ ..] if byte == b'%' => {
                let high = char::from(*high).to_digit(16)?;
                let low = char::from(*low).to_digit(16)?;
                out.push(u8::try_from(high * 16 + low).ok()?);
                rest = after;
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MULTI: &str = "vxzLR6vzMNhBMUVzMTWKUB+LMeVhPTIwMDAwMSZrPUFLSURVZkxVRVVpZ1FpWHFtN0NWU3NwS0pudWFpSUt0eHFBdiZlPTE0Mzc5OTU3MDQmdD0xNDM3OTk1NjQ0JnI9MjA4MTY2MDQyMSZmPSZiPW5ld2J1Y2tldA==";
    const SINGLE: &str = "f11dDSuw86CR02Ko1INzsZstbRlhPTIwMDAwMSZrPUFLSURVZkxVRVVpZ1FpWHFtN0NWU3NwS0pudWFpSUt0eHFBdiZlPTAmdD0xNDM3OTk1NjQ1JnI9MTE2NjcxMDc5MiZmPS8yMDAwMDEvbmV3YnVja2V0L3RlbmNlbnRfdGVzdC5qcGcmYj1uZXdidWNrZXQ=";
    /// The order of the page's prose: a, b, k, e, t, r, f.
    const PROSE: &str = "wHgvVkXpcZ3d+G0rOkAJml3R5NdhPTIwMDAwMSZiPW5ld2J1Y2tldCZrPUFLSURVZkxVRVVpZ1FpWHFtN0NWU3NwS0pudWFpSUt0eHFBdiZlPTE0Mzc5OTU3MDQmdD0xNDM3OTk1NjQ0JnI9MjA4MTY2MDQyMSZmPQ==";

    /// Tencent's own documentation example.
    fn keys() -> Keys {
        Keys {
            appid: 200_001,
            secret_id: "AKIDUfLUEUigQiXqm7CVSspKJnuaiIKtxqAv".into(),
            secret_key: "bLcPnl88WU30VY57ipRhSePfPdOfSruK".into(),
        }
    }

    fn claims(file: &str, expires_s: i64) -> Claims {
        Claims {
            appid: 200_001,
            secret_id: keys().secret_id,
            expires_s,
            issued_s: 5,
            random: 7,
            file: file.into(),
            bucket: "newbucket".into(),
        }
    }

    #[test]
    fn the_published_signatures_are_made_and_verify() {
        let scope = Scope::Multi { bucket: "newbucket", file: None, expires_s: 1_437_995_704 };
        assert_eq!(sign(&keys(), &scope, 1_437_995_644, 2_081_660_421), MULTI);
        for file in ["tencent_test.jpg", "/tencent_test.jpg"] {
            let scope = Scope::Single { bucket: "newbucket", file };
            assert_eq!(sign(&keys(), &scope, 1_437_995_645, 1_166_710_792), SINGLE);
        }
        let multi = verify(MULTI, &keys()).unwrap();
        assert_eq!(verify(PROSE, &keys()).unwrap(), multi);
        let times = (multi.expires_s, multi.issued_s);
        assert_eq!(times, (1_437_995_704, 1_437_995_644));
        assert_eq!((multi.random, &*multi.file, &*multi.bucket), (2_081_660_421, "", "newbucket"));
        let single = verify(SINGLE, &keys()).unwrap();
        assert!(single.is_single_use() && !multi.is_single_use());
        let file = "/tencent_test.jpg";
        assert_eq!(permits(&single, "newbucket", file, i64::MAX), Ok(()));
    }

    #[test]
    fn a_multi_use_signature_opens_its_bucket_or_path_until_it_expires() {
        let check = |file: &str, bucket: &str, path: &str, now_s: i64, expected| {
            assert_eq!(permits(&claims(file, 100), bucket, path, now_s), expected, "{file} {path}");
        };
        let elsewhere = Err(CosError::Elsewhere);
        check("", "newbucket", "/any/where", 99, Ok(()));
        check("", "newbucket", "/any/where", 100, Err(CosError::Expired));
        check("", "other", "/any/where", 99, elsewhere);
        check("/dir", "newbucket", "/dir", 0, Ok(()));
        check("/dir", "newbucket", "/dir/x.png", 0, Ok(()));
        check("/dir/", "newbucket", "/dir/x.png", 0, Ok(()));
        check("/dir", "newbucket", "/directory", 0, elsewhere);
        check("/dir", "newbucket", "/dir/../x.png", 0, elsewhere);
        check("/%E5%AD%A6", "newbucket", "/学/x", 0, Ok(()));
        check("/学", "newbucket", "/学/x", 0, Ok(()));
        check("/100%", "newbucket", "/100%", 0, Ok(()));
        check("/%FF", "newbucket", "/\u{FFFD}", 0, elsewhere);
        check("", "newbucket", "no-slash", 0, elsewhere);
    }

    #[test]
    fn a_single_use_signature_opens_one_file() {
        let check = |file: &str, bucket: &str, path: &str, expected| {
            assert_eq!(permits(&claims(file, 0), bucket, path, 9), expected, "{file} {path}");
        };
        let elsewhere = Err(CosError::Elsewhere);
        check("/200001/newbucket/a b.jpg", "newbucket", "/a b.jpg", Ok(()));
        check("/200001/newbucket/a%20b.jpg", "newbucket", "/a b.jpg", Ok(()));
        check("%2F200001%2Fnewbucket%2Fa.jpg", "newbucket", "/a.jpg", Ok(()));
        check("/200001/newbucket/a", "newbucket", "/a/b", elsewhere);
        check("/200002/newbucket/a", "newbucket", "/a", elsewhere);
        check("/200001/other/a", "newbucket", "/a", elsewhere);
        check("", "newbucket", "/a", elsewhere);
    }

    #[test]
    fn a_file_name_cannot_add_a_field() {
        let scope = Scope::Single { bucket: "newbucket&e=99", file: "x&e=99\n&f=" };
        let claims = verify(&sign(&keys(), &scope, 1, 2), &keys()).unwrap();
        assert_eq!(claims.expires_s, 0);
        assert_eq!(claims.bucket, "newbucket%26e=99");
        assert_eq!(claims.file, "/200001/newbucket%26e=99/x%26e=99%0A%26f=");
        let scope = Scope::Single { bucket: "newbucket", file: "R&B.mp3" };
        let claims = verify(&sign(&keys(), &scope, 1, 2), &keys()).unwrap();
        assert_eq!(permits(&claims, "newbucket", "/R&B.mp3", 0), Ok(()));
    }

    #[test]
    fn what_is_not_whole_and_ours_is_refused() {
        let check = |original: &str, expected| {
            assert_eq!(verify(&seal(&keys(), original), &keys()).err(), expected, "{original}");
        };
        let id = keys().secret_id;
        check(&format!("b=x&a=200001&extra=1&k={id}&t=1&r=2&e=0"), None);
        check(&format!("a=200001&k={id}&e=0&e=9&t=1&r=2&f=&b=x"), Some(CosError::Fields));
        check(&format!("a=200001&k={id}&e=-1&t=1&r=2&f=&b=x"), Some(CosError::Fields));
        check(&format!("a=200001&k={id}&e=0&t=1&r=2&f="), Some(CosError::Fields));
        check(&format!("a=200002&k={id}&e=0&t=1&r=2&f=&b=x"), Some(CosError::Foreign));
        check("a=200001&k=AKIDOTHER&e=0&t=1&r=2&f=&b=x", Some(CosError::Foreign));
        check("", Some(CosError::Fields));
        assert_eq!(verify("", &keys()), Err(CosError::Short));
        assert_eq!(verify("AAAA", &keys()), Err(CosError::Short));
        assert_eq!(verify("not base64", &keys()), Err(CosError::Encoding));
        assert_eq!(verify(&"A".repeat(SIGN_BYTES_MAX + 4), &keys()), Err(CosError::TooLong));
        let other = Keys { secret_key: "other".into(), ..keys() };
        assert_eq!(verify(MULTI, &other), Err(CosError::Forged));
    }

    proptest! {
        #[test]
        fn one_changed_byte_is_refused(at in 0..MULTI.len(), flip in 1..=255u8) {
            let mut text = MULTI.as_bytes().to_vec();
            text[at] ^= flip;
            if let Ok(text) = String::from_utf8(text) {
                prop_assert!(verify(&text, &keys()).is_err());
            }
            let mut bytes = STANDARD.decode(MULTI).unwrap();
            let at = at % bytes.len();
            bytes[at] ^= flip;
            prop_assert_eq!(verify(&STANDARD.encode(bytes), &keys()), Err(CosError::Forged));
        }

        #[test]
        fn any_text_is_answered(text in any::<String>(), bytes in any::<Vec<u8>>()) {
            let _ = verify(&text, &keys());
            let _ = verify(&STANDARD.encode(bytes), &keys());
            let _ = verify(&seal(&keys(), &text), &keys());
            let _ = permits(&claims(&text, 0), "newbucket", &text, 0);
        }

        #[test]
        fn what_was_signed_for_a_file_permits_it(file in "[^.\\x00-\\x1f%]{1,30}", now in 0..i64::MAX) {
            let scope = Scope::Single { bucket: "b", file: &file };
            let claims = verify(&sign(&keys(), &scope, now, 1), &keys()).unwrap();
            let path = if file.starts_with('/') { file } else { format!("/{file}") };
            prop_assert_eq!(permits(&claims, "b", &path, now), Ok(()));
        }
    }
}
