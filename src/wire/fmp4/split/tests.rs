//! What `split` promises.

use proptest::prelude::*;

use super::*;
use crate::wire::fmp4::samples;

#[test]
fn a_stream_becomes_one_init_and_its_fragments() {
    let stream = samples::stream(5);
    let mut out = Vec::new();
    Splitter::default().push(&stream, &mut out).unwrap();
    assert_eq!(out.len(), 6);
    assert!(matches!(&out[0], Part::Init(bytes) if bytes[4..8] == *b"ftyp"));
    assert!(out[1..].iter().all(|p| matches!(p, Part::Fragment(b) if b[4..8] == *b"moof")));
}

#[test]
fn garbage_is_named_and_what_came_before_it_is_kept() {
    let mut stream = samples::stream(2);
    stream.extend_from_slice(b"\0\0\0\x10GARBAGE!");
    let (mut out, mut splitter) = (Vec::new(), Splitter::default());
    let error = splitter.push(&stream, &mut out);
    assert_eq!(error, Err(Fmp4Error::Unknown(*b"GARB")));
    assert_eq!(out.len(), 3);
    assert_eq!(splitter.push(b"more", &mut out), error);
}

#[test]
fn a_part_beyond_the_bound_is_refused_before_it_is_gathered() {
    let mut out = Vec::new();
    let error = Splitter::default().push(b"\x7f\0\0\0ftyp", &mut out);
    assert_eq!(error, Err(Fmp4Error::TooLarge(*b"ftyp")));
}

fn split(stream: &[u8], cuts: &[usize]) -> (Vec<Part>, Result<(), Fmp4Error>) {
    let (mut out, mut splitter, mut at) = (Vec::new(), Splitter::default(), 0);
    for cut in cuts {
        let end = (at + cut).min(stream.len());
        if let Err(error) = splitter.push(&stream[at..end], &mut out) {
            return (out, Err(error));
        }
        at = end;
    }
    let result = splitter.push(&stream[at..], &mut out);
    (out, result)
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_parts(
        cuts in proptest::collection::vec(0usize..400, 0..60),
        hit in proptest::option::of((0usize..2000, any::<u8>())),
    ) {
        let mut stream = samples::stream(6);
        if let Some((at, value)) = hit {
            let at = at % stream.len();
            stream[at] = value;
        }
        prop_assert_eq!(split(&stream, &cuts), split(&stream, &[]));
    }

    #[test]
    fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = split(&bytes, &[7, 1, 30]);
        let mut framed = samples::stream(1);
        framed.extend_from_slice(&bytes);
        let _ = split(&framed, &[100]);
    }
}
