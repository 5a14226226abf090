//! Texts in which nothing is escaped.

/// Where the first byte is that ends a plain text or makes it none, eight bytes at a time.
pub fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let are = |word: u64, byte: u8| zeros(word ^ (ONES * u64::from(byte)));
    let (words, rest) = bytes.as_chunks::<8>();
    for (n, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let ends = are(word, b'"') | are(word, b'\\') | control;
        if ends != 0 {
            // The lowest mark is right; a borrow may have set some above it.
            return n * 8 + ends.trailing_zeros() as usize / 8;
        }
    }
    let ends = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
    words.len() * 8 + rest.iter().position(ends).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn eight_bytes_at_a_time_find_what_one_at_a_time_finds(
            bytes in proptest::collection::vec(prop_oneof![Just(b'"'), Just(b'\\'), any::<u8>()], 0..40),
        ) {
            let ends = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
            let first = bytes.iter().position(ends).unwrap_or(bytes.len());
            prop_assert_eq!(plain_length(&bytes), first);
        }
    }
}
