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

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of three: `a` is stale, of `b` and `c` the first ranks least.
    fn after(key: &str, most: usize) -> Vec<&'static str> {
        let mut table = HashMap::from([("a", (false, 9)), ("b", (true, 1)), ("c", (true, 2))]);
        let key = *["a", "b", "c", "d"].iter().find(|name| **name == key).unwrap();
        make_room(&mut table, &key, most, |(fresh, _)| *fresh, |(_, rank)| *rank);
        let mut left: Vec<_> = table.into_keys().collect();
        left.sort_unstable();
        left
    }

    #[test]
    fn nobody_goes_while_there_is_room_or_for_who_is_there_already() {
        assert_eq!(after("d", 4), ["a", "b", "c"]);
        assert_eq!(after("c", 3), ["a", "b", "c"]);
    }

    #[test]
    fn what_is_stale_goes_first_then_the_one_of_the_least_rank() {
        assert_eq!(after("d", 3), ["b", "c"]);
        assert_eq!(after("d", 2), ["c"]);
    }
}
