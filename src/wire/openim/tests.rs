use super::*;

const NOW: Millis = Millis::seconds(1_795_248_000);
const WEEK: Millis = Millis::seconds(7 * 24 * 3600);

fn ann(platform: i64) -> Claims {
    Claims::new("ann", Platform::new(platform).unwrap(), NOW, WEEK)
}

#[test]
fn the_claims_are_the_originals() {
    let text = serde_json::to_string(&ann(6)).unwrap();
    let expected =
        r#"{"UID":"ann","Platform":"MiniWeb","exp":1795852800,"nbf":1795248000,"iat":1795248000}"#;
    assert_eq!(text, expected);
    assert_eq!(ann(8).Platform, "");
}

#[test]
fn platforms_have_the_originals_names() {
    let names: Vec<_> = Platform::ALL.iter().map(|p| p.name()).collect();
    assert_eq!(names, ["IOS", "Android", "Windows", "OSX", "Web", "MiniWeb", "Linux", ""]);
    assert_eq!(Platform::new(0), None);
    assert_eq!(Platform::new(9), None);
}

#[test]
fn the_same_second_gives_the_same_token_and_the_next_another() {
    let token = |now| jwt::sign(b"key", &Claims::new("ann", Platform::ALL[4], now, WEEK));
    assert_eq!(token(NOW), token(NOW + Millis(999)));
    assert_ne!(token(NOW), token(NOW + Millis(1000)));
}

#[test]
fn each_flaw_has_its_number() {
    let token = jwt::sign(b"key", &ann(5));
    let at = |seconds| flaw(b"key", &token, NOW + Millis::seconds(seconds)).code();
    assert_eq!(at(WEEK.as_seconds()), 701);
    assert_eq!(at(0), 702);
    assert_eq!(at(-1), 704);
    assert_eq!(flaw(b"key", "that is none", NOW).code(), 703);
    assert_eq!(flaw(b"another", &token, NOW).code(), 705);
    for flaw in Flaw::ALL {
        assert!(!flaw.text().is_empty());
    }
}
