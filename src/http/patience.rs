//! How long a connection may keep a place that others need: while it waits for a client that sends its request
//! byte by byte, says nothing at all, or has stopped reading. Bodies have limits of their own.
//!
//! No request sets a timer. A connection has one. While hyper serves it, it ticks as long as requests come; before it
//! sleeps, the connection is asked to rest: hyper goes, and what it kept. Without hyper the timer goes off at the end of
//! the client's time alone.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// A player that pauses keeps its connection idle, not full; a full one this long is dead or hostile.
const STALLED: Duration = Duration::from_secs(60);
/// So soon a connection rests on which nothing more comes.
const TICK: Duration = Duration::from_millis(250);
/// A request's head has arrived after so many ticks: 15 s from its first byte. Who connects has as long to begin.
const HEAD_TICKS: u16 = 60;
const HEAD: Duration = TICK.saturating_mul(HEAD_TICKS as u32);
/// Between two requests. Clients beat every 3 s; a browser that comes later connects again.
const IDLE: Duration = Duration::from_secs(75);
/// Most of hyper's answers, head and body.
const JOINED_MAX: usize = 1024;
/// A connection that many requests share is looked at so often, and is silent for so many of these: 60 to 65 s.
const SHARED_TICK: Duration = Duration::from_secs(5);
const SILENT_TICKS: u16 = 13;

/// Where a connection is between two requests, as its stream and its service see it while hyper serves it.
#[derive(Debug, Default)]
pub struct Phase {
    now: AtomicU8,
    /// The answer is read while it is sent: when it is out is not seen from here.
    streams: AtomicBool,
}

impl Phase {
    /// The first bytes of a request are here.
    const HEAD: u8 = 0;
    const IDLE: u8 = 1;
    /// Its handler is at work; what is written meanwhile is hyper's "100 Continue", or the end of the last answer.
    const ASKED: u8 = 2;
    const ANSWER: u8 = 3;
    const UPGRADED: u8 = 4;
    const SHARED: u8 = 5;
    /// Idle for a while: nothing is under way in either direction.
    const TIRED: u8 = 6;
    /// Its server is being put away. The stream stays open.
    const RESTING: u8 = 7;

    /// A request's head is here.
    pub fn asked(&self) {
        self.now.store(Self::ASKED, Ordering::Relaxed);
    }

    /// Its answer is made: what is written from now on is this.
    pub fn ready(&self, streams: bool) {
        self.streams.store(streams, Ordering::Relaxed);
        self.turn(Self::ASKED, Self::ANSWER);
    }

    /// Whether its server may be put away. Then the end of that is not the stream's.
    pub fn rests(&self) -> bool {
        self.is(Self::TIRED) && self.turn(Self::TIRED, Self::RESTING)
    }

    /// The end of that: its server was put away, or something was under way after all.
    pub fn rested(&self) -> bool {
        self.turn(Self::RESTING, Self::IDLE)
    }

    /// The connection speaks something else from now on, which has limits of its own.
    pub fn upgraded(&self) {
        self.now.store(Self::UPGRADED, Ordering::Relaxed);
    }

    /// Many requests travel here at once (HTTP/2): the connection is given up when it is silent.
    pub fn shared(&self) {
        self.now.store(Self::SHARED, Ordering::Relaxed);
    }

    fn is(&self, phase: u8) -> bool {
        self.now.load(Ordering::Relaxed) == phase
    }

    fn turn(&self, from: u8, to: u8) -> bool {
        self.now.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// A stream that fails with `TimedOut` when its other end is given up.
pub struct Patient<S> {
    stream: S,
    phase: Arc<Phase>,
    /// While nobody serves it: since when nothing has come, and how long that may last.
    since: Instant,
    patience: Duration,
    /// Read already, for whoever reads next.
    ahead: Bytes,
    /// Everything that was to be written is.
    flushed: bool,
    tick: Pin<Box<Sleep>>,
    /// The tick wakes whoever reads here.
    armed: bool,
    /// The tick sleeps through the idle time.
    asleep: bool,
    /// Ticks in which this phase went on, or in which nothing was heard.
    ticks: u16,
    /// Runs while a write waits.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    pub fn new(stream: S, phase: Arc<Phase>) -> Self {
        let since = Instant::now();
        Self {
            stream,
            phase,
            since,
            patience: HEAD,
            ahead: Bytes::new(),
            flushed: true,
            tick: Box::pin(tokio::time::sleep_until(since + HEAD)),
            armed: false,
            asleep: false,
            ticks: 0,
            waiting: None,
        }
    }

    /// Reads the first bytes of the next request. Nobody serves this stream now, and no timer is set for a request; an
    /// error is the end of the connection.
    pub fn poll_next(
        &mut self,
        room: &mut ReadBuf<'_>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>>
    where
        S: AsyncRead + Unpin,
    {
        let read = self.poll_early(room, cx);
        if read.is_ready() {
            return read;
        }
        if self.armed && !self.tick.is_elapsed() {
            return Poll::Pending;
        }
        while self.tick.as_mut().poll(cx).is_ready() {
            let end = self.since + self.patience;
            if end <= Instant::now() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.tick.as_mut().reset(end);
        }
        self.armed = tokio::task::coop::has_budget_remaining();
        Poll::Pending
    }

    /// Reads what comes while an answer is made, which may take as long as it takes.
    pub fn poll_early(
        &mut self,
        room: &mut ReadBuf<'_>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>>
    where
        S: AsyncRead + Unpin,
    {
        ready!(Pin::new(&mut self.stream).poll_read(cx, room))?;
        // A read that came to nothing is the other end's.
        Poll::Ready(match room.filled().is_empty() {
            true => Err(io::ErrorKind::UnexpectedEof.into()),
            false => Ok(()),
        })
    }

    /// Sends an answer to its end. The next request may come.
    pub fn poll_send(&mut self, out: &mut impl Buf, cx: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        S: AsyncWrite + Unpin,
    {
        while out.has_remaining() {
            let mut pieces = [io::IoSlice::new(&[]); 2];
            let count = out.chunks_vectored(&mut pieces);
            let stream = Pin::new(&mut self.stream);
            let written = match &pieces[..count] {
                [one] => stream.poll_write(cx, one),
                several => stream.poll_write_vectored(cx, several),
            };
            match ready!(self.settle(written, cx))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                length => out.advance(length),
            }
        }
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        ready!(self.settle(flushed, cx))?;
        (self.since, self.patience) = (Instant::now(), IDLE);
        Poll::Ready(Ok(()))
    }

    /// Somebody serves it from now on. `ahead` is the first that is read.
    pub fn serve(&mut self, ahead: Bytes) {
        self.ahead = ahead;
        self.phase.now.store(Phase::HEAD, Ordering::Relaxed);
        self.asleep = true;
        self.wake();
    }

    /// Nobody serves it any more: it waits for its next request.
    pub fn rest(&mut self) {
        (self.since, self.patience, self.armed) = (Instant::now(), IDLE, false);
        self.tick.as_mut().reset(self.since + IDLE);
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
        self.flushed = false;
        if written.is_ready() {
            self.phase.turn(Phase::ANSWER, Phase::IDLE);
            self.wake();
        }
        self.settle(written, cx)
    }

    /// The first byte of a request.
    fn begun(&mut self) {
        let _ =
            self.phase.turn(Phase::IDLE, Phase::HEAD) || self.phase.turn(Phase::TIRED, Phase::HEAD);
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
            let phase = self.phase.now.load(Ordering::Relaxed);
            let enough = match phase {
                Phase::IDLE | Phase::TIRED => slept,
                Phase::HEAD => self.ticks >= HEAD_TICKS,
                Phase::SHARED => self.ticks >= SILENT_TICKS,
                _ => false,
            };
            if enough {
                return Poll::Ready(());
            }
            self.asleep = phase == Phase::IDLE && self.ticks > 1;
            if self.asleep && self.flushed && !self.phase.streams.load(Ordering::Relaxed) {
                self.phase.turn(Phase::IDLE, Phase::TIRED);
            }
            let pause = match phase {
                Phase::IDLE if self.asleep => IDLE,
                Phase::SHARED => SHARED_TICK,
                _ => TICK,
            };
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
        if !self.ahead.is_empty() {
            let length = self.ahead.len().min(buf.remaining());
            buf.put_slice(&self.ahead.split_to(length));
            return Poll::Ready(Ok(()));
        }
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_ready() {
            if self.phase.is(Phase::IDLE) || self.phase.is(Phase::TIRED) {
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
        // A small head and a small body are cheaper copied together than described to the kernel one by one.
        let mut joined = [0; JOINED_MAX];
        let written = match join(bufs, &mut joined) {
            Some(all) => Pin::new(&mut self.stream).poll_write(cx, all),
            None => Pin::new(&mut self.stream).poll_write_vectored(cx, bufs),
        };
        self.wrote(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.flushed = flushed.is_ready();
        self.settle(flushed, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.phase.is(Phase::RESTING) {
            return Poll::Ready(Ok(()));
        }
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.settle(shut, cx)
    }
}

/// The bytes of all, if there is room for them.
fn join<'a>(bufs: &[io::IoSlice<'_>], room: &'a mut [u8]) -> Option<&'a [u8]> {
    let mut end = 0;
    for buf in bufs {
        room.get_mut(end..end + buf.len())?.copy_from_slice(buf);
        end += buf.len();
    }
    Some(&room[..end])
}

#[cfg(test)]
mod tests;
