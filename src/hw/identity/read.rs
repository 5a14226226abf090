//! The values themselves, cleaned, and none that makers leave in by mistake. What cannot be read is absent.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use super::{Read, Source};
use crate::model::hex;

/// Longest value that is looked at; a fuse block is 1 KiB.
const VALUE_MAX: u64 = 4096;
/// Entries of a folder that are looked at.
const ENTRIES_MAX: usize = 256;
/// What makers write where a number belongs.
const PLACEHOLDERS: [&str; 9] = [
    "to be filled by o.e.m.",
    "default string",
    "system serial number",
    "not specified",
    "not applicable",
    "none",
    "unknown",
    "0123456789",
    "03000200-0400-0500-0006-000700080009",
];

/// Every value of a source, in a steady order.
pub fn values(source: &Source, root: &Path) -> Vec<String> {
    let from = source.from.iter().map(|path| root.join(path.trim_start_matches('/')));
    let found = from.flat_map(|path| match source.read {
        Read::Text => file(&path).map(|bytes| clean(&bytes)).into_iter().collect(),
        Read::Bytes => file(&path).map(|bytes| hex(&bytes)).into_iter().collect(),
        Read::Emmc => folders(&path).iter().filter_map(|card| emmc(card)).collect(),
        Read::Mac => folders(&path).iter().filter_map(|card| mac(card)).collect::<Vec<_>>(),
    });
    found.filter(|value| is_one(value)).collect()
}

fn file(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(VALUE_MAX).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Lower case, without the NUL of a device tree and the line's end.
fn clean(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    text.trim_matches(|c: char| c.is_whitespace() || c.is_control()).to_owned()
}

fn word(path: &Path) -> Option<String> {
    file(path).map(|bytes| clean(&bytes))
}

fn folders(path: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().take(ENTRIES_MAX);
    let mut all: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    all.sort();
    all
}

/// The CID of a soldered card; an SD card is carried from box to box.
fn emmc(card: &Path) -> Option<String> {
    let device = card.join("device");
    let soldered = word(&device.join("type")).is_none_or(|kind| kind == "mmc");
    if soldered { word(&device.join("cid")) } else { None }
}

/// The address that a card came with. Cards on USB are carried about like sticks.
fn mac(card: &Path) -> Option<String> {
    let permanent = word(&card.join("addr_assign_type")).is_none_or(|kind| kind == "0");
    let device = fs::canonicalize(card.join("device")).unwrap_or_default();
    let on_usb =
        device.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"usb"));
    if permanent && !on_usb { word(&card.join("address")) } else { None }
}

/// A value that tells one machine from another: not empty, no filler, more than one digit repeated.
fn is_one(value: &str) -> bool {
    let mut told: Vec<char> = value.chars().filter(|c| c.is_alphanumeric()).collect();
    told.sort_unstable();
    told.dedup();
    told.len() >= 2 && !PLACEHOLDERS.contains(&value)
}
