//! The encoder's pipe, and what a crash left of a file.

use arctos_box::model::Millis;
use arctos_box::wire::fmp4::boxes;
use arctos_box::wire::fmp4::fragment::{self, Fragment};
use arctos_box::wire::fmp4::init::Init;
use arctos_box::wire::fmp4::scan::{Found, Scanner, Step};
use arctos_box::wire::fmp4::split::{Part, Splitter};
use arctos_box::wire::fmp4::trailer::{self, SEAL_LEN};
use arctos_box::wire::playlist;

/// A file as the recorder writes it, then damaged: `n` hits of four bytes (where, with what), the stream behind them.
/// With an odd `n` the file is also torn, where the first hit says. With `n` 255 the bytes are the file itself.
pub fn fmp4_tail(bytes: &[u8]) {
    let Some((&n, rest)) = bytes.split_first() else { return };
    if n == 255 {
        return recovered(rest);
    }
    let count = usize::from(n % 8) * 4;
    let Some((hits, stream)) = rest.split_at_checked(count) else { return };
    let mut file = written(stream);
    for hit in hits.chunks_exact(4) {
        let at = usize::from(hit[0]) << 16 | usize::from(hit[1]) << 8 | usize::from(hit[2]);
        if let Some(byte) = file.get_mut(at) {
            *byte ^= hit[3];
        }
    }
    if let (1, [_, high, low, ..]) = (n % 2, hits) {
        file.truncate(usize::from(*high) << 8 | usize::from(*low));
    }
    recovered(&file);
}

/// The parts of a stream, sealed as the recorder seals them.
fn written(stream: &[u8]) -> Vec<u8> {
    let (mut file, mut parts) = (Vec::new(), Vec::new());
    let _ = Splitter::default().push(stream, &mut parts);
    for (n, part) in parts.into_iter().enumerate() {
        let (Part::Init(mut part) | Part::Fragment(mut part)) = part;
        trailer::seal(&mut part, Millis(200 * i64::try_from(n).unwrap()), n == 1);
        file.extend(part);
    }
    file
}

fn scan(file: &[u8]) -> Option<Found> {
    let mut scanner = Scanner::new(file.len() as u64);
    let mut steps = 0;
    while let Step::Read { offset, len } = scanner.step() {
        let start = usize::try_from(offset).unwrap();
        scanner.feed(&file[start..start + len]);
        steps += 1;
        assert!(steps <= 16 + file.len() / SEAL_LEN, "the walk is as long as the file");
    }
    scanner.found()
}

/// What is found is a beginning of the file, of whole fragments, and the last of them are as they were written.
fn recovered(file: &[u8]) {
    let _ = trailer::holds_sealed(file);
    let Some(found) = scan(file) else { return };
    let valid = usize::try_from(found.valid).unwrap();
    let mut at = (found.init_bytes.len() + SEAL_LEN) as u64;
    for piece in &found.pieces {
        assert_eq!(piece.offset, at, "fragments lie side by side");
        at += piece.len;
        let start = usize::try_from(piece.offset).unwrap();
        let end = usize::try_from(at).unwrap();
        Fragment::parse(&file[start..end], &found.init).expect("a fragment that is kept plays");
    }
    assert_eq!(at, found.valid);
    let end = found.pieces.last().map_or(0, |piece| piece.end_us);
    let doubtful = |piece: &&_| -> bool { late(piece, end) };
    for piece in found.pieces.iter().rev().take_while(doubtful) {
        let start = usize::try_from(piece.offset).unwrap();
        let end = usize::try_from(piece.offset + piece.len).unwrap();
        assert!(trailer::verify(&file[start..end]).is_some(), "every byte is as it was written");
    }
    assert_eq!(scan(&file[..valid]).as_ref(), Some(&found), "cut there, it is found again");
    let take = found.take(1, "1.mp4".into());
    assert_eq!(take.bytes, found.valid);
    for segment in &take.segments {
        assert!(segment.offset >= take.init_len && segment.offset + segment.len <= found.valid);
    }
    let playlist = playlist::media(std::slice::from_ref(&take), |_| "1.mp4".into());
    assert_eq!(playlist.matches("#EXTINF").count(), take.segments.len());
}

/// Written in the last five seconds: it may have been on its way to the disk.
fn late(piece: &arctos_box::wire::fmp4::cut::Piece, end_us: u64) -> bool {
    piece.end_us > end_us.saturating_sub(5_000_000)
}

/// A size of reads, then what the pipe gives.
pub fn fmp4_stream(bytes: &[u8]) {
    let Some((&size, stream)) = bytes.split_first() else { return };
    let (mut whole, mut by_piece) = (Vec::new(), Vec::new());
    let done = Splitter::default().push(stream, &mut whole);
    let mut splitter = Splitter::default();
    let mut pieces = stream.chunks(usize::from(size) + 1);
    let again = pieces.try_for_each(|piece| splitter.push(piece, &mut by_piece));
    assert_eq!((&done, &whole), (&again, &by_piece), "how it arrives does not matter");
    let _ = boxes::atoms(stream, 0..stream.len()).count();
    let mut init = Init::parse(stream).ok();
    for part in whole {
        match part {
            Part::Init(part) => init = Init::parse(&part).ok().or(init),
            Part::Fragment(part) => {
                if let Some(init) = &init {
                    moved(part, init, u64::from(size) * 1_000_003);
                }
            }
        }
    }
}

/// A fragment that was moved is the same, only later.
fn moved(mut part: Vec<u8>, init: &Init, by_us: u64) {
    let before = Fragment::parse(&part, init);
    let done = fragment::shift(&mut part, init, by_us, 7);
    let (Ok(before), Ok(())) = (before, done) else { return };
    let after = Fragment::parse(&part, init).expect("it still plays");
    assert_eq!((after.sequence, after.runs.len()), (7, before.runs.len()));
    for (old, new) in before.runs.iter().zip(&after.runs) {
        let ticks = (u128::from(by_us) * u128::from(old.timescale)).div_ceil(1_000_000);
        assert_eq!(u128::from(new.start), u128::from(old.start) + ticks);
        assert_eq!((new.samples, new.duration, new.key), (old.samples, old.duration, old.key));
    }
}
