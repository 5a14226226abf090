//! The box's own seal behind each part of a file: a `free` box, which players skip, with a CRC, the wall time and
//! whether the picture was interrupted before it. It lets recovery trust a part exactly.
//! Does not care what the part holds.

use crate::model::Millis;

use super::boxes::{array_at, u32_at};

/// size, `free`, magic, flags, length of the sealed part, wall time, CRC-32 of the part and of the seal before it.
pub const SEAL_LEN: usize = 36;
const MAGIC: [u8; 8] = *b"ArctosV1";
const FLAG_GAP: u32 = 1;
const CRC_AT: usize = SEAL_LEN - 4;

/// What is known of a sealed part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Of the part, without the seal.
    pub len: u32,
    /// When its first picture was taken.
    pub at: Millis,
    /// The picture was interrupted before it: an encoder's first fragment.
    pub gap: bool,
}

/// Appends the seal to a part.
///
/// # Panics
/// When the part is larger than `PART_MAX`, which the splitter does not let pass.
pub fn seal(part: &mut Vec<u8>, at: Millis, gap: bool) {
    let len = u32::try_from(part.len()).expect("the splitter bounds a part far below 4 GiB");
    let start = part.len();
    // It is kept for a while by those who watch: not with twice the room.
    part.reserve_exact(SEAL_LEN);
    part.extend_from_slice(&[0, 0, 0, 36]);
    part.extend_from_slice(b"free");
    part.extend_from_slice(&MAGIC);
    part.extend_from_slice(&(if gap { FLAG_GAP } else { 0 }).to_be_bytes());
    part.extend_from_slice(&len.to_be_bytes());
    part.extend_from_slice(&at.0.to_be_bytes());
    let crc = crc32fast::hash(part);
    part.extend_from_slice(&crc.to_be_bytes());
    debug_assert_eq!(part.len() - start, SEAL_LEN);
}

/// Reads a seal by its form alone; the part is not checked against it.
pub fn read(seal: &[u8]) -> Option<Seal> {
    let form = seal.len() == SEAL_LEN
        && u32_at(seal, 0)? == 36
        && seal[4..8] == *b"free"
        && seal[8..16] == MAGIC;
    if !form {
        return None;
    }
    let (flags, len) = (u32_at(seal, 16)?, u32_at(seal, 20)?);
    let at = Millis(i64::from_be_bytes(array_at(seal, 24)?));
    Some(Seal { len, at, gap: flags & FLAG_GAP != 0 })
}

/// The seal of a whole part with its seal behind it, when every byte is as it was written.
pub fn verify(sealed: &[u8]) -> Option<Seal> {
    let start = sealed.len().checked_sub(SEAL_LEN)?;
    let seal = read(&sealed[start..])?;
    let crc = u32_at(sealed, start + CRC_AT)?;
    let whole = usize::try_from(seal.len) == Ok(start);
    (whole && crc32fast::hash(&sealed[..start + CRC_AT]) == crc).then_some(seal)
}

/// Whether a whole sealed fragment lies anywhere in these bytes: what is before it is damage then, no torn tail.
pub fn holds_sealed(bytes: &[u8]) -> bool {
    let seals =
        bytes.windows(SEAL_LEN).enumerate().filter_map(|(at, seal)| Some((at, read(seal)?)));
    let mut parts = seals.filter_map(|(at, seal)| {
        let start = at.checked_sub(usize::try_from(seal.len).ok()?)?;
        Some(&bytes[start..at + SEAL_LEN])
    });
    parts.any(|part| part.get(4..8) == Some(b"moof") && verify(part).is_some())
}

#[cfg(test)]
mod tests;
