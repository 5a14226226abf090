//! What `url` promises.

use proptest::prelude::*;

use super::*;

fn check(text: &str, expected: &[(&str, &str)]) {
    let found: Vec<_> = query::pairs(text).collect();
    let found: Vec<(&str, &str)> = found.iter().map(|(n, v)| (&**n, &**v)).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn a_query_is_pairs_in_order() {
    check("", &[]);
    check("?svc=cos&cmd=get_sign", &[("svc", "cos"), ("cmd", "get_sign")]);
    check("a=1&&a=2&b", &[("a", "1"), ("a", "2"), ("b", "")]);
    check("a=b=c&=d&=", &[("a", "b=c"), ("", "d"), ("", "")]);
    check("n=%E5%AD%A6+1%2B1%3D2%26", &[("n", "学 1+1=2&")]);
    check("next=/course/?id=3", &[("next", "/course/?id=3")]);
}

#[test]
fn the_first_of_repeats_is_found() {
    assert_eq!(query::first("a=1&b=2&b=3", "b").as_deref(), Some("2"));
    assert_eq!(query::first("a=1", "b"), None);
}

#[test]
fn malformed_percents_stay_and_broken_utf8_is_marked() {
    assert_eq!(percent::decode("100%"), "100%");
    assert_eq!(percent::decode("%4"), "%4");
    assert_eq!(percent::decode("%+1%zz%41"), "%+1%zzA");
    assert_eq!(percent::decode("%学%41"), "%学A");
    assert_eq!(percent::decode("a+b%2541"), "a+b%41");
    assert_eq!(percent::decode("%FF!"), "\u{FFFD}!");
}

#[test]
fn only_unreserved_characters_stay_plain() {
    assert_eq!(percent::encode_component("aZ09-._~"), "aZ09-._~");
    assert_eq!(percent::encode_component("/ +%&=学"), "%2F%20%2B%25%26%3D%E5%AD%A6");
}

#[test]
fn a_url_is_taken_apart() {
    let check = |url: &str, expected: (bool, &str, u16, &str, &str)| {
        let found = Target::parse(url).unwrap();
        let Target { secure, host, port, authority, path } = &found;
        assert_eq!((*secure, &**host, *port, &**authority, &*path.to_string()), expected);
    };
    check("http://a.b", (false, "a.b", 80, "a.b", "/"));
    check("HTTPS://a.b:443?x=1#y", (true, "a.b", 443, "a.b", "/?x=1"));
    check("https://a:80/p", (true, "a", 80, "a:80", "/p"));
    check("http://a:/", (false, "a", 80, "a", "/"));
    check("http://[::1]/", (false, "::1", 80, "[::1]", "/"));
    check("https://[fe80::1]:8443/", (true, "fe80::1", 8443, "[fe80::1]:8443", "/"));
}

#[test]
fn a_url_that_leads_nowhere_is_refused() {
    for bad in [
        "",
        "/p",
        "a.b",
        "ftp://a/",
        "http:///p",
        "http://u@a/",
        "http://u:p@a/",
        "http://a@a/",
        "http://a:1@a/",
        "http://a:0/",
        "http://a:+1/",
        "http://a:99999/",
        "http://a:x/",
        "http://[::1",
        "http://[1.2.3.4]/",
        "http://[fe80::1%25eth0]/",
        "http://[]/",
        "http://:80/",
        "http://a b/",
        "http://a/ b",
        "http://a/\r\nx: y",
        "http://学/",
        "http://a/学",
    ] {
        assert_eq!(Target::parse(bad), None, "{bad}");
    }
    let long = format!("http://a/{}", "x".repeat(URL_BYTES_MAX));
    assert_eq!(Target::parse(&long), None);
}

proptest! {
    #[test]
    fn what_was_encoded_decodes_to_itself(text in any::<String>()) {
        let coded = percent::encode_component(&text);
        prop_assert_eq!(percent::decode(&coded), text.as_str());
        let query = format!("k={coded}");
        let value = query::first(&query, "k");
        prop_assert_eq!(value.as_deref(), Some(text.as_str()));
    }

    #[test]
    fn any_text_decodes(text in any::<String>(), raw in "[%0-9a-fA-F&=+?学]{0,40}") {
        let _ = percent::decode(&text);
        let _ = query::pairs(&text).count();
        let _ = percent::decode(&raw);
        let _ = Target::parse(&text);
        let _ = Target::parse(&format!("http://{raw}"));
        let _ = query::pairs(&raw).count();
    }
}
