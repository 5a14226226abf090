//! Signatures of Tencent's object store, version 4: made for clients, and checked when the box is the store.
//! It keeps no memory of single-use signatures, knows no file and asks no clock.
//!
//! Source: facts.md, "COS get_sign" (document 001, `svc=cos&cmd=get_sign`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use crate::model::Secret;

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

/// What a genuine signature says. Fields may stand in any order; unknown and repeated ones are refused: a
/// text that was signed for something else must not pass for one of ours.
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
    pub secret_key: Secret,
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
    /// A field is absent, unknown, repeated or no number.
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
        let at = NAMES.iter().position(|known| *known == name)?;
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
mod tests;
