//! What `board` promises.

use super::*;

#[test]
fn every_built_in_board_loads_under_its_own_name() {
    for (name, _) in BUILT_IN {
        assert_eq!(Board::load(name).unwrap().name, name);
    }
    assert!(Board::detect().unwrap().input("sim").is_some());
}

#[test]
fn a_key_that_nobody_reads_is_refused() {
    let text = format!("colour = 'red'\n{}", BUILT_IN[0].1);
    assert!(Board::parse(&text).unwrap_err().contains("colour"));
}

#[test]
fn a_board_that_is_not_there_is_named_with_those_that_are() {
    let error = Board::load("toaster").unwrap_err().to_string();
    assert!(error.contains("toaster") && error.contains("sim"), "{error}");
}
