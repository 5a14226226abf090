//! The picture that is shown instead of one: a word on a dark ground, drawn by ffmpeg's boxes alone, so that neither fonts nor
//! files are needed, and nothing that a full disk could take away.

/// The ground is so many points wide and high, and made larger with hard edges.
const WIDTH: usize = 96;
const HEIGHT: usize = 54;
/// A letter with the space behind it.
const STEP: usize = 6;
const ROWS: usize = 7;

/// Seven rows of five points each, the left one in the highest bit.
const LETTERS: [(char, [u8; ROWS]); 14] = [
    ('A', [0b01110, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001]),
    ('C', [0b01111, 0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b01111]),
    ('E', [0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b11111]),
    ('F', [0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b10000]),
    ('G', [0b01111, 0b10000, 0b10000, 0b10011, 0b10001, 0b10001, 0b01111]),
    ('I', [0b01110, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110]),
    ('L', [0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b11111]),
    ('M', [0b10001, 0b11011, 0b10101, 0b10101, 0b10001, 0b10001, 0b10001]),
    ('N', [0b10001, 0b11001, 0b10101, 0b10011, 0b10001, 0b10001, 0b10001]),
    ('O', [0b01110, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110]),
    ('R', [0b11110, 0b10001, 0b10001, 0b11110, 0b10100, 0b10010, 0b10001]),
    ('S', [0b01111, 0b10000, 0b10000, 0b01110, 0b00001, 0b00001, 0b11110]),
    ('T', [0b11111, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100]),
    ('U', [0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110]),
];

/// A source of lavfi; what has no letter stays empty.
pub fn graph(text: &str) -> String {
    let left = WIDTH.saturating_sub(text.len() * STEP - 1) / 2;
    let mut graph = format!("color=0x203040:size={WIDTH}x{HEIGHT}:rate={{rate}}");
    for (n, letter) in text.chars().enumerate() {
        let rows = LETTERS.iter().find(|(known, _)| *known == letter).map_or([0; 7], |(_, r)| *r);
        for (row, bits) in rows.into_iter().enumerate() {
            for (from, len) in runs(bits) {
                let (x, y) = (left + n * STEP + from, (HEIGHT - ROWS) / 2 + row);
                graph += &format!(",drawbox={x}:{y}:{len}:1:white:fill");
            }
        }
    }
    graph
}

/// Where points follow each other in a row: from, and how many.
fn runs(bits: u8) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for x in (0..5).filter(|x| bits >> (4 - x) & 1 == 1) {
        match runs.last_mut() {
            Some((from, len)) if *from + *len == x => *len += 1,
            _ => runs.push((x, 1)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hw::inputs::fault::Fault;

    #[test]
    fn every_word_of_a_slate_has_its_letters_and_fits() {
        for fault in [Fault::Gone, Fault::NoSignal, Fault::Mute, Fault::Off] {
            let text = fault.slate();
            assert!(text.len() * STEP <= WIDTH, "{text}");
            let known = |c: char| c == ' ' || LETTERS.iter().any(|(letter, _)| *letter == c);
            assert!(text.chars().all(known), "{text}");
        }
        assert_eq!(runs(0b10111), [(0, 1), (2, 3)]);
    }
}
