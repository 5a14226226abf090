//! Tables that strangers fill: bounded, and whoever matters least gives way.

use std::collections::HashMap;
use std::hash::Hash;

/// Makes room for `key` in a table of at most `most`: what is not `fresh` goes, then the one of the least rank.
pub fn make_room<K, V, R>(
    table: &mut HashMap<K, V>,
    key: &K,
    most: usize,
    fresh: impl Fn(&V) -> bool,
    rank: impl Fn(&V) -> R,
) where
    K: Eq + Hash + Clone,
    R: Ord,
{
    if table.len() < most || table.contains_key(key) {
        return;
    }
    table.retain(|_, value| fresh(value));
    if table.len() >= most {
        let least = table.iter().min_by_key(|(_, value)| rank(value)).map(|(key, _)| key.clone());
        least.map(|key| table.remove(&key));
    }
}
