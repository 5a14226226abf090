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
        let addresses = std::iter::once(&row.address).chain(row.aliases);
        let Some(params) = addresses.into_iter().find_map(|address| fit(address, path)) else {
            continue;
        };
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
