use proptest::prelude::*;

use super::*;

fn check(next: &str, expected: Option<&str>) {
    assert_eq!(within("/course/", next, &[]).as_deref(), expected, "{next:?}");
}

#[test]
fn a_page_of_the_folder_is_reached_by_any_spelling() {
    for (next, expected) in [
        ("/course/webRTCUser/?id=10001", "/course/webRTCUser/?id=10001"),
        ("/course/webRTCUser?id=1&enterprise_id=2", "/course/webRTCUser?id=1&enterprise_id=2"),
        ("/course/details/", "/course/details/"),
        ("/course/details/#top", "/course/details/"),
        ("/course/./details/", "/course/details/"),
        ("/course/x/../details/?id=1", "/course/details/?id=1"),
        ("/box/../course/details/", "/course/details/"),
        ("/../course/details/", "/course/details/"),
        ("/course/x/..", "/course/"),
        ("/course/%64etails/", "/course/details/"),
        ("/course/课/?a=é b", "/course/%E8%AF%BE/?a=%C3%A9%20b"),
        ("/course/?id=1%26k%3D2", "/course/?id=1%26k%3D2"),
        ("/course/?next=//evil.example/", "/course/?next=%2F%2Fevil.example%2F"),
    ] {
        check(next, Some(expected));
    }
}

#[test]
fn what_leads_elsewhere_is_refused() {
    for next in [
        "",
        "/",
        "course/",
        "/course",
        "/courses/",
        "/COURSE/",
        "//evil.example/course/",
        "///evil.example/course/",
        "/\\evil.example/course/",
        "\\\\evil.example",
        "/course/\\evil.example",
        "https://evil.example/course/",
        "https:/course/",
        "javascript:alert(1)",
        "/course/../box/",
        "/course/..",
        "/course/%2e%2e/box/",
        "/course/.%2E/box/",
        "/course/%2e%2e%2fbox/",
        "/course/x/../../box/",
        "/course%2f..%2fbox/",
        "/course/%5c..%5cbox/",
        "/.//course/",
        "/./../box/",
        "/course/\n",
        "/course/?id=\t1",
        "\t/course/",
        " /course/",
        "/course/%00",
        "/course/\u{7f}",
        "/course/\u{85}",
        "@evil.example/course/",
        "?/course/",
        "#/course/",
    ] {
        check(next, None);
    }
    check(&format!("/course/{}", "a".repeat(1017)), None);
}

#[test]
fn parameters_that_spilled_out_are_put_back_once() {
    let put = |next: &str, spilled: &[(&str, &str)]| within("/course/", next, spilled).unwrap();
    let spilled = [("enterprise_id", "7"), ("id", "8"), ("a&b", "c=d")];
    assert_eq!(
        put("/course/webRTCUser/?id=5", &spilled),
        "/course/webRTCUser/?id=5&enterprise_id=7&a%26b=c%3Dd"
    );
    assert_eq!(put("/course/webRTCUser/", &spilled[..1]), "/course/webRTCUser/?enterprise_id=7");
}

/// What a browser makes of a relative address: WHATWG's parser for special schemes, as far as host and path go.
fn browser(location: &str) -> (Option<String>, String) {
    let text: String = location.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
    let text = text.trim_matches(|c| c <= ' ').replace('\\', "/");
    let (path, host) = match text.strip_prefix("//") {
        Some(rest) => {
            let rest = rest.trim_start_matches('/');
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            (format!("/{path}"), Some(host.to_owned()))
        }
        None if text.starts_with('/') => (text, None),
        None => return (Some("not a path".into()), text),
    };
    let path = path.split(['?', '#']).next().unwrap_or_default().to_owned();
    let mut kept: Vec<&str> = Vec::new();
    for segment in path[1..].split('/') {
        match segment.to_ascii_lowercase().replace("%2e", ".").as_str() {
            ".." => drop(kept.pop()),
            "." => {}
            _ => kept.push(segment),
        }
    }
    (host, format!("/{}", kept.join("/")))
}

/// Pieces of which attacks are made, besides anything else.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("/".to_owned()),
        Just("//".into()),
        Just("\\".into()),
        Just("..".into()),
        Just("%2e".into()),
        Just("%252e".into()),
        Just("%2f".into()),
        Just("%5c".into()),
        Just("course".into()),
        Just("/course/".into()),
        Just("\t".into()),
        Just("?".into()),
        Just("#".into()),
        Just("@".into()),
        Just(":".into()),
        Just("evil.example".into()),
        ".{0,3}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn a_browser_never_leaves_the_folder_nor_the_host(next in hostile(), spilled in ".{0,8}") {
        for next in [next.clone(), format!("/course/{next}")] {
            let Some(location) = within("/course/", &next, &[(&spilled, &spilled)]) else { continue };
            prop_assert!(location.bytes().all(|b| b.is_ascii_graphic()), "{}", location);
            let (host, path) = browser(&location);
            prop_assert_eq!(host, None, "{}", location);
            prop_assert!(path.starts_with("/course/"), "{} is {}", location, path);
        }
    }
}
