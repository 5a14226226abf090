//! A stream that is read in sips: what comes over a WebSocket is taken apart without waiting, thousands of small frames
//! of it in one turn of its task. It knows nothing of frames.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop;

/// What a read counts for, of the 128 that tokio allows a task in one turn: 16 of 8 KiB.
const COST: u32 = 8;

pub struct Sips<S> {
    pub stream: S,
    /// So many bytes may come before something is whole.
    pub left: usize,
}

impl<S: AsyncRead + Unpin> AsyncRead for Sips<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left == 0 {
            return Poll::Ready(Err(io::Error::other("it comes in too many pieces")));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.left = self.left.saturating_sub(buf.filled().len() - before);
        // One of them was the stream's own.
        for _ in 1..COST {
            match coop::poll_proceed(cx) {
                Poll::Ready(more) => more.made_progress(),
                Poll::Pending => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Sips<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
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
        let (mut flood, mut bytes) = (Sips { stream: Flood, left: 100 }, [0; 100]);
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

    #[tokio::test]
    async fn what_never_becomes_whole_has_an_end() {
        let (mut flood, mut bytes) = (Sips { stream: Flood, left: 100 }, Vec::new());
        flood.read_to_end(&mut bytes).await.unwrap_err();
        assert_eq!(bytes.len(), 100);
    }
}
