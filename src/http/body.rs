//! Request bodies, read whole and under a limit that the caller's route states.

use std::fmt::Display;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame};
use tokio::sync::Semaphore;

/// A body that trickles is cut off; the largest one read whole is 64 KiB.
const PATIENCE: Duration = Duration::from_secs(15);
/// Bodies that may be in pieces at the same time: with 64 KiB each, 32 MiB. Almost every body of ours comes in one
/// piece and needs no place, so many slow ones keep nobody else out. Memory is the process's, so this is, too.
pub const IN_PIECES: usize = 512;
static PLACES: Semaphore = Semaphore::const_new(IN_PIECES);

#[derive(Debug)]
pub enum BodyError {
    TooLarge,
    TooSlow,
    /// Too many others come in pieces.
    Crowded,
    /// The connection broke, or the framing was wrong.
    Broken(String),
}

/// The whole body, at most `max` bytes. A declared length beyond it is refused unread.
pub async fn whole<B>(mut body: B, max: usize) -> Result<Bytes, BodyError>
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
    // Almost every body of ours has come with its head and in one piece: no timer is set for it, and that piece is
    // handed on without a copy.
    let first = match poll_fn(|cx| Poll::Ready(Pin::new(&mut body).poll_frame(cx))).await {
        Poll::Ready(None) => return Ok(Bytes::new()),
        Poll::Ready(Some(frame)) => piece(frame)?,
        Poll::Pending => Bytes::new(),
    };
    if body.is_end_stream() {
        return if first.len() > max { Err(BodyError::TooLarge) } else { Ok(first) };
    }
    let rest = Box::pin(collect(body, first, max));
    tokio::time::timeout(PATIENCE, rest).await.unwrap_or(Err(BodyError::TooSlow))
}

fn piece<E: Display>(frame: Result<Frame<Bytes>, E>) -> Result<Bytes, BodyError> {
    let frame = frame.map_err(|e| BodyError::Broken(e.to_string()))?;
    Ok(frame.into_data().unwrap_or_default())
}

async fn collect<B>(mut body: B, first: Bytes, max: usize) -> Result<Bytes, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Display,
{
    let (mut first, mut rest) = (first, BytesMut::new());
    let mut place = None;
    loop {
        if first.len() + rest.len() > max {
            return Err(BodyError::TooLarge);
        }
        let begun = !first.is_empty();
        if begun && place.is_none() && !body.is_end_stream() {
            place = Some(PLACES.try_acquire().map_err(|_| BodyError::Crowded)?);
        }
        if body.is_end_stream() {
            break;
        }
        let Some(frame) = body.frame().await else { break };
        match (begun, piece(frame)?) {
            (false, data) => first = data,
            (true, data) => rest.extend_from_slice(&data),
        }
    }
    match rest.is_empty() {
        true => Ok(first),
        false => Ok([first.as_ref(), rest.as_ref()].concat().into()),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::task::Context;

    use super::*;

    /// So many pieces, then silence.
    struct Slow(usize);

    impl Body for Slow {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            if self.0 == 0 {
                return Poll::Pending;
            }
            self.0 -= 1;
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"{")))))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn slow_bodies_have_so_many_places_for_so_long_and_keep_no_whole_body_out() {
        let mut slow = tokio::task::JoinSet::new();
        for _ in 0..IN_PIECES {
            slow.spawn(whole(Slow(3), 100));
        }
        while PLACES.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(whole(Slow(1), 100).await, Err(BodyError::Crowded)));
        let full = http_body_util::Full::new(Bytes::from_static(b"{}"));
        assert_eq!(whole(full, 100).await.unwrap(), "{}");
        while let Some(end) = slow.join_next().await {
            assert!(matches!(end.unwrap(), Err(BodyError::TooSlow)));
        }
        assert_eq!(PLACES.available_permits(), IN_PIECES);
        assert!(matches!(whole(Slow(200), 100).await, Err(BodyError::TooLarge)));
    }
}
