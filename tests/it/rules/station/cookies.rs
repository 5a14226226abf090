//! The session cookie: for pages of the box itself, under its own names, and nobody else.

use arctos_box::http::Peer;
use http_body_util::Full;
use hyper::{Method, Request};

use super::{code, login};
use crate::world::{Answer, PASSWORD, World};

/// A browser with the cookie of `token`, which called the box by `host`.
async fn browse(
    world: &World,
    (method, path): (Method, &str),
    host: &str,
    token: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("host", host);
    request = request.header("cookie", format!("a=b; arctos_session={token}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    world.request(request.body(Full::default()).unwrap()).await
}

const ME: (Method, &str) = (Method::GET, "/box/v1/me");
const LOGOUT: (Method, &str) = (Method::POST, "/box/v1/logout");

#[tokio::test]
async fn a_cookie_opens_the_box_under_its_names_addresses_and_public_url_only() {
    let world = World::with(&[
        "http.names=[\"school.example\"]",
        "http.public_url=https://box.example/arctos",
    ])
    .await;
    let root = world.administer().await;
    let name = world.app().policy.box_name.clone();
    for (host, status) in [
        (name.as_str(), 200),
        (&format!("{name}.local"), 200),
        (&format!("{}.LOCAL.:8080", name.to_uppercase()), 200),
        ("school.example:443", 200),
        ("box.example", 200),
        ("localhost:8080", 200),
        ("192.168.0.7:8080", 200),
        ("[fe80::1]:8080", 200),
        ("[::1]", 200),
        ("evil.test", 421),
        ("evil.test:8080", 421),
        (&format!("{name}.evil.test"), 421),
        ("box.example.evil.test", 421),
        ("", 421),
    ] {
        let answer = browse(&world, ME, host, &root, &[]).await;
        assert_eq!(answer.status, status, "{host}: {}", answer.text());
    }
    // A token in the header is nothing that a browser adds by itself: any name will do.
    let request = Request::get("/box/v1/me").header("host", "evil.test");
    let request = request.header("authorization", format!("Bearer {root}"));
    assert_eq!(world.request(request.body(Full::default()).unwrap()).await.status, 200);
}

#[tokio::test]
async fn a_cookie_changes_something_for_a_page_of_the_box_only() {
    let host = "192.168.0.7:8080";
    let ours = "http://192.168.0.7:8080";
    for (headers, status) in [
        (vec![("origin", ours)], 200),
        (vec![("sec-fetch-site", "same-origin")], 200),
        (vec![("origin", ours), ("sec-fetch-site", "same-origin")], 200),
        (vec![], 403),
        (vec![("origin", "http://192.168.0.7")], 403),
        (vec![("origin", "https://192.168.0.7:8080")], 403),
        (vec![("origin", "null")], 403),
        (vec![("origin", "http://evil.test")], 403),
        (vec![("sec-fetch-site", "same-site")], 403),
        (vec![("sec-fetch-site", "cross-site")], 403),
        (vec![("origin", ours), ("sec-fetch-site", "cross-site")], 403),
        (vec![("sec-fetch-site", "none")], 403),
    ] {
        let world = World::new().await;
        let root = world.administer().await;
        let answer = browse(&world, LOGOUT, host, &root, &headers).await;
        assert_eq!(answer.status, status, "{headers:?}: {}", answer.text());
        let still = browse(&world, ME, host, &root, &[]).await.status == 200;
        assert_eq!(still, status != 200, "{headers:?}");
    }
}

#[tokio::test]
async fn no_page_of_another_site_may_log_anybody_in_or_read_what_it_asked() {
    let world = World::new().await;
    world.administer().await;
    let body = format!(r#"{{"handle":"root","password":"{PASSWORD}"}}"#);
    let request = Request::post("/box/v1/login").header("host", "192.168.0.7");
    let request = request.header("origin", "http://evil.test").header("content-type", "text/plain");
    let answer = world.request(request.body(Full::new(body.into())).unwrap()).await;
    assert_eq!((answer.status, code(&answer).as_str()), (403, "denied"));
    assert!(!answer.headers.contains_key("set-cookie"));
    let preflight = Request::builder().method(Method::OPTIONS).uri("/box/v1/users");
    let preflight = preflight.header("origin", "http://evil.test");
    let answer = world.request(preflight.body(Full::default()).unwrap()).await;
    assert_eq!(answer.status, 405);
    assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control")));
}

#[tokio::test]
async fn over_tls_the_cookie_is_another_and_each_connection_takes_its_own() {
    let world = World::new().await;
    let root = world.administer().await;
    let plain = login(&world, "root", PASSWORD).await;
    let set = |answer: &Answer| answer.headers["set-cookie"].to_str().unwrap().to_owned();
    let cookie = set(&plain);
    assert!(cookie.starts_with("arctos_session=") && cookie.contains("HttpOnly"), "{cookie}");
    assert!(cookie.contains("SameSite=") && !cookie.contains("Secure"), "{cookie}");
    let secure = Peer { addr: [10, 0, 0, 1].into(), secure: true };
    let body = format!(r#"{{"handle":"root","password":"{PASSWORD}"}}"#);
    let request = Request::post("/box/v1/login").header("host", "192.168.0.7");
    let request = request.body(Full::new(body.into())).unwrap();
    let cookie = set(&world.request_from(request, secure).await);
    assert!(cookie.starts_with("__Host-arctos_session=") && cookie.contains("; Secure"));
    assert!(cookie.contains("Path=/;") && !cookie.contains("Domain"), "{cookie}");
    for (name, status) in [("arctos_session", 401), ("__Host-arctos_session", 200)] {
        let request = Request::get("/box/v1/me").header("host", "192.168.0.7");
        let request = request.header("cookie", format!("{name}={root}"));
        let request = request.body(Full::default()).unwrap();
        assert_eq!(world.request_from(request, secure).await.status, status, "{name}");
    }
}
