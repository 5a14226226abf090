//! The room channel's row: what it takes is said here; the socket itself is served before a dialect is asked.

use crate::dialect::fields::{Digits, Text};
use crate::dialect::{Sealed, Whole};
use crate::input;
use crate::model::Fault;

use super::envelope;

input! {
    /// Which group.
    pub struct Joining {
        /// A lesson's number, or the id of a group of document 003.
        pub group: Text<1, 20>,
        /// The last number the client has, when it sends no first frame: its credentials are in the request.
        pub since: Option<Digits<0, { i64::MAX }>>,
        /// A lesson's key, as in its link.
        pub k: Option<Text<32, 32>>,
    }
}

/// A plain GET: told that this is a WebSocket.
pub async fn channel(whole: Whole<Joining>) -> Result<Sealed, Fault> {
    let Joining { group, since, k } = whole.value;
    let (since, keyed) = (since.map(|Digits(n)| n), k.is_some());
    tracing::debug!(group = group.0, since, keyed, "a plain request for the room channel");
    Ok(envelope::upgrade())
}
