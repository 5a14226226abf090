use hyper::header::HeaderName;

use super::*;

fn request(change: &[(&'static str, &str)]) -> Request<()> {
    let mut request = Request::get("/").body(()).unwrap();
    let usual = [
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    for (name, value) in usual.iter().chain(change) {
        let name = HeaderName::from_static(name);
        request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
    }
    request
}

#[test]
fn the_sample_handshake_of_the_rfc_is_answered_as_it_says() {
    let upgrade = asked(&mut request(&[])).ok().unwrap();
    let (answer, _) = upgrade.accept(Limits::usual(100));
    assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(answer.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(answer.headers()["upgrade"], "websocket");
    assert_eq!(answer.headers()["connection"], "Upgrade");
}

#[test]
fn a_cut_cable_is_noticed_within_the_thirty_seconds_of_document_002() {
    let limits = Limits::usual(100);
    assert!(limits.quiet + limits.grace < Duration::from_secs(30));
}

#[test]
fn what_is_no_handshake_is_told_why() {
    let why = |change: &[(&'static str, &str)]| asked(&mut request(change)).err();
    assert_eq!(why(&[("connection", "keep-alive")]), Some(Not::Asked));
    assert_eq!(why(&[("upgrade", "h2c")]), Some(Not::Asked));
    assert_eq!(why(&[("sec-websocket-version", "8")]), Some(Not::Version));
    assert_eq!(why(&[("sec-websocket-key", "c2hvcnQ=")]), Some(Not::Key));
    let mut posted = request(&[]);
    *posted.method_mut() = Method::POST;
    assert_eq!(asked(&mut posted).err(), Some(Not::Asked));
    assert_eq!(Not::Version.answer().headers()["sec-websocket-version"], "13");
}
