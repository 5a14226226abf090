//! A hash for tables of numbers and short names that are asked for by the hundred: a few multiplications, keyed by a
//! secret of this run, so that nobody can choose names that meet.

use std::hash::{BuildHasher, Hasher, RandomState};

#[derive(Clone)]
pub struct Keyed(u64);

impl Default for Keyed {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0))
    }
}

impl BuildHasher for Keyed {
    type Hasher = Mix;
    fn build_hasher(&self) -> Mix {
        Mix(self.0)
    }
}

pub struct Mix(u64);

impl Mix {
    /// Both halves of the product: each bit of the result hangs on each bit of what went in.
    fn fold(&mut self, word: u64) {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let product = u128::from(self.0 ^ word) * u128::from(ODD);
        let bytes = product.to_le_bytes();
        let (low, high) = bytes.split_at(8);
        let word = |half: &[u8]| half.try_into().map_or(0, u64::from_le_bytes);
        self.0 = (word(low) ^ word(high)).rotate_left(23);
    }
}

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.fold(u64::from_le_bytes(*word)));
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.fold(u64::from_le_bytes(last) ^ ((bytes.len() as u64) << 56));
    }

    fn write_i64(&mut self, number: i64) {
        self.fold(number.cast_unsigned());
    }

    /// What ends a text: its length was mixed in.
    fn write_u8(&mut self, _: u8) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    #[test]
    fn names_that_differ_in_anything_hardly_ever_meet_and_are_found_again() {
        let names: Vec<String> = (0..20_000).map(|n| format!("person{n:06}")).collect();
        let keyed = Keyed::default();
        let hash = |name: &str| keyed.hash_one(name);
        assert!(names.iter().map(|n| hash(n)).collect::<HashSet<_>>().len() == names.len());
        // A table takes the seven highest bits and some of the lowest.
        for bits in [57, 0] {
            let mut places = HashMap::<u64, u32>::new();
            names.iter().for_each(|n| *places.entry((hash(n) >> bits) & 127).or_default() += 1);
            assert!(places.len() == 128 && places.values().all(|n| (60..300).contains(n)));
        }
        assert_ne!(hash("a"), hash("a\0"));
        let numbers: HashSet<u64> = (10_001_i64..30_001).map(|n| keyed.hash_one(n)).collect();
        assert_eq!(numbers.len(), 20_000);
        assert_ne!(hash(""), hash("\0"));
        assert_ne!(Keyed::default().hash_one("a"), Keyed::default().hash_one("a"), "each its own");
        let table: HashMap<&str, usize, Keyed> =
            names.iter().enumerate().map(|(n, name)| (name.as_str(), n)).collect();
        assert!(names.iter().enumerate().all(|(n, name)| table[name.as_str()] == n));
    }
}
