//! How long a connection may keep a place that others need: while it waits for a client that sends its request
//! byte by byte, says nothing at all, or has stopped reading. Bodies have limits of their own.
//!
//! No request sets a timer. A connection has one, which ticks while requests come and sleeps while none do.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// A player that pauses keeps its connection idle, not full; a full one this long is dead or hostile.
const STALLED: Duration = Duration::from_secs(60);
const TICK: Duration = Duration::from_secs(5);
/// A request's head has arrived after so many ticks: 10 to 15 s from its first byte.
const HEAD_TICKS: u8 = 3;
/// Between two requests. Clients beat every 3 s; a browser that comes later connects again.
const IDLE: Duration = Duration::from_secs(75);
/// A connection that many requests share is silent for so many ticks: 60 to 65 s.
const SILENT_TICKS: u8 = 13;

/// Where a connection is between two requests, as its stream and its service see it.
#[derive(Debug, Default)]
pub struct Phase(AtomicU8);

impl Phase {
    /// Who has connected is about to say something.
    const HEAD: u8 = 0;
    const IDLE: u8 = 1;
    /// Its handler is at work; what is written meanwhile is hyper's "100 Continue", or the end of the last answer.
    const ASKED: u8 = 2;
    const ANSWER: u8 = 3;
    const UPGRADED: u8 = 4;
    const SHARED: u8 = 5;

    /// A request's head is here.
    pub fn asked(&self) {
        self.0.store(Self::ASKED, Ordering::Relaxed);
    }

    /// Its answer is made: what is written from now on is this.
    pub fn ready(&self) {
        self.turn(Self::ASKED, Self::ANSWER);
    }

    /// The connection speaks something else from now on, which has limits of its own.
    pub fn upgraded(&self) {
        self.0.store(Self::UPGRADED, Ordering::Relaxed);
    }

    /// Many requests travel here at once (HTTP/2): the connection is given up when it is silent.
    pub fn shared(&self) {
        self.0.store(Self::SHARED, Ordering::Relaxed);
    }

    fn is(&self, phase: u8) -> bool {
        self.0.load(Ordering::Relaxed) == phase
    }

    fn turn(&self, from: u8, to: u8) {
        let _ = self.0.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// A stream that fails with `TimedOut` when its other end is given up.
pub struct Patient<S> {
    stream: S,
    phase: Arc<Phase>,
    tick: Pin<Box<Sleep>>,
    /// The tick wakes whoever reads here.
    armed: bool,
    /// The tick sleeps through the idle time.
    asleep: bool,
    /// Ticks in which this phase went on, or in which nothing was heard.
    ticks: u8,
    /// Runs while a write waits.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    pub fn new(stream: S, phase: Arc<Phase>) -> Self {
        let tick = Box::pin(tokio::time::sleep(TICK));
        Self { stream, phase, tick, armed: false, asleep: false, ticks: 0, waiting: None }
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
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(STALLED)));
        ready!(waiting.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// The same for what may be an answer, or a part of one.
    fn wrote(
        &mut self,
        written: Poll<io::Result<usize>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.phase.turn(Phase::ANSWER, Phase::IDLE);
            self.wake();
        }
        self.settle(written, cx)
    }

    /// The first byte of a request.
    fn begun(&mut self) {
        self.phase.turn(Phase::IDLE, Phase::HEAD);
        self.wake();
    }

    /// Something moves: the ticks begin again.
    fn wake(&mut self) {
        self.ticks = 0;
        if std::mem::take(&mut self.asleep) {
            self.armed = false;
            self.tick.as_mut().reset(Instant::now() + TICK);
        }
    }

    /// Nothing has come. Ready when it is enough.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // Armed once, the timer wakes this task by itself.
        if self.armed && !self.tick.is_elapsed() {
            return Poll::Pending;
        }
        while self.tick.as_mut().poll(cx).is_ready() {
            let slept = std::mem::take(&mut self.asleep);
            self.ticks = self.ticks.saturating_add(1);
            let phase = self.phase.0.load(Ordering::Relaxed);
            let enough = match phase {
                Phase::IDLE => slept,
                Phase::HEAD => self.ticks >= HEAD_TICKS,
                Phase::SHARED => self.ticks >= SILENT_TICKS,
                _ => false,
            };
            if enough {
                return Poll::Ready(());
            }
            self.asleep = phase == Phase::IDLE && self.ticks > 1;
            let pause = if self.asleep { IDLE } else { TICK };
            self.tick.as_mut().reset(Instant::now() + pause);
        }
        // A task that has used up its turn leaves no waker with the timer.
        self.armed = tokio::task::coop::has_budget_remaining();
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_ready() {
            if self.phase.is(Phase::IDLE) {
                self.begun();
            } else if self.phase.is(Phase::SHARED) {
                self.ticks = 0;
            }
            return read;
        }
        if !self.phase.is(Phase::UPGRADED) {
            ready!(self.wait(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.wrote(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.wrote(written, cx)
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
mod tests;
