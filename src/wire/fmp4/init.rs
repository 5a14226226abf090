//! Reads an init part: which tracks there are, how they count time and what a player must be able to decode.

use std::ops::Range;

use super::Fmp4Error;
use super::boxes::{Atom, atoms, find, u16_at, u32_at};

/// A recording has a picture and a sound; an encoder that announces more than this is not ours.
const TRACKS_MAX: usize = 8;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Init {
    pub tracks: Vec<Track>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    pub id: u32,
    /// Ticks a second; never 0.
    pub timescale: u32,
    pub kind: TrackKind,
    /// RFC 6381.
    pub codec: String,
    /// What `trex` says of samples that say nothing themselves.
    pub sample_duration: u32,
    pub sample_flags: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackKind {
    Video { width: u32, height: u32 },
    Audio,
    Other,
}

impl Init {
    /// Reads `ftyp` and `moov`; boxes around them are ignored.
    ///
    /// # Errors
    /// When there is no `moov`, or a track in it that cannot be timed.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fmp4Error> {
        let moov = find(bytes, 0..bytes.len(), *b"moov")?;
        let mut tracks = Vec::new();
        for atom in atoms(bytes, moov.body.clone()) {
            let atom = atom?;
            if atom.kind == *b"trak" {
                tracks.push(track(bytes, &atom)?);
            }
        }
        if tracks.is_empty() || tracks.len() > TRACKS_MAX {
            return Err(Fmp4Error::Value(*b"moov"));
        }
        if let Ok(mvex) = find(bytes, moov.body, *b"mvex") {
            defaults(bytes, mvex.body, &mut tracks)?;
        }
        Ok(Self { tracks })
    }

    pub fn track(&self, id: u32) -> Option<&Track> {
        self.tracks.iter().find(|track| track.id == id)
    }

    /// For `CODECS` of a playlist and `MediaSource.isTypeSupported`.
    pub fn codecs(&self) -> String {
        let codecs: Vec<&str> = self.tracks.iter().map(|track| track.codec.as_str()).collect();
        codecs.join(",")
    }

    /// Width and height of the first picture track; 0 × 0 without one.
    pub fn size(&self) -> (u32, u32) {
        let mut sizes = self.tracks.iter().filter_map(|track| match track.kind {
            TrackKind::Video { width, height } => Some((width, height)),
            TrackKind::Audio | TrackKind::Other => None,
        });
        sizes.next().unwrap_or_default()
    }
}

fn track(bytes: &[u8], trak: &Atom) -> Result<Track, Fmp4Error> {
    let tkhd = &bytes[find(bytes, trak.body.clone(), *b"tkhd")?.body];
    // Version 1 has 64-bit times before the id.
    let id_at = if tkhd.first() == Some(&1) { 20 } else { 12 };
    let id = u32_at(tkhd, id_at).ok_or(Fmp4Error::Short(*b"tkhd"))?;
    let mdia = find(bytes, trak.body.clone(), *b"mdia")?.body;
    let mdhd = &bytes[find(bytes, mdia.clone(), *b"mdhd")?.body];
    let scale_at = if mdhd.first() == Some(&1) { 20 } else { 12 };
    let timescale = u32_at(mdhd, scale_at).ok_or(Fmp4Error::Short(*b"mdhd"))?;
    if timescale == 0 {
        return Err(Fmp4Error::Value(*b"mdhd"));
    }
    let minf = find(bytes, mdia, *b"minf")?.body;
    let stbl = find(bytes, minf, *b"stbl")?.body;
    let stsd = find(bytes, stbl, *b"stsd")?.body;
    // Version, flags and a count stand before the entries; only the first entry is used by anybody.
    let entries = stsd.start.saturating_add(8)..stsd.end;
    let entry = atoms(bytes, entries).next().ok_or(Fmp4Error::Missing(*b"stsd"))??;
    let (kind, codec) = sample_entry(bytes, &entry)?;
    Ok(Track { id, timescale, kind, codec, sample_duration: 0, sample_flags: 0 })
}

fn sample_entry(bytes: &[u8], entry: &Atom) -> Result<(TrackKind, String), Fmp4Error> {
    let body = &bytes[entry.body.clone()];
    let short = Fmp4Error::Short(entry.kind);
    let name = entry.kind.escape_ascii().to_string();
    match &entry.kind {
        b"avc1" | b"avc3" | b"hvc1" | b"hev1" => {
            let width = u32::from(u16_at(body, 24).ok_or(short)?);
            let height = u32::from(u16_at(body, 26).ok_or(short)?);
            let inner = entry.body.start + 78..entry.body.end;
            let codec = find(bytes, inner, *b"avcC")
                .ok()
                .and_then(|atom| bytes[atom.body].get(1..4))
                .map_or(name.clone(), |p| format!("{name}.{:02x}{:02x}{:02x}", p[0], p[1], p[2]));
            Ok((TrackKind::Video { width, height }, codec))
        }
        b"mp4a" => {
            let inner = entry.body.start + 28..entry.body.end;
            let esds = find(bytes, inner, *b"esds").ok();
            let codec = esds.and_then(|atom| audio_object(&bytes[atom.body])).unwrap_or(name);
            Ok((TrackKind::Audio, codec))
        }
        _ => Ok((TrackKind::Other, name)),
    }
}

/// `mp4a.40.2` out of the descriptors of an `esds` box.
fn audio_object(esds: &[u8]) -> Option<String> {
    let es = descriptor(esds.get(4..)?, 3)?;
    let flags = *es.get(2)?;
    let mut at = 3;
    if flags & 0x80 != 0 {
        at += 2;
    }
    if flags & 0x40 != 0 {
        at += 1 + usize::from(*es.get(at)?);
    }
    if flags & 0x20 != 0 {
        at += 2;
    }
    let config = descriptor(es.get(at..)?, 4)?;
    let object = *config.first()?;
    if object != 0x40 {
        return Some(format!("mp4a.{object:02x}"));
    }
    let specific = descriptor(config.get(13..)?, 5)?;
    let bits = u16::from_be_bytes([*specific.first()?, *specific.get(1)?]);
    let kind = match bits >> 11 {
        31 => 32 + ((bits >> 5) & 63),
        kind => kind,
    };
    Some(format!("mp4a.40.{kind}"))
}

/// The body of the descriptor that `bytes` begins with, when it has this tag.
fn descriptor(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    if *bytes.first()? != tag {
        return None;
    }
    let (mut len, mut at) = (0usize, 1);
    while at <= 4 {
        let byte = *bytes.get(at)?;
        len = len << 7 | usize::from(byte & 127);
        at += 1;
        if byte & 128 == 0 {
            break;
        }
    }
    bytes.get(at..at.checked_add(len)?)
}

fn defaults(bytes: &[u8], mvex: Range<usize>, tracks: &mut [Track]) -> Result<(), Fmp4Error> {
    for atom in atoms(bytes, mvex) {
        let atom = atom?;
        if atom.kind != *b"trex" {
            continue;
        }
        let trex = &bytes[atom.body];
        let field = |at| u32_at(trex, at).ok_or(Fmp4Error::Short(*b"trex"));
        let id = field(4)?;
        if let Some(track) = tracks.iter_mut().find(|track| track.id == id) {
            (track.sample_duration, track.sample_flags) = (field(12)?, field(20)?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
