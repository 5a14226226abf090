//! What `usersig` promises.

use proptest::prelude::*;
use ring::rand::SystemRandom;

use super::*;

/// The public sample key of Tencent's SDK tests.
const KEY: &str = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e";
/// PyPI tls-sig-api-v2 1.1 with its clock at 1560000000: `gen_sig('xiaojun')`, the same with
/// `gen_sig_with_userbuf(…, b'abc')`, and `gen_sig('学生"1', 86400)`.
const PYPI: &str = "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkKjIT87NK82CSxSnZiQUFmSlAKUMTAyiAyqVWFGQWpYJkTE1NjRDiJZm5EFEzVPXFmekgG4ot3EItvIJMI52KfKoswyKL0gNK-SuNws2iUpzdfMuK0sK9vZJdAguLU-NtlWoBF48z1Q__";
const PYPI_USERBUF: &str = "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkKjIT87NK82CSxSnZiQUFmSlAKUMTAyiAyqVWFGQWpYJkTE1NjRDiJZm5EFEzVPWlxalFSaVpIFsiw72y4FZkpoOEUoy9iowigguM-FOdPJNLAsLSzIr99JMjqnLTUlKSw-zzLYKL3XyDtcMLTGyVagHwCjpC";
const PYPI_CHINESE: &str = "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkYkpNk8zMYkrNTQ3TYpQMYYqKU7ITCwoyU4BKDE0MoAAql1pRkFmUCpSxMDOBC5Zk5oKEDE3NUBUXZ6aDrEl21fZK9cgyC-F20s5P8vEJTDWIykkp9U12dfYqqrLMLyjxyY1Kz0zzLI20VaoFALalNK8_";
/// Made with openssl, see facts.md.
const OLD_SIG: &str = "MEQCIHxQGdT+s2OFEGFTzu7iE5dAkWX9AytG7TXAvTjV6fh7AiArRKw5Jn7Pp5tetJVTicp6Bf9s1gwcXIZfLquHIn5sMw==";
const OLD_SPKI: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEd6N2x2GvDSK38TuwLFFFis+SundgCGPQR2u4vozphfCHCHoTNFcZTQywaAMzI7ni/JOhomug60cyTGRIz1ft8Q==";

/// `openssl ecparam -name prime256v1 -genkey | openssl pkcs8 -topk8 -nocrypt`, a key of this test alone.
const OPENSSL_PKCS8: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg6aPpgxVoyGfZoU6Jor9Xe3o49V+drBQO+LqWFP0E9qKhRANCAASD4MbYQqtpIEBuQ6U4abMRL+SAsH9mlK2awWnwGXAaxJ92cP34X7RlZBaAhXe3ofC997ZDMIZxXtvsD4CS1dC6";

fn ticket(identifier: &str, expire_s: i64) -> Ticket<'_> {
    Ticket { sdk_appid: 1_400_000_000, identifier, now_s: 1_560_000_000, expire_s }
}

fn old_point() -> Vec<u8> {
    let spki = STANDARD.decode(OLD_SPKI).unwrap();
    spki[spki.len() - 65..].to_vec()
}

fn inside(text: &str) -> serde_json::Value {
    serde_json::from_slice(&unpack(text).unwrap()).unwrap()
}

#[test]
fn version_2_says_the_same_as_the_official_sdk() {
    let check = |theirs: &str, ticket: &Ticket<'_>, user_data: Option<&[u8]>| {
        assert_eq!(inside(&sign_v2(KEY, ticket, user_data)), inside(theirs));
        let opened = open(theirs, &Check::V2 { key: KEY }).unwrap();
        let expected = Opened {
            identifier: ticket.identifier.to_owned(),
            sdk_appid: ticket.sdk_appid,
            time_s: ticket.now_s,
            expire_s: ticket.expire_s,
            user_data: user_data.map(<[u8]>::to_vec),
        };
        assert_eq!(opened, expected);
    };
    check(PYPI, &ticket("xiaojun", 15_552_000), None);
    check(PYPI_USERBUF, &ticket("xiaojun", 15_552_000), Some(b"abc"));
    check(PYPI_CHINESE, &ticket("学生\"1", 86_400), None);
    let sig = "s8FU8JR5YBrLz9VYrgPuOy2W6ZdCFMvrfWKJcDQqseo=";
    assert_eq!(inside(PYPI)["TLS.sig"], sig);
}

#[test]
fn the_published_old_signature_verifies() {
    let mut sealed = SealedOld {
        account_type: "0".into(),
        identifier: "user000".into(),
        appid_at_3rd: "0".into(),
        sdk_appid: "1400000000".into(),
        expire_after: "15552000".into(),
        version: VERSION_OLD.into(),
        time: "1503490471".into(),
        sig: OLD_SIG.into(),
    };
    let point = old_point();
    let check = Check::Old { point: &point };
    let opened = open(&pack(&sealed), &check).unwrap();
    assert_eq!((&*opened.identifier, opened.time_s), ("user000", 1_503_490_471));
    sealed.identifier = "user001".into();
    assert_eq!(open(&pack(&sealed), &check), Err(UserSigError::Forged));
}

#[test]
fn an_old_signature_is_all_text_and_verifies_under_its_key() {
    let random = SystemRandom::new();
    let key = OldKey::from_text(OPENSSL_PKCS8, &random).unwrap();
    let text = sign_old(&key, &ticket("ann", 60), &random).unwrap();
    let json = inside(&text);
    let mut fields = json.as_object().unwrap().values();
    assert!(fields.all(serde_json::Value::is_string));
    assert_eq!(json["TLS.expire_after"], "60");
    let opened = open(&text, &Check::Old { point: key.point() }).unwrap();
    assert_eq!(opened.identifier, "ann");
    let other = open(&text, &Check::Old { point: &old_point() });
    assert_eq!(other, Err(UserSigError::Forged));
}

#[test]
fn a_key_is_read_from_pem_or_bare_base64_and_nothing_else() {
    let random = SystemRandom::new();
    let bare = OPENSSL_PKCS8;
    let lines: Vec<&str> =
        bare.as_bytes().chunks(64).map(|c| std::str::from_utf8(c).unwrap()).collect();
    let frame = |kind: &str, end: &str| {
        format!(
            "note\r\n-----BEGIN {kind}-----\r\n{}\r\n-----END {kind}-----{end}",
            lines.join("\r\n")
        )
    };
    let check = |text: &str, good: bool| {
        assert_eq!(OldKey::from_text(text, &random).is_ok(), good, "{text}");
    };
    check(bare, true);
    check(&frame("PRIVATE KEY", "\r\n"), true);
    check(&frame("PRIVATE KEY", ""), true);
    check(&frame("EC PRIVATE KEY", ""), false);
    check(&format!("-----BEGIN PRIVATE KEY-----\n{bare}"), false);
    check("", false);
    check("AAAA", false);
}

#[test]
fn a_bomb_and_a_forgery_are_refused() {
    let check = |text: &str, expected| {
        assert_eq!(open(text, &Check::V2 { key: KEY }), Err(expected), "{text}");
    };
    let bomb = pack(&"a".repeat(INFLATED_BYTES_MAX));
    check(&bomb, UserSigError::Inflate);
    check(&"A".repeat(TEXT_BYTES_MAX + 1), UserSigError::Encoding);
    check("eJ+/", UserSigError::Encoding);
    check("", UserSigError::Inflate);
    check(&pack(&"{}"), UserSigError::Json);
    let forged = sign_v2("other", &ticket("ann", 60), None);
    check(&forged, UserSigError::Forged);
}

proptest! {
    #[test]
    fn what_was_signed_opens(identifier in "\\PC{1,64}", now_s in 0..i64::MAX, data in any::<Vec<u8>>()) {
        let ticket = Ticket { now_s, ..ticket(&identifier, 60) };
        let opened = open(&sign_v2("k", &ticket, Some(&data)), &Check::V2 { key: "k" }).unwrap();
        prop_assert_eq!(opened.identifier, identifier);
        prop_assert_eq!((opened.time_s, opened.user_data), (now_s, Some(data)));
    }

    #[test]
    fn any_text_is_answered(text in any::<String>(), json in any::<String>()) {
        for check in [Check::V2 { key: KEY }, Check::Old { point: &[4; 65] }] {
            prop_assert!(open(&text, &check).is_err());
            prop_assert!(open(&pack(&json), &check).is_err());
        }
        prop_assert!(OldKey::from_text(&text, &SystemRandom::new()).is_err());
    }
}
