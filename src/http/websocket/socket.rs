//! An open WebSocket: frames in and out, pings, the end. One task owns it and alternates between both ways.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::ready;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Sink, SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;
use tokio_websockets::{CloseCode, Error, Message, ServerBuilder, WebSocketStream};

use super::Limits;
use super::sips::Sips;
use crate::http::listener::Hold;

/// How long the other end may take to confirm a close.
const FAREWELL: Duration = Duration::from_secs(1);
/// What is heard meanwhile and thrown away: a few seconds of talk, and 256 KiB in all; a flood is not waited out.
const FRAMES_LEFT: u32 = 256;
const READS_LEFT: u32 = 256;
/// RFC 6455: a close frame has 125 bytes, two of which are the code.
const REASON_BYTES_MAX: usize = 123;

/// Pings and pongs of the other end within this span; who is alive sends one every few seconds.
const CONTROLS_MAX: u32 = 600;
const CONTROLS_SPAN: Duration = Duration::from_secs(60);

/// One message of either direction, whole. Cloning shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// UTF-8.
    Text(Bytes),
    Binary(Bytes),
}

/// Why there is nothing more to hear, or nobody who listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The other end closed, with this code if it said one.
    Closed(Option<u16>),
    /// The connection broke.
    Lost(String),
    /// It broke the rules of the protocol or sent too much at once; it was told so.
    Wrong(String),
    /// It does not answer: switched off, or its cable is cut.
    Silent,
    /// It takes nothing any more.
    Stalled,
    /// The box goes down.
    Drained,
}

type Stream = WebSocketStream<Sips<TokioIo<Upgraded>>>;

/// An open WebSocket.
pub struct Socket {
    stream: Stream,
    limits: Limits,
    /// Counts as one of the listener's connections as long as it lives.
    hold: Option<Hold>,
    heard: Instant,
    /// When it was pinged, as long as it has not been heard of since.
    pinged: Option<Instant>,
    /// A pong waits to be sent: nothing is read before, so that pings cannot pile up answers.
    owes: bool,
    /// Pings and pongs since this moment.
    controls: (Instant, u32),
}

impl Socket {
    pub(super) fn new(stream: TokioIo<Upgraded>, limits: Limits, hold: Option<Hold>) -> Self {
        let most = tokio_websockets::Limits::default().max_payload_len(Some(limits.message_max));
        let stream =
            ServerBuilder::new().limits(most).serve(Sips { stream, left: pieces(&limits) });
        let now = Instant::now();
        let controls = (now, 0);
        Self { stream, limits, hold, heard: now, pinged: None, owes: false, controls }
    }

    /// The next message. Pings and answers them in between. Cancel-safe: nothing is lost when this future is
    /// dropped, so it may be one arm of a `select!`.
    pub async fn recv(&mut self) -> Result<Frame, End> {
        loop {
            if self.owes {
                self.flush().await?;
                self.owes = false;
            }
            let due = match self.pinged {
                None => self.heard + self.limits.quiet,
                Some(at) => at + self.limits.grace,
            };
            // What lies read already comes without waiting: a flood of it must not hold up the others.
            tokio::task::consume_budget().await;
            let next = tokio::select! {
                biased;
                () = drained(&mut self.hold) => return Err(End::Drained),
                next = self.stream.next() => next,
                () = tokio::time::sleep_until(due) => {
                    self.ping().await?;
                    continue;
                }
            };
            let message = match next {
                Some(Ok(message)) => message,
                Some(Err(e)) => {
                    let end = end(&e);
                    if matches!(end, End::Wrong(_)) {
                        self.part().await;
                    }
                    return Err(end);
                }
                None => return Err(End::Closed(None)),
            };
            self.heard = Instant::now();
            self.pinged = None;
            self.stream.get_mut().left = pieces(&self.limits);
            if let Some((code, _)) = message.as_close() {
                self.part().await;
                return Err(End::Closed(Some(code.into())));
            }
            if (message.is_ping() || message.is_pong()) && self.floods() {
                self.part().await;
                return Err(End::Wrong("too many pings".into()));
            }
            self.owes = message.is_ping();
            if message.is_text() {
                let text = Bytes::from(message.into_payload());
                // The library does not look at a text whose parts a ping stands between.
                if std::str::from_utf8(&text).is_err() {
                    self.part_with(CloseCode::INVALID_FRAME_PAYLOAD_DATA).await;
                    return Err(End::Wrong("text that is not UTF-8".into()));
                }
                return Ok(Frame::Text(text));
            }
            if message.is_binary() {
                return Ok(Frame::Binary(message.into_payload().into()));
            }
        }
    }

    /// Counts a ping or pong that came at `heard`.
    fn floods(&mut self) -> bool {
        if self.heard - self.controls.0 > CONTROLS_SPAN {
            self.controls = (self.heard, 0);
        }
        self.controls.1 += 1;
        self.controls.1 > CONTROLS_MAX
    }

    /// Reading goes on, and with it the ping leaves.
    async fn ping(&mut self) -> Result<(), End> {
        if self.pinged.is_some() {
            return Err(End::Silent);
        }
        self.pinged = Some(Instant::now());
        self.put(Message::ping(Bytes::new())).await
    }

    /// Sends one message and waits until the system has taken it.
    ///
    /// # Errors
    /// `Stalled` when the other end does not read, and whatever else ended the socket meanwhile.
    pub async fn send(&mut self, frame: Frame) -> Result<(), End> {
        self.feed(frame).await?;
        self.flush().await
    }

    /// Puts a message behind the others; many go out together with the next `flush` or `recv`.
    pub async fn feed(&mut self, frame: Frame) -> Result<(), End> {
        self.put(match frame {
            Frame::Text(text) => Message::text(text),
            Frame::Binary(bytes) => Message::binary(bytes),
        })
        .await
    }

    async fn put(&mut self, message: Message) -> Result<(), End> {
        let stream = &mut self.stream;
        let mut message = Some(message);
        let put = poll_fn(move |cx| {
            ready!(Pin::new(&mut *stream).poll_ready(cx))?;
            let message = message.take().expect("a future is not polled after its end");
            std::task::Poll::Ready(Pin::new(&mut *stream).start_send(message))
        });
        patiently(put, self.limits.stall, &mut self.hold).await
    }

    pub async fn flush(&mut self) -> Result<(), End> {
        patiently(self.stream.flush(), self.limits.stall, &mut self.hold).await
    }

    /// Says why, waits a moment for the other end to have read it, and is gone. `code` is one of 1000 to 1014
    /// or 3000 to 4999; of `reason` the first 123 bytes are sent.
    pub async fn close(mut self, code: u16, reason: &str) {
        let code = CloseCode::try_from(code).ok().filter(|code| !code.is_reserved());
        let code = code.unwrap_or(CloseCode::INTERNAL_SERVER_ERROR);
        let message = Message::close(Some(code), shortened(reason));
        let farewell = async {
            if self.stream.send(message).await.is_ok() {
                self.hear_out().await;
            }
        };
        if tokio::time::timeout(FAREWELL, farewell).await.is_ok() {
            self.part().await;
        }
    }

    /// Sends what is left to be sent, then reads and drops until the other end hangs up: bytes that lie unread
    /// when a connection is dropped would take the last frame with them.
    async fn part(&mut self) {
        self.part_with(CloseCode::NORMAL_CLOSURE).await;
    }

    async fn part_with(&mut self, code: CloseCode) {
        let rest = async {
            // Who has closed already does not say it again.
            let _ = self.stream.feed(Message::close(Some(code), "")).await;
            self.hear_out().await;
            let _ = self.stream.flush().await;
            let stream = self.stream.get_mut();
            let _ = stream.shutdown().await;
            let mut unread = [0; 1024];
            let mut left = READS_LEFT;
            while let (Ok(1..), 1..) = (stream.read(&mut unread).await, left) {
                left -= 1;
            }
        };
        let _ = tokio::time::timeout(FAREWELL, rest).await;
    }

    /// Until the other end has confirmed the close. The library's own `close` listens for ever to one who goes on talking.
    async fn hear_out(&mut self) {
        let mut left = FRAMES_LEFT;
        while let (Some(Ok(_)), 1..) = (self.stream.next().await, left) {
            left -= 1;
        }
    }
}

/// Bytes until a message must be whole: one that comes in frames of a byte takes eight times its length.
const fn pieces(limits: &Limits) -> usize {
    8 * limits.message_max + 64 * 1024
}

async fn patiently(
    work: impl Future<Output = Result<(), Error>>,
    stall: Duration,
    hold: &mut Option<Hold>,
) -> Result<(), End> {
    tokio::select! {
        biased;
        done = work => done.map_err(|e| end(&e)),
        () = drained(hold) => Err(End::Drained),
        () = tokio::time::sleep(stall) => Err(End::Stalled),
    }
}

async fn drained(hold: &mut Option<Hold>) {
    match hold {
        Some(hold) => hold.drained().await,
        None => std::future::pending().await,
    }
}

fn end(e: &Error) -> End {
    match e {
        Error::AlreadyClosed => End::Closed(None),
        Error::Io(e) => End::Lost(e.to_string()),
        Error::Protocol(_) | Error::PayloadTooLong { .. } => End::Wrong(e.to_string()),
        other => End::Lost(other.to_string()),
    }
}

fn shortened(reason: &str) -> &str {
    &reason[..reason.floor_char_boundary(REASON_BYTES_MAX.min(reason.len()))]
}
