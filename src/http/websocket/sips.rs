//! A stream that is read in sips: what comes over a WebSocket is taken apart without waiting, thousands of small frames
//! of it in one turn of its task. It knows nothing of frames.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop;

/// What a read counts for, of the 128 that tokio allows a task in one turn: 16 of 8 KiB.
const COST: u32 = 8;

pub struct Sips<S>(pub S);

impl<S: AsyncRead + Unpin> AsyncRead for Sips<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // The last of them is the stream's own.
        for _ in 1..COST {
            ready!(coop::poll_proceed(cx)).made_progress();
        }
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Sips<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    /// All of it lies there, and each read has one byte.
    struct Flood;

    impl AsyncRead for Flood {
        fn poll_read(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            ready!(coop::poll_proceed(cx)).made_progress();
            buf.put_slice(b"x");
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn a_flood_gives_way_after_a_few_reads() {
        let (mut flood, mut bytes) = (Sips(Flood), [0; 100]);
        let mut turns = 0;
        let mut read = std::pin::pin!(flood.read_exact(&mut bytes));
        std::future::poll_fn(|cx| {
            turns += 1;
            read.as_mut().poll(cx)
        })
        .await
        .unwrap();
        assert_eq!(turns, 100_u32.div_ceil(128 / COST));
    }
}
