//! A connection whose other end has stopped reading is given up after a while: it holds a place that others
//! need. Reading has limits of its own (header and body time-outs), but for a connection on which many requests
//! travel at once: that one is given up when nothing comes for too long.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// A player that pauses keeps its connection idle, not full; a full one this long is dead or hostile.
const STALLED: Duration = Duration::from_secs(60);

/// A stream that fails with `TimedOut` when not one byte could be written for `STALLED`.
pub struct Patient<S> {
    stream: S,
    limit: Duration,
    /// Runs while a write waits.
    waiting: Option<Pin<Box<Sleep>>>,
    silence: Option<Silence>,
}

/// How long the other end has said nothing.
struct Silence {
    most: Duration,
    heard: Instant,
    /// Runs since the first read that waited; looks at `heard` when it ends.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    pub fn new(stream: S) -> Self {
        Self { stream, limit: STALLED, waiting: None, silence: None }
    }

    /// Reading fails with `TimedOut` as well, when not one byte came for so long.
    pub fn and_silent_at_most(mut self, most: Duration) -> Self {
        self.silence = Some(Silence { most, heard: Instant::now(), alarm: None });
        self
    }

    /// Passes on what a write came to, and counts how long it has come to nothing.
    fn settle<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let limit = self.limit;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        ready!(waiting.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Silence {
    /// Passes on what a read came to, and watches how long it has come to nothing.
    fn settle(&mut self, read: Poll<io::Result<()>>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if read.is_ready() {
            self.heard = Instant::now();
            return read;
        }
        loop {
            let due = self.heard + self.most;
            let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
            ready!(alarm.as_mut().poll(cx));
            if alarm.deadline() == due {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            alarm.as_mut().reset(due);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        match &mut self.silence {
            Some(silence) => silence.settle(read, cx),
            None => read,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.settle(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.settle(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.settle(flushed, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.settle(shut, cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn a_reader_that_stops_reading_is_given_up_and_a_slow_one_is_not() {
        let (near, mut far) = tokio::io::duplex(16);
        let limit = Duration::from_millis(300);
        let mut patient = Patient { stream: near, limit, waiting: None, silence: None };
        let slow = tokio::spawn(async move {
            let mut byte = [0; 8];
            for _ in 0..6 {
                tokio::time::sleep(Duration::from_millis(100)).await;
                far.read_exact(&mut byte).await.unwrap();
            }
            far
        });
        patient.write_all(&[1; 48]).await.unwrap();
        let far = slow.await.unwrap();
        let stopped = patient.write_all(&[1; 64]).await.unwrap_err();
        assert_eq!(stopped.kind(), io::ErrorKind::TimedOut);
        drop(far);
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_is_given_up_and_who_says_little_is_not() {
        let (near, mut far) = tokio::io::duplex(16);
        let mut patient = Patient::new(near).and_silent_at_most(Duration::from_secs(60));
        let began = Instant::now();
        let talk = tokio::spawn(async move {
            for _ in 0..5 {
                tokio::time::sleep(Duration::from_secs(40)).await;
                far.write_all(&[1]).await.unwrap();
            }
            far
        });
        let mut bytes = [0; 5];
        patient.read_exact(&mut bytes).await.unwrap();
        let far = talk.await.unwrap();
        let silent = patient.read_u8().await.unwrap_err();
        assert_eq!(silent.kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), 5 * 40 + 60);
        drop(far);
    }
}
