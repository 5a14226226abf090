//! A copy is never older than what its writer was told.

use super::*;

#[test]
fn a_row_that_was_read_before_a_change_is_not_kept_after_it() {
    let kept = Kept::<u8, &str>::default();
    let before = kept.get(&1).unwrap_err();
    kept.keep(1, Arc::new("old"), before);
    assert_eq!(*kept.get(&1).unwrap(), "old");
    let before = kept.get(&2).unwrap_err();
    kept.forget(Some(&[1]));
    kept.keep(2, Arc::new("read before the change"), before);
    for gone in [1, 2] {
        let before = kept.get(&gone).unwrap_err();
        kept.keep(gone, Arc::new("new"), before);
        assert_eq!(*kept.get(&gone).unwrap(), "new");
    }
    kept.forget(Some(&[]));
    assert!(kept.get(&1).is_ok(), "nothing of its kind has changed");
    kept.forget(None);
    assert!(kept.get(&1).is_err() && kept.get(&2).is_err());
}

#[test]
fn no_more_rows_are_kept_than_the_bound() {
    let kept = Kept::<usize, usize>::default();
    for n in 0..3 * ROWS_MAX {
        let before = kept.get(&n).unwrap_err();
        kept.keep(n, Arc::new(n), before);
        assert_eq!(*kept.get(&n).unwrap(), n);
        assert!(kept.table().rows.len() <= ROWS_MAX);
    }
}
