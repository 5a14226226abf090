//! A licence on its way from text to facts. Pure: bytes, keys, marks and times in, facts out; it refuses
//! nothing, asks no clock and reads no file. What follows from the facts is `domain::licence::decide`.
//!
//! The text is `armour` of 64 bytes of Ed25519 signature and the canonical JSON that was signed.

pub mod armour;
pub mod key;
pub mod paper;

use armour::{ArmourError, Label};
use key::{PrivateKey, PublicKey, SIGNATURE};

use crate::model::licence::{Facts, Licence, MarkFact, MarkFound, MarkKind, Marks, Paper, Time};

/// Signed together with the JSON, so that no other text of ours can pass for a licence.
const PURPOSE: &[u8] = b"arctos license 1\n";

/// Whose signature counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    pub keys: Vec<PublicKey>,
    /// Ids of licences that were withdrawn.
    pub revoked: Vec<String>,
}

/// All that can be said of a licence's text on a box with these marks at this time.
pub fn verify(text: Option<&[u8]>, trust: &Trust, marks: &Marks, time: Time) -> Facts {
    observe(read(text, trust), marks, time)
}

/// What the bytes are: the part of `verify` that does not change while the bytes stay.
pub fn read(text: Option<&[u8]>, trust: &Trust) -> Paper {
    let Some(text) = text else { return Paper::Absent };
    let sealed = match armour::open(Label::Licence, text) {
        Ok(sealed) => sealed,
        Err(ArmourError::NoMarkers) => return Paper::NotALicence,
        Err(ArmourError::Damaged) => return Paper::Altered,
    };
    let Some((signature, json)) = sealed.split_at_checked(SIGNATURE) else {
        return Paper::Altered;
    };
    let Some(licence) = paper::read(json) else { return Paper::Altered };
    let Some(key) = trust.keys.iter().find(|key| key.id == licence.key) else {
        return Paper::UnknownKey(licence.key);
    };
    if !key.verifies(&[PURPOSE, json].concat(), signature) {
        return Paper::Altered;
    }
    if trust.revoked.contains(&licence.id) {
        return Paper::Revoked(Box::new(licence));
    }
    Paper::Genuine(Box::new(licence))
}

/// The rest of `verify`: a paper held against the box and the time.
pub fn observe(paper: Paper, marks: &Marks, time: Time) -> Facts {
    let found = match &paper {
        Paper::Genuine(licence) | Paper::Revoked(licence) => compare(licence, marks),
        Paper::Absent | Paper::NotALicence | Paper::Altered | Paper::UnknownKey(_) => Vec::new(),
    };
    let same = found.iter().filter(|fact| fact.found == MarkFound::Same);
    let score = same.map(|fact| fact.weight).sum();
    Facts { paper, marks: found, score, time }
}

fn compare(licence: &Licence, marks: &Marks) -> Vec<MarkFact> {
    let named = |kind: &MarkKind| licence.marks.iter().any(|mark| mark.kind == *kind);
    let look = |kind: MarkKind| {
        let mut wanted = licence.marks.iter().filter(|mark| mark.kind == kind);
        let found = if wanted.any(|mark| marks.has(mark)) {
            MarkFound::Same
        } else if marks.has_kind(kind) {
            MarkFound::Other
        } else {
            MarkFound::Unreadable
        };
        MarkFact { kind, weight: marks.weight(kind), found }
    };
    MarkKind::ALL.into_iter().filter(named).map(look).collect()
}

/// The vendor's side: the text of a licence, signed. Its `key` becomes the id of the signing key.
pub fn issue(licence: &Licence, key: &PrivateKey) -> Vec<u8> {
    let licence = Licence { key: key.public.id.clone(), ..licence.clone() };
    let json = paper::write(&licence);
    let mut sealed = key.sign(&[PURPOSE, &json].concat()).to_vec();
    sealed.extend(json);
    sealed
}

#[cfg(test)]
mod tests;
