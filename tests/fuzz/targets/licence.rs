//! What people carry to the box: licences, requests, lists of keys.

use arctos_box::model::licence::Paper;
use arctos_box::wire::licence::armour::{self, Label};
use arctos_box::wire::licence::key::{PrivateKey, PublicKey, parse_list};
use arctos_box::wire::licence::{Trust, issue, paper, read};

/// The vendor of these tests. Seeds hold what it signed.
pub const SEED: [u8; 32] = [7; 32];

/// A text around bytes; the JSON inside; a box's request; a list of keys.
pub fn licence(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind % 4 {
        0 => text(bytes),
        1 => {
            if let Some(licence) = paper::read(bytes) {
                let again = paper::read(&paper::write(&licence));
                assert_eq!(again, Some(licence), "what was read can be written");
            }
        }
        2 => {
            if let Some(request) = paper::Request::read(bytes) {
                assert_eq!(paper::Request::read(&request.write()), Some(request));
            }
        }
        _ => {
            let text = String::from_utf8_lossy(bytes);
            for key in parse_list(&text).unwrap_or_default() {
                assert_eq!(PublicKey::parse(&key.text()), Some(key));
            }
        }
    }
}

fn text(bytes: &[u8]) {
    for label in [Label::Licence, Label::Request] {
        if let Ok(inside) = armour::open(label, bytes) {
            let again = armour::text(label, &inside);
            assert_eq!(armour::open(label, again.as_bytes()), Ok(inside.clone()));
            let again = armour::line(label, &inside);
            assert_eq!(armour::open(label, again.as_bytes()), Ok(inside));
        }
    }
    let vendor = PrivateKey::new(&SEED);
    let trust = Trust { keys: vec![vendor.public.clone()], revoked: vec!["gone".into()] };
    match read(Some(bytes), &trust) {
        Paper::Genuine(licence) | Paper::Revoked(licence) => {
            let inside = armour::open(Label::Licence, bytes).expect("it was opened before");
            assert_eq!(inside, issue(&licence, &vendor), "the vendor signed every byte of it");
        }
        Paper::UnknownKey(id) => assert_ne!(id, vendor.public.id),
        Paper::Absent | Paper::NotALicence | Paper::Altered => {}
    }
}
