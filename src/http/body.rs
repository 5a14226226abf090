//! Request bodies, read whole and under a limit that the caller's route states.

use std::fmt::Display;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;

/// A body that trickles is cut off; the largest one read whole is 64 KiB.
const PATIENCE: Duration = Duration::from_secs(15);

#[derive(Debug)]
pub enum BodyError {
    TooLarge,
    TooSlow,
    /// The connection broke, or the framing was wrong.
    Broken(String),
}

/// The whole body, at most `max` bytes. A declared length beyond it is refused unread.
pub async fn whole<B>(body: B, max: usize) -> Result<Bytes, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Display,
{
    let hint = body.size_hint();
    if hint.lower() > max as u64 {
        return Err(BodyError::TooLarge);
    }
    if hint.exact() == Some(0) {
        return Ok(Bytes::new());
    }
    match tokio::time::timeout(PATIENCE, collect(body, max)).await {
        Ok(done) => done,
        Err(_) => Err(BodyError::TooSlow),
    }
}

async fn collect<B>(mut body: B, max: usize) -> Result<Bytes, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Display,
{
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| BodyError::Broken(e.to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        let so_far = first.as_ref().map_or(0, Bytes::len) + rest.len();
        if so_far + data.len() > max {
            return Err(BodyError::TooLarge);
        }
        match &first {
            // Almost every body of ours comes in one piece: hand that piece on without a copy.
            None => first = Some(data),
            Some(_) => rest.extend_from_slice(&data),
        }
    }
    match (first, rest.is_empty()) {
        (None, _) => Ok(Bytes::new()),
        (Some(only), true) => Ok(only),
        (Some(start), false) => Ok([start.as_ref(), rest.as_ref()].concat().into()),
    }
}
