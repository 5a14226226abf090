//! What `callback` promises.

use proptest::prelude::*;

use super::*;

#[test]
fn a_live_callback_is_signed_with_key_and_expiry() {
    // printf 'key1500000000' | md5sum
    let sign = "3cb565b5ad43adfbcca38f1a08fc7a1e";
    assert_eq!(live_sign("key", 1_500_000_000), sign);
    let check = |key: &str, t_s: i64, sign: &str, good: bool| {
        assert_eq!(live_verify(key, t_s, sign), good, "{key} {t_s} {sign}");
    };
    check("key", 1_500_000_000, sign, true);
    check("key", 1_500_000_000, &sign.to_ascii_uppercase(), true);
    check("key", 1_500_000_001, sign, false);
    check("kex", 1_500_000_000, sign, false);
    check("key", 1_500_000_000, &sign[..31], false);
    check("key", 1_500_000_000, "", false);
    check("", 1_500_000_000, &live_sign("", 1_500_000_000), false);
}

#[test]
fn a_live_callback_is_good_for_ten_minutes() {
    for (t_s, good) in [(99, false), (100, true), (700, true), (701, false)] {
        assert_eq!(live_in_time(t_s, 100), good, "{t_s}");
    }
    assert!(live_in_time(i64::MAX, i64::MAX));
}

#[test]
fn a_webhook_is_signed_over_time_id_and_body() {
    let delivery = Delivery { time_s: 1_700_000_000, id: "4711", body: b"{\"a\":1}" };
    // printf '1700000000.4711.{"a":1}' | openssl dgst -sha256 -hmac secret
    let signature = "v1=73eefc3fa27241f2604a104efe750bd9196f0f598f90fa14d6d1e88410486968";
    assert_eq!(webhook_sign(b"secret", &delivery), signature);
    assert!(webhook_verify(b"secret", &delivery, signature));
}

#[test]
fn a_webhook_with_another_time_id_or_body_is_refused() {
    let first = Delivery { time_s: 1, id: "a", body: b"b.c" };
    let signature = webhook_sign(b"secret", &first);
    let check = |time_s: i64, id: &str, body: &[u8], signature: &str, good: bool| {
        let delivery = Delivery { time_s, id, body };
        let found = webhook_verify(b"secret", &delivery, signature);
        assert_eq!(found, good, "{delivery:?} {signature}");
    };
    check(1, "a", b"b.c", &signature, true);
    check(2, "a", b"b.c", &signature, false);
    check(1, "b", b"b.c", &signature, false);
    check(1, "a", b"", &signature, false);
    check(1, "a.b", b"c", &signature, false);
    check(1, "a", b"b.c", &signature[3..], false);
    check(1, "a", b"b.c", "", false);
}

#[test]
fn waits_double_from_a_second_to_ten_minutes() {
    let middle = u32::MAX / 2;
    let waits = [1, 2, 3, 9, 10, 11, 12, u32::MAX].map(|n| next_try(n, middle).0);
    assert_eq!(waits, [1000, 2000, 4000, 256_000, 512_000, 600_000, 600_000, 600_000]);
    assert_eq!(next_try(0, middle), next_try(1, middle));
    assert_eq!((next_try(1, 0), next_try(1, u32::MAX)), (Millis(800), Millis(1200)));
}

proptest! {
    #[test]
    fn a_wait_stays_within_a_fifth(attempt in any::<u32>(), jitter in any::<u32>()) {
        let (low, high) = (next_try(attempt, 0).0, next_try(attempt, u32::MAX).0);
        let wait = next_try(attempt, jitter).0;
        prop_assert!((low..=high).contains(&wait) && low >= 800 && high <= 720_000);
        prop_assert_eq!(low * 3, high * 2);
    }

    #[test]
    fn a_changed_signature_is_refused(body in any::<Vec<u8>>(), at in 0..67_usize, flip in 1..128u8) {
        let delivery = Delivery { time_s: 1, id: "x", body: &body };
        let mut text = webhook_sign(b"k", &delivery).into_bytes();
        text[at] ^= flip;
        prop_assert!(!webhook_verify(b"k", &delivery, &String::from_utf8(text).unwrap()));
    }
}
