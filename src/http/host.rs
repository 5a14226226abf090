//! A request names its host once. Who says two names means to be heard differently by two readers (RFC 9112, 3.2).

use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Request, Response, StatusCode, Uri};

use super::{Body, reply};

/// The name and port that the client used: `Host`, for which HTTP/2 says `:authority`.
pub fn named<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    let named = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    named.or_else(|| uri.authority().map(|authority| authority.as_str()))
}

/// Two Host lines, or another one than the address has: no part of the box shall choose between them.
pub fn is_in_doubt<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    // As almost every request is: nothing is said twice, and the address names no host.
    if headers.len() == headers.keys_len() && request.uri().authority().is_none() {
        return false;
    }
    let mut said = headers.get_all(header::HOST).iter();
    let host = said.next();
    let differs = |authority: &str| {
        host.is_some_and(|host| !host.as_bytes().eq_ignore_ascii_case(authority.as_bytes()))
    };
    said.next().is_some() || request.uri().authority().is_some_and(|a| differs(a.as_str()))
}

/// What such a request hears; over HTTP/1 the connection ends with it.
pub fn refused() -> Response<Body> {
    let mut answer = reply::text(StatusCode::BAD_REQUEST, "name one host\n");
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_in_one_place_or_the_same_in_two_is_no_doubt() {
        let check = |target: &str, hosts: &[&str], expected: bool| {
            let mut request = Request::get(target);
            for host in hosts {
                request = request.header("host", *host);
            }
            assert_eq!(is_in_doubt(&request.body(()).unwrap()), expected, "{target} {hosts:?}");
        };
        check("/a", &[], false);
        check("/a", &["box.local"], false);
        check("http://box.local/a", &[], false);
        check("http://box.local:80/a", &["BOX.local:80"], false);
        check("/a", &["box.local", "box.local"], true);
        check("/a", &["box.local", "evil.test"], true);
        check("http://evil.test/a", &["box.local"], true);
        check("http://user@box.local/a", &["box.local"], true);
    }
}
