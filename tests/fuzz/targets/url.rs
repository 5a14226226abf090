//! Addresses, and the headers that hold more than a word.

use arctos_box::dialect::credentials::scheme_token;
use arctos_box::http::range::{self, Answer, Asked};
use arctos_box::http::url::{Target, percent, query};
use arctos_box::http::{cookie, onward};
use hyper::Method;
use hyper::header::{self, HeaderMap, HeaderValue};

pub fn url(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    assert_eq!(percent::decode(&percent::encode_component(&text)), text);
    assert!(query::pairs(&text).count() <= text.len());
    target(&text);
    sent_on(&text);
    ranges(&text);
    headers(bytes);
}

/// An address that is taken is taken again as it is then written.
fn target(text: &str) {
    let Some(found) = Target::parse(text) else { return };
    let scheme = if found.secure { "https" } else { "http" };
    let again = format!("{scheme}://{}{}", found.authority, found.path);
    assert_eq!(Target::parse(&again).as_ref(), Some(&found), "{again}");
    assert!(!found.host.is_empty() && found.port > 0 && !found.authority.contains('@'));
}

/// Nobody is sent out of the folder, and what was normalised stays as it is.
fn sent_on(text: &str) {
    let (next, more) = text.split_once('\n').unwrap_or((text, ""));
    let spilled: Vec<_> = query::pairs(more).collect();
    let spilled: Vec<_> = spilled.iter().map(|(n, v)| (n.as_ref(), v.as_ref())).collect();
    let Some(there) = onward::within("/course/", next, &spilled) else { return };
    assert!(there.starts_with("/course/") && there.is_ascii(), "{there}");
    let (path, _) = there.split_once('?').unwrap_or((&there, ""));
    let dots = |part: &str| matches!(percent::decode(part).as_ref(), "." | "..");
    assert!(!path.split('/').any(dots) && !path.contains('\\'), "{there}");
    if there.len() <= 1024 {
        assert_eq!(onward::within("/course/", &there, &[]).as_deref(), Some(&*there));
    }
}

/// A part lies within the whole and is not empty.
fn ranges(text: &str) {
    for len in [0, 1, 1000, u64::MAX] {
        if let Asked::One(part) = range::parse(text, len) {
            assert!(part.start < part.end && part.end <= len);
        }
    }
}

fn headers(bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    let names = [header::RANGE, header::IF_RANGE, header::IF_MATCH, header::IF_NONE_MATCH];
    let names = names.into_iter().chain([header::COOKIE, header::ORIGIN, header::AUTHORIZATION]);
    for (name, line) in names.zip(bytes.split(|b| *b == b'\n')) {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(name, value);
        }
    }
    match range::decide(&Method::GET, &headers, Some("\"abc\""), 100) {
        Answer::Part(part) => assert!(part.start < part.end && part.end <= 100),
        Answer::Whole | Answer::NotModified | Answer::Failed | Answer::Unsatisfiable => {}
    }
    for secure in [false, true] {
        assert!(cookie::session(&headers, secure).is_none_or(|token| !token.is_empty()));
        let _ = cookie::is_same_origin(&headers, "box.test", secure);
    }
    let token = scheme_token(&headers, &["bearer"]);
    assert!(token.is_err() || token.is_ok_and(|token| !token.is_empty() && token == token.trim()));
}
