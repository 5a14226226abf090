//! Where a device is plugged in, read off its folder in sysfs: the same words as V4L2's `bus_info`, so that a camera and
//! its microphone have one name, and keep it over starts and cables.

use std::fs;
use std::path::Path;

/// Kernels give a folder's `subsystem`; these are the buses whose devices stay in their places.
const BUSES: [(&str, &str); 3] =
    [("platform", "platform:"), ("amba", "platform:"), ("pci", "PCI:")];
/// `device` folders of sysfs are not deeper.
const DEPTH: usize = 32;

/// Whether a text is such a name.
pub fn is_path(text: &str) -> bool {
    ["usb-", "platform:", "PCI:"].iter().any(|bus| text.starts_with(bus))
}

/// Entries of a folder of the kernel that are looked at: a machine has hundreds of terminals.
const ENTRIES_MAX: usize = 1024;

/// What stands in a folder, in order; nothing where there is none.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().take(ENTRIES_MAX);
    let mut all: Vec<String> =
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    all.sort();
    all
}

/// The bus path of a device by its folder, or a link to it: `usb-0000:01:00.0-1.2` (the host controller's
/// name and the ports from there), `platform:fe801000.csi`, `PCI:0000:03:00.0`.
pub fn bus_path(folder: &Path) -> Option<String> {
    let folder = fs::canonicalize(folder).ok()?;
    usb(&folder).or_else(|| {
        folder.ancestors().take(DEPTH).find_map(|folder| {
            let subsystem = fs::read_link(folder.join("subsystem")).ok()?;
            let (_, prefix) = BUSES.iter().find(|(name, _)| subsystem.ends_with(name))?;
            Some(format!("{prefix}{}", folder.file_name()?.to_str()?))
        })
    })
}

/// `…/CONTROLLER/usb1/1-1/1-1.2/1-1.2:1.0`: the ports of the deepest device, without the number of the bus, which is
/// dealt by who comes first.
fn usb(folder: &Path) -> Option<String> {
    let parts: Vec<&str> = folder.iter().filter_map(|part| part.to_str()).collect();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let bus = parts.iter().position(|part| part.strip_prefix("usb").is_some_and(is_number))?;
    let controller = parts.get(bus.checked_sub(1)?)?;
    let device = parts[bus + 1..].iter().rev().find_map(|part| {
        let (number, ports) = part.split_once('-')?;
        (is_number(number) && ports.split('.').all(is_number)).then_some(ports)
    })?;
    Some(format!("usb-{controller}-{device}"))
}

/// Whether something may be as both say. Between two stars there may be anything: the ends decide.
pub fn overlap(one: &str, other: &str) -> bool {
    let (Some((first, _)), Some((_, last))) = (one.split_once('*'), one.rsplit_once('*')) else {
        return matches(other, one);
    };
    let (Some((begins, _)), Some((_, ends))) = (other.split_once('*'), other.rsplit_once('*'))
    else {
        return matches(one, other);
    };
    (first.starts_with(begins) || begins.starts_with(first))
        && (last.ends_with(ends) || ends.ends_with(last))
}

/// Whether `text` is as `pattern` says, in which `*` stands for anything.
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    let Some(mut rest) = rest.strip_suffix(last) else { return false };
    for piece in pieces {
        let Some((_, after)) = rest.split_once(piece) else { return false };
        rest = after;
    }
    true
}
