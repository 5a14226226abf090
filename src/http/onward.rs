//! Where a browser may be sent on: to an address under one folder of this host and nowhere else, whatever
//! a stranger wrote into the link. Knows no page and no user.
//! Source: WHATWG URL, sections 4.4 and 4.5, for what browsers make of an address.

use super::url::{percent, query};

/// As long as any address that the documents hand out.
const BYTES_MAX: usize = 1024;

/// The relative address for `Location`, normalised and coded anew; `None` when it does not stay under `folder`
/// (with a slash at both ends).
///
/// `next` is decoded once already. `spilled` are parameters that stood beside it, decoded: clients leave `next`
/// uncoded, and what follows its first `&` then looks like parameters of the link. Those that the
/// address does not have itself are put back behind it, in their order.
pub fn within(folder: &str, next: &str, spilled: &[(&str, &str)]) -> Option<String> {
    if next.len() > BYTES_MAX || next.contains(is_treacherous) {
        return None;
    }
    let (address, _fragment) = next.split_once('#').unwrap_or((next, ""));
    let (path, asked) = address.split_once('?').unwrap_or((address, ""));
    let mut out = normal_path(path).filter(|path| path.starts_with(folder))?;
    let own: Vec<_> = query::pairs(asked).collect();
    let is_own = |name: &str| own.iter().any(|(own, _)| own == name);
    let missing = spilled.iter().filter(|(name, _)| !is_own(name));
    let own = own.iter().map(|(name, value)| (name.as_ref(), value.as_ref()));
    let mut joint = '?';
    for (name, value) in own.chain(missing.copied()) {
        out.push(joint);
        out += &percent::encode_component(name);
        out.push('=');
        out += &percent::encode_component(value);
        joint = '&';
    }
    // Coding makes three bytes of one, at most.
    (out.len() <= 3 * BYTES_MAX).then_some(out)
}

/// Browsers drop tabs and line ends from an address, and read `\` as `/`.
fn is_treacherous(c: char) -> bool {
    c.is_control() || c == '\\'
}

/// Without dot segments, also coded ones; each other segment coded anew.
fn normal_path(path: &str) -> Option<String> {
    let mut kept: Vec<String> = Vec::new();
    let mut segments = path.strip_prefix('/')?.split('/').peekable();
    while let Some(segment) = segments.next() {
        let segment = percent::decode(segment);
        if segment.contains(|c| c == '/' || is_treacherous(c)) {
            return None;
        }
        let is_dots = matches!(segment.as_ref(), "." | "..");
        if segment == ".." {
            kept.pop();
        }
        if !is_dots {
            kept.push(percent::encode_component(&segment));
        } else if segments.peek().is_none() {
            kept.push(String::new());
        }
    }
    Some(format!("/{}", kept.join("/")))
}

#[cfg(test)]
mod tests;
