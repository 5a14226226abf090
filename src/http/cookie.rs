//! Cookies of the box's own pages: one, which holds the token of a session. The dialects never use it.

use hyper::header::{self, HeaderMap, HeaderValue};

/// Its name over plain HTTP. Host-only: without `Domain` no other name of the box receives it.
pub const SESSION: &str = "arctos_session";
/// Its name over TLS: the browser itself sees to it that it came over TLS and is host-only (RFC 6265bis, 4.1.3.2).
pub const SECURE_SESSION: &str = "__Host-arctos_session";

/// The session's token, from the cookie of this kind of connection. The other kind's is not looked at: what plain
/// HTTP may set must not open a page over TLS.
pub fn session(headers: &HeaderMap, secure: bool) -> Option<&str> {
    value(headers, if secure { SECURE_SESSION } else { SESSION }).filter(|token| !token.is_empty())
}

/// The first value of a cookie, over all `Cookie` headers (HTTP/2 may send several).
pub fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(found, _)| found.trim() == name)?;
    let value = value.trim();
    Some(value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value))
}

/// `Set-Cookie` for a token that lives as long as the browser (`None`: the cookie goes away). Scripts do not see
/// it, and no other site's form sends it.
///
/// # Panics
/// Never for a token: those are of letters, digits and `-_.`.
pub fn set_session(token: Option<&str>, secure: bool) -> HeaderValue {
    let (name, also) = if secure { (SECURE_SESSION, "; Secure") } else { (SESSION, "") };
    let rest = format!("Path=/; HttpOnly; SameSite=Lax{also}");
    let line = match token {
        Some(token) => format!("{name}={token}; {rest}"),
        None => format!("{name}=; Max-Age=0; {rest}"),
    };
    HeaderValue::from_str(&line).expect("a token has only characters that a header may carry")
}

/// Whether the browser says that a page of the box asks: one of this very host, or of the address under which a
/// proxy shows it (`public`: scheme, name and port, perhaps a path, which no `Origin` has).
pub fn is_of_the_box(headers: &HeaderMap, host: &str, secure: bool, public: Option<&str>) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let named = text("origin").filter(|o| o.split_once("://").is_some_and(|(_, n)| !n.is_empty()));
    let rest = public.zip(named).and_then(|(url, origin)| url.strip_prefix(origin));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        || text("sec-fetch-site") == Some("same-origin")
        || (!host.is_empty() && is_same_origin(headers, host, secure))
}

/// Whether a browser's request comes from a page of this very host: `Origin` names the scheme and the `host` (with
/// its port) that the request itself was sent to. Without `Origin` it is not known, so it does not.
pub fn is_same_origin(headers: &HeaderMap, host: &str, secure: bool) -> bool {
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    let scheme = if secure { "https://" } else { "http://" };
    origin.and_then(|o| o.strip_prefix(scheme)).is_some_and(|from| from.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn the_session_is_found_among_other_cookies_and_each_scheme_has_its_own() {
        let both = headers(&[
            ("cookie", "a=b; arctos_session=plain"),
            ("cookie", "c; __Host-arctos_session=\"tls\""),
        ]);
        assert_eq!(session(&both, false), Some("plain"));
        assert_eq!(session(&both, true), Some("tls"));
        assert_eq!(session(&headers(&[("cookie", "arctos_session=plain")]), true), None);
        assert_eq!(
            session(&headers(&[("cookie", "xarctos_session=a; arctos_session=")]), false),
            None
        );
        assert_eq!(session(&headers(&[]), false), None);
    }

    #[test]
    fn a_cookie_that_is_set_comes_back() {
        let line = set_session(Some("abc-_.1"), true);
        assert_eq!(line, "__Host-arctos_session=abc-_.1; Path=/; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(
            set_session(None, false),
            "arctos_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"
        );
    }

    #[test]
    fn a_page_under_the_address_of_a_proxy_is_of_the_box_whatever_path_the_proxy_adds() {
        for public in ["https://school.example", "https://school.example/box"] {
            let is_ours = |name, value| {
                is_of_the_box(&headers(&[(name, value)]), "box.local", false, Some(public))
            };
            assert!(is_ours("origin", "https://school.example"));
            assert!(is_ours("origin", "http://box.local"));
            assert!(is_ours("sec-fetch-site", "same-origin"));
            for other in ["https://school.exampl", "https://", "https:", "https:/", "", "null"] {
                assert!(!is_ours("origin", other), "{other}");
            }
            assert!(!is_ours("sec-fetch-site", "same-site"));
        }
        let from = headers(&[("origin", "https://school.example")]);
        assert!(!is_of_the_box(&from, "box.local", false, None));
    }

    #[test]
    fn only_a_page_of_this_host_and_scheme_is_of_the_same_origin() {
        let host = "box.local:8080";
        let is_same = |origin| is_same_origin(&headers(&[("origin", origin)]), host, false);
        assert!(is_same("http://box.local:8080"));
        assert!(is_same("http://BOX.local:8080"));
        for other in ["https://box.local:8080", "http://box.local", "http://evil.test", "null"] {
            assert!(!is_same(other), "{other}");
        }
        assert!(!is_same_origin(&headers(&[]), host, false));
    }
}
