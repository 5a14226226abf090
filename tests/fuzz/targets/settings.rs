//! The files that a technician writes: configuration and boards.

use std::io::Write;

use arctos_box::config::{self, Sources};
use arctos_box::hw::board::Board;

/// A configuration file's text; a board's; what stands behind `--set`.
pub fn settings(bytes: &[u8]) {
    let Some((kind, text)) = bytes.split_first() else { return };
    if kind % 3 == 2 {
        let set = vec![String::from_utf8_lossy(text).into_owned()];
        let _ = config::load(&Sources { set, ..Sources::default() }).map_err(said);
        return;
    }
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    file.write_all(text).unwrap();
    let path = file.path();
    if kind % 3 == 0 {
        let _ = config::load(&Sources { file: Some(path), ..Sources::default() }).map_err(said);
    } else if let Ok(board) = Board::load(path.to_str().unwrap()) {
        assert!(!board.encoder.is_empty() && !board.input.is_empty() && !board.built_in);
        let first = &board.input[0];
        assert_eq!(board.input(&first.name), Some(first), "each input has its own name");
    }
}

/// Whatever is wrong is said in a sentence.
fn said(why: String) {
    assert!(!why.trim().is_empty());
}
