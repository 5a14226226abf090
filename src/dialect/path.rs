//! Rows that are addressed by their path: `api/im/group/{id}/join`. A trailing slash is tolerated, a piece in
//! braces is a field of the row's input.

use std::borrow::Cow;

use super::{Asked, Found, Row};
use crate::http::url::percent;
use crate::model::{Conflict, Fault, Thing};

/// The row of a request and the pieces of its path.
///
/// # Errors
/// `Missing(Page)` when no row has this path, `Conflict(MethodNotAllowed)` when one has, with another method.
pub fn find(rows: &'static [Row], asked: &Asked) -> Result<Found, Fault> {
    let path = asked.path().trim_start_matches('/');
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut other_method = false;
    for row in rows {
        let Some(params) = pieces(row, path) else { continue };
        if row.takes(&asked.method) {
            return Ok(Found { row, params });
        }
        other_method = true;
    }
    Err(match other_method {
        true => Fault::Conflict(Conflict::MethodNotAllowed),
        false => Fault::Missing(Thing::Page),
    })
}

/// Names of the pieces in braces.
pub fn params(address: &'static str) -> impl Iterator<Item = &'static str> {
    address.split('/').filter_map(name)
}

fn name(piece: &'static str) -> Option<&'static str> {
    piece.strip_prefix('{')?.strip_suffix('}')
}

/// The pieces of the path, if it is the row's. Most addresses have none: they are the path, or they are not.
fn pieces(row: &Row, path: &str) -> Option<Vec<(&'static str, String)>> {
    match row.has_pieces {
        true => fit(row.address, path),
        false => (row.address == path || row.aliases.contains(&path)).then(Vec::new),
    }
}

fn fit(address: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let mut params = Vec::new();
    let mut pieces = path.split('/');
    for wanted in address.split('/') {
        let piece = pieces.next()?;
        match name(wanted) {
            Some(name) if !piece.is_empty() => {
                params.push((name, Cow::into_owned(percent::decode(piece))));
            }
            None if piece == wanted => {}
            Some(_) | None => return None,
        }
    }
    pieces.next().is_none().then_some(params)
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderMap;
    use hyper::{Method, Uri};

    use super::*;
    use crate::dialect::{DIALECTS, Verb};

    static ROWS: &[Row] = &[
        Row { aliases: &["a/c"], ..Row::blank(&[Verb::Get], "a/b") },
        Row::blank(&[Verb::Post], "a/{x}"),
        Row::blank(&[Verb::Get], "a/{x}/{y}/d"),
    ];

    #[test]
    fn an_address_is_met_whole_and_its_pieces_are_what_stands_in_their_place() {
        let check = |method: Method, path: &'static str, expected: Result<(usize, &str), bool>| {
            let uri = Uri::from_static(path);
            let found = find(ROWS, &Asked { method, uri, headers: HeaderMap::new() });
            let found = found.map(|Found { row, params }| {
                let at = ROWS.iter().position(|r| std::ptr::eq(r, row)).unwrap();
                (at, params.iter().map(|(name, value)| format!("{name}={value} ")).collect())
            });
            let refused = |fault| matches!(fault, Fault::Conflict(Conflict::MethodNotAllowed));
            let expected = expected.map(|(at, params)| (at, params.to_owned()));
            assert_eq!(found.map_err(refused), expected, "{path}");
        };
        check(Method::GET, "/a/b", Ok((0, "")));
        check(Method::GET, "/a/b/", Ok((0, "")));
        check(Method::GET, "/a/c", Ok((0, "")));
        check(Method::POST, "/a/b", Ok((1, "x=b ")));
        check(Method::POST, "/a/%41", Ok((1, "x=A ")));
        check(Method::POST, "/a/{x}", Ok((1, "x={x} ")));
        check(Method::GET, "/a/1/2/d", Ok((2, "x=1 y=2 ")));
        check(Method::DELETE, "/a/b", Err(true));
        for path in ["/a", "/a/b/c", "/a//2/d", "/a/1/2/e", "/A/b/"] {
            check(Method::GET, path, Err(false));
        }
    }

    #[test]
    fn only_an_address_without_pieces_has_other_names() {
        for row in DIALECTS.iter().flat_map(|dialect| dialect.rows) {
            assert_eq!(row.has_pieces, params(row.address).next().is_some(), "{}", row.address);
            let others = row.aliases.iter().filter(|alias| row.has_pieces || alias.contains('{'));
            assert_eq!(others.count(), 0, "{}", row.address);
        }
    }
}
