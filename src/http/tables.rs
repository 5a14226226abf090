//! Tables of headers that were used, for who needs the next one on the same thread.

use std::cell::Cell;

use hyper::header::HeaderMap;

/// Places in the table of a request with a dozen headers: what is kept shall not stay large.
const PLACES_MAX: usize = 12;

thread_local! {
    static EMPTY: Cell<Option<HeaderMap>> = const { Cell::new(None) };
    /// With what a usual answer says.
    static READY: Cell<Option<HeaderMap>> = const { Cell::new(None) };
}

/// An empty one.
pub fn empty() -> HeaderMap {
    EMPTY.take().unwrap_or_default()
}

/// Emptied, if it is worth being used again.
pub fn cleared(mut table: HeaderMap) -> HeaderMap {
    if table.capacity() > PLACES_MAX {
        return HeaderMap::new();
    }
    table.clear();
    table
}

pub fn keep(table: HeaderMap) {
    EMPTY.set(Some(cleared(table)));
}

/// One that a usual answer had.
pub fn ready() -> Option<HeaderMap> {
    READY.take()
}

pub fn keep_ready(table: HeaderMap) {
    READY.set(Some(table).filter(|table| table.capacity() <= PLACES_MAX));
}
