//! Why a lesson is not being recorded, and whether that was told already. Tries nothing again itself.

use std::mem::discriminant;

use crate::model::recording::{GapWhy, Note, RefusedWhy};

/// Why nothing is recorded at present.
#[derive(Debug)]
pub enum Away {
    Refused(RefusedWhy),
    Lost(String),
}

impl Away {
    pub fn note(&self) -> Note {
        match self {
            Self::Refused(why) => Note::Refused { why: why.clone() },
            Self::Lost(why) => Note::Lost(why.clone()),
        }
    }

    pub fn gap(&self) -> GapWhy {
        match self {
            Self::Refused(why) => GapWhy::Refused(why.clone()),
            Self::Lost(why) => GapWhy::Lost(why.clone()),
        }
    }

    /// Whether this is still the trouble that was told, whatever its figures are now.
    pub fn same(&self, told: &Self) -> bool {
        match (self, told) {
            (Self::Refused(a), Self::Refused(b)) => discriminant(a) == discriminant(b),
            // A recording that the disk broke waits for space.
            (Self::Lost(_) | Self::Refused(RefusedWhy::DiskReserve { .. }), Self::Lost(_)) => true,
            (Self::Lost(_) | Self::Refused(_), Self::Lost(_) | Self::Refused(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_the_same_whatever_its_figures() {
        let disk = |free| Away::Refused(RefusedWhy::DiskReserve { free, needed: 9 });
        let input = || Away::Refused(RefusedWhy::NoInput("a".into()));
        let lost = |why: &str| Away::Lost(why.into());
        assert!(disk(1).same(&disk(2)) && lost("a").same(&lost("b")) && disk(1).same(&lost("a")));
        assert!(!disk(1).same(&input()) && !input().same(&lost("a")) && !lost("a").same(&disk(1)));
    }
}
