//! What a licence's text promises: it survives its way, and whoever changes it loses it.

use proptest::collection::vec;
use proptest::prelude::*;

use super::armour::{line, open, text};
use super::*;
use crate::model::Millis;
use crate::model::licence::{Mark, Timekeeping};

const SEED: [u8; 32] = [7; 32];
const DAY: Millis = Millis::days(1);

fn mark(kind: MarkKind, n: u8) -> Mark {
    Mark { kind, hash: format!("{n:02x}").repeat(12) }
}

fn licence() -> Licence {
    Licence {
        id: "L-1".into(),
        customer: "第一小學".into(),
        rooms: 8,
        issued: DAY,
        not_before: DAY,
        expires: Some(Millis::days(400)),
        grace_days: 90,
        marks: vec![mark(MarkKind::Soc, 1), mark(MarkKind::Mac, 2), mark(MarkKind::Mac, 3)],
        minimum: 40,
        features: vec!["stream".into()],
        key: String::new(),
    }
}

fn marks() -> Marks {
    Marks {
        found: vec![mark(MarkKind::Soc, 1), mark(MarkKind::Mac, 3)],
        weights: vec![(MarkKind::Soc, 45), (MarkKind::Mac, 20)],
    }
}

fn time() -> Time {
    let now = Millis::days(100);
    Time { now, newest_seen: now, expected: now, built: DAY, keeping: Timekeeping::Kept }
}

fn trust() -> Trust {
    Trust { keys: vec![PrivateKey::new(&SEED).public], revoked: Vec::new() }
}

fn issued() -> Vec<u8> {
    issue(&licence(), &PrivateKey::new(&SEED))
}

fn paper_of(bytes: &[u8]) -> Paper {
    verify(Some(text(Label::Licence, bytes).as_bytes()), &trust(), &marks(), time()).paper
}

#[test]
fn what_was_signed_is_read_as_it_was_with_each_mark_that_is_the_same() {
    let armoured = text(Label::Licence, &issued());
    let facts = verify(Some(armoured.as_bytes()), &trust(), &marks(), time());
    let key = trust().keys[0].id.clone();
    let mut expected = licence();
    expected.key = key;
    // Kinds come back in the order of their names.
    expected.marks.rotate_left(1);
    assert_eq!(facts.paper, Paper::Genuine(Box::new(expected)));
    assert_eq!(facts.score, 65);
    assert!(armoured.lines().all(|line| line.len() <= 64), "{armoured}");
}

#[test]
fn a_key_that_does_not_count_and_a_licence_that_was_withdrawn_are_told_apart() {
    let other = PrivateKey::new(&[8; 32]);
    let id = other.public.id.clone();
    assert_eq!(paper_of(&issue(&licence(), &other)), Paper::UnknownKey(id));
    // Signed by another, and naming ours.
    let mut forged = issued();
    let signed = other.sign(&[PURPOSE, &forged[SIGNATURE..]].concat());
    forged[..SIGNATURE].copy_from_slice(&signed);
    assert_eq!(paper_of(&forged), Paper::Altered);
    let revoked = Trust { revoked: vec!["L-1".into()], ..trust() };
    let read = read(Some(text(Label::Licence, &issued()).as_bytes()), &revoked);
    assert!(matches!(read, Paper::Revoked(_)));
}

#[test]
fn a_signature_for_another_purpose_is_none_here() {
    let key = PrivateKey::new(&SEED);
    let json = paper::write(&Licence { key: key.public.id.clone(), ..licence() });
    let bare = [&key.sign(&json)[..], &json].concat();
    assert_eq!(paper_of(&bare), Paper::Altered);
}

#[test]
fn another_way_of_writing_the_same_json_is_refused() {
    let key = PrivateKey::new(&SEED);
    let json = paper::write(&Licence { key: key.public.id.clone(), ..licence() });
    for other in [
        String::from_utf8(json.clone()).unwrap().replace("\"rooms\":8", "\"rooms\": 8"),
        String::from_utf8(json.clone()).unwrap().replace("\"rooms\":8", "\"rooms\":8,\"rooms\":8"),
    ] {
        let sealed = [&key.sign(&[PURPOSE, other.as_bytes()].concat())[..], other.as_bytes()];
        assert_eq!(paper_of(&sealed.concat()), Paper::Altered, "{other}");
    }
    // A field of a newer vendor does not hurt.
    let newer = String::from_utf8(json).unwrap().replace("\"rooms\":8", "\"rooms\":8,\"zone\":1");
    let sealed = [&key.sign(&[PURPOSE, newer.as_bytes()].concat())[..], newer.as_bytes()];
    assert!(matches!(paper_of(&sealed.concat()), Paper::Genuine(_)));
}

#[test]
fn a_list_of_keys_has_comments_and_names_its_bad_line() {
    let key = PrivateKey::new(&SEED).public;
    let list = format!("# ours\n\n{}  # 2026\n", key.text());
    assert_eq!(key::parse_list(&list), Ok(vec![key]));
    assert_eq!(key::parse_list("# ours\nabc"), Err(2));
}

/// What mail programs, terminals and people do to a text.
fn carried(text: &str, way: usize) -> String {
    let words = || text.split_whitespace();
    match way {
        0 => text.replace('\n', "\r\n"),
        1 => text.lines().map(|line| format!("> > {line}\n")).collect(),
        2 => words().collect::<Vec<_>>().join(" "),
        3 => text.as_bytes().chunks(7).map(|c| String::from_utf8_lossy(c) + "\r").collect(),
        4 => format!("\u{feff}Dear Ann,\n\n{text}\n-- \nThe vendor\n"),
        5 => text.to_lowercase(),
        6 => text.replace('-', "\u{2014}").replace('\n', "=\n"),
        _ => format!("<p>{}</p>", text.replace('\n', "\u{a0}\t\n\n")),
    }
}

proptest! {
    #[test]
    fn bytes_come_back_from_text_however_it_was_carried(bytes in vec(any::<u8>(), 0..600), way in 0usize..8) {
        for label in [Label::Licence, Label::Request] {
            let sent = text(label, &bytes);
            prop_assert_eq!(open(label, carried(&sent, way).as_bytes()), Ok(bytes.clone()));
            prop_assert_eq!(open(label, line(label, &bytes).as_bytes()), Ok(bytes.clone()));
        }
    }

    #[test]
    fn any_text_at_all_is_read_without_a_panic(noise in vec(any::<u8>(), 0..400), at in 0usize..200) {
        let whole = text(Label::Licence, &issued());
        let mut mixed = whole.into_bytes();
        mixed.splice(at..at, noise.clone());
        for text in [&noise, &mixed] {
            let facts = verify(Some(text), &trust(), &marks(), time());
            if let Paper::Genuine(found) = facts.paper {
                prop_assert_eq!(found.rooms, 8);
            }
        }
    }

    #[test]
    fn no_byte_of_the_text_can_be_another_and_say_something_else(at in 0usize..2000, with in any::<u8>()) {
        let mut armoured = text(Label::Licence, &issued()).into_bytes();
        let at = at % armoured.len();
        let body = armoured.iter().position(|b| *b == b'\n').unwrap();
        let inside = at > body && at < armoured.len() - "-----END ARCTOS LICENSE-----\n".len();
        let blank = |b: u8| !b.is_ascii_alphanumeric();
        let same = armoured[at].eq_ignore_ascii_case(&with) || blank(armoured[at]) && blank(with);
        armoured[at] = with;
        match verify(Some(&armoured), &trust(), &marks(), time()).paper {
            Paper::Genuine(found) => {
                prop_assert_eq!(found.rooms, 8);
                prop_assert!(same || !inside, "byte {at} became {with:#x}");
            }
            Paper::NotALicence | Paper::Altered | Paper::UnknownKey(_) => prop_assert!(!same),
            other => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn no_bit_that_was_signed_can_be_another(at in 0usize..4000, bit in 0u8..8) {
        let mut sealed = issued();
        let at = at % sealed.len();
        sealed[at] ^= 1 << bit;
        let found = paper_of(&sealed);
        prop_assert!(matches!(found, Paper::Altered | Paper::UnknownKey(_)), "{found:?}");
    }

    #[test]
    fn every_licence_is_read_as_it_was_written(
        rooms in any::<u32>(), issued in 0i64..100_000, lasts in proptest::option::of(0i64..100_000),
        grace in 0u32..10_000, minimum in any::<u32>(), customer in ".{0,40}",
    ) {
        let first = Millis::days(issued);
        let written = Licence {
            rooms, customer, minimum, grace_days: grace, issued: first, not_before: first,
            expires: lasts.map(|days| first + Millis::days(days)), ..licence()
        };
        let back = paper::read(&paper::write(&written)).unwrap();
        prop_assert_eq!(paper::write(&back), paper::write(&written));
        prop_assert_eq!((back.rooms, back.expires, back.ends()), (rooms, written.expires, written.ends()));
    }

    #[test]
    fn a_request_is_read_as_it_was_written(name in "[a-z0-9-]{1,20}", n in any::<u8>()) {
        let marks = vec![mark(MarkKind::Emmc, n), mark(MarkKind::Soc, n)];
        let request = paper::Request { name, board: "sim".into(), marks };
        prop_assert_eq!(paper::Request::read(&request.write()), Some(request));
    }
}
