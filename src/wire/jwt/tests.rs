use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
}

fn claims() -> Claims {
    Claims { sub: "ann".into(), exp: 1_795_852_800 }
}

/// A token with any header, signed as well as it can be with our key.
fn forged(header: &str, claims: &str, key: &[u8]) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(code))
}

const CLAIMS: &str = r#"{"sub":"ann","exp":1}"#;

#[test]
fn a_token_begins_with_typ_and_then_alg() {
    let token = sign(b"key", &claims());
    assert!(token.starts_with("eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9."), "{token}");
    assert_eq!(verify::<Claims>(b"key", &token), Ok(claims()));
}

/// RFC 7515, appendix A.1.
#[test]
fn the_example_of_the_rfc_is_good() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Joe {
        iss: String,
        exp: i64,
    }
    let key =
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
                 eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
                 dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let joe = verify::<Joe>(&URL_SAFE_NO_PAD.decode(key).unwrap(), token);
    assert_eq!(joe, Ok(Joe { iss: "joe".into(), exp: 1_300_819_380 }));
}

#[test]
fn no_other_algorithm_is_ever_accepted() {
    for alg in ["none", "None", "", "hs256", "HS384", "HS512", "RS256", "ES256", "PS256", "EdDSA"] {
        let header = format!(r#"{{"typ":"JWT","alg":"{alg}"}}"#);
        let token = forged(&header, CLAIMS, b"key");
        assert_eq!(verify::<Claims>(b"key", &token), Err(JwtError::Algorithm), "{alg}");
        // `none` comes with an empty signature.
        let bare = format!("{}.", token.rsplit_once('.').unwrap().0);
        assert_eq!(verify::<Claims>(b"key", &bare), Err(JwtError::Algorithm), "{alg}");
    }
    let critical = r#"{"alg":"HS256","crit":["exp"]}"#;
    assert_eq!(
        verify::<Claims>(b"key", &forged(critical, CLAIMS, b"key")),
        Err(JwtError::Algorithm)
    );
}

#[test]
fn a_foreign_key_or_a_missing_signature_is_no_signature() {
    let token = sign(b"key", &claims());
    for key in [&b""[..], b"kez", b"key ", b"KEY"] {
        assert_eq!(verify::<Claims>(key, &token), Err(JwtError::Signature));
    }
    let bare = format!("{}.", token.rsplit_once('.').unwrap().0);
    assert_eq!(verify::<Claims>(b"key", &bare), Err(JwtError::Signature));
}

#[test]
fn what_is_no_token_is_malformed() {
    let token = sign(b"key", &claims());
    let padded = format!("{token}=");
    let longer = format!("{token}.{}", "A".repeat(CHARS_MAX));
    let four = format!("{token}.x");
    for text in ["", ".", "..", "a.b", "a.b.c", "ein Text", &padded, &longer, &four] {
        assert_eq!(verify::<Claims>(b"key", text), Err(JwtError::Malformed), "{text}");
    }
    for claims in ["[]", "{}", "7", r#"{"sub":"ann"}"#, r#"{"sub":1,"exp":1}"#, "{"] {
        let token = forged(r#"{"alg":"HS256"}"#, claims, b"key");
        assert_eq!(verify::<Claims>(b"key", &token), Err(JwtError::Malformed), "{claims}");
    }
}

proptest! {
    #[test]
    fn what_was_signed_is_read_back(key: Vec<u8>, sub: String, exp: i64) {
        let claims = Claims { sub, exp };
        let token = sign(&key, &claims);
        prop_assume!(token.len() <= CHARS_MAX);
        prop_assert_eq!(verify::<Claims>(&key, &token), Ok(claims));
    }

    #[test]
    fn any_text_is_judged_and_none_is_good(key: Vec<u8>, text: String) {
        prop_assert!(verify::<serde_json::Value>(&key, &text).is_err());
    }

    #[test]
    fn one_altered_character_is_enough(at: prop::sample::Index, other in "[A-Za-z0-9_.-]") {
        let token = sign(b"key", &claims());
        let at = at.index(token.len());
        prop_assume!(token[at..=at] != other);
        let altered = format!("{}{other}{}", &token[..at], &token[at + 1..]);
        prop_assert!(verify::<Claims>(b"key", &altered).is_err());
    }
}
