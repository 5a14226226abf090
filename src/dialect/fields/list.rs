//! Long lists of plain texts, as servers send them: taken apart in one pass and without a copy.

/// The texts of a list, each with its quotes, or `None` when it is anything but at most `most` plain ones.
pub fn texts(raw: &str, most: usize) -> Option<Vec<&str>> {
    let (bytes, mut at) = (raw.as_bytes(), 0);
    let mut texts = Vec::with_capacity(most);
    let opened = next(bytes, &mut at)? == b'[';
    let mut byte = opened.then(|| next(bytes, &mut at))??;
    while byte != b']' || !texts.is_empty() {
        if byte != b'"' || texts.len() == most {
            return None;
        }
        let from = at - 1;
        at += plain_length(&bytes[at..]);
        if *bytes.get(at)? != b'"' {
            return None;
        }
        at += 1;
        texts.push(raw.get(from..at)?);
        match next(bytes, &mut at)? {
            b']' => break,
            b',' => byte = next(bytes, &mut at)?,
            _ => return None,
        }
    }
    (at == raw.len()).then_some(texts)
}

/// Takes the next byte that is no space.
fn next(bytes: &[u8], at: &mut usize) -> Option<u8> {
    loop {
        let byte = *bytes.get(*at)?;
        *at += 1;
        if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            return Some(byte);
        }
    }
}

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

    fn lists_agree(raw: &str) {
        let Some(texts) = texts(raw, 5) else { return };
        let read: Vec<String> = serde_json::from_str(raw).unwrap();
        // As the library would write it.
        let written = read.iter().map(|text| serde_json::to_string(text).unwrap());
        assert!(written.eq(texts), "{raw}");
    }

    #[test]
    fn a_list_of_plain_texts_is_taken_apart_and_any_other_is_not() {
        assert_eq!(
            texts(r#"["a", "längerer Text" ,"",  "0123456789abcdef"]"#, 4).unwrap().len(),
            4
        );
        assert_eq!(texts("[ ]", 4).unwrap(), [""; 0]);
        for other in [
            r#"["a","b"]"#,
            r#"["a",]"#,
            r#"[,"a"]"#,
            r#"["a" "b"]"#,
            r#"["a"]x"#,
            r#"["a"] "#,
            r#"["\n"]"#,
            r#"[1]"#,
            r#"["a""#,
            r#"["a"#,
            "[",
            "",
            "{}",
            "[\"\u{1}\"]",
            "[\"0123456789\u{1f}abcdef\"]",
        ] {
            assert_eq!(texts(other, 1), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_list_that_is_taken_apart_here_the_library_reads_in_the_same_way(
            raw in r#"\[ ?("[ a-zé"\\\u{1}\u{1f}\u{7f}ÿ]{0,20}"[, ]{1,2}){0,6}"[a-z]{0,9}"\]{0,2}"#,
        ) {
            lists_agree(&raw);
        }

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
