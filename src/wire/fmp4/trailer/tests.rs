//! What `trailer` promises.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn a_seal_tells_what_was_sealed_and_any_changed_byte(
        part in proptest::collection::vec(any::<u8>(), 0..300),
        at: i64,
        gap: bool,
        hit in any::<proptest::sample::Index>(),
        bits in 1u8..,
    ) {
        let mut sealed = part.clone();
        seal(&mut sealed, Millis(at), gap);
        let len = u32::try_from(part.len()).unwrap();
        prop_assert_eq!(verify(&sealed), Some(Seal { len, at: Millis(at), gap }));
        let hit = hit.index(sealed.len());
        sealed[hit] ^= bits;
        prop_assert_eq!(verify(&sealed), None);
    }

    #[test]
    fn a_sealed_fragment_is_seen_between_any_bytes_and_not_once_it_is_torn(
        before in proptest::collection::vec(any::<u8>(), 0..90),
        after in proptest::collection::vec(any::<u8>(), 0..90),
        payload in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut part = b"\0\0\0\x08moof".to_vec();
        part.extend(payload);
        seal(&mut part, Millis(7), false);
        let all = [before.as_slice(), &part, &after].concat();
        prop_assert!(holds_sealed(&all));
        prop_assert!(!holds_sealed(&all[..before.len() + part.len() - 1]));
        prop_assert!(!holds_sealed(&all[before.len() + 1..]));
    }

    #[test]
    fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        prop_assert!(verify(&bytes).is_none());
        prop_assert!(!holds_sealed(&bytes));
    }
}
