//! What `cos` promises.

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
    check(&format!("b=x&a=200001&k={id}&t=1&r=2&e=0"), None);
    check(&format!("b=x&a=200001&extra=1&k={id}&t=1&r=2&e=0"), Some(CosError::Fields));
    check(
        &format!("GETx/?SecretId={id}&a=200001&b=x&e=9&f=&k={id}&r=7&t=1"),
        Some(CosError::Fields),
    );
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
