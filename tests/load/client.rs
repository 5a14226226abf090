//! A lean HTTP/1.1 client: one connection that stays open, one request at a time, nothing copied. It must cost
//! less than the server it loads.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Done;

/// An answer that is longer is none of ours.
const ANSWER_MAX: usize = 16 << 20;

pub struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Lengths of the last answer's head and body: the next is mostly as long, and then nothing needs parsing.
    last: (usize, usize),
}

/// What came: the body stays in the connection's buffer until the next question.
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Wire {
    pub async fn open(addr: SocketAddr) -> io::Result<Self> {
        Self::on(TcpStream::connect(addr).await?)
    }

    /// On a connection that was made without the runtime.
    pub fn over(stream: std::net::TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Self::on(TcpStream::from_std(stream)?)
    }

    fn on(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::new(), last: (0, 0) })
    }

    /// Whether the other end has not closed it.
    pub fn is_open(&self) -> bool {
        let nothing_yet = |e: io::Error| e.kind() == io::ErrorKind::WouldBlock;
        self.stream.try_read(&mut [0]).is_err_and(nothing_yet)
    }

    /// Opens it again if the other end has closed it.
    pub async fn keep(&mut self, addr: SocketAddr) -> Done<()> {
        if !self.is_open() {
            *self = Self::open(addr).await?;
        }
        Ok(())
    }

    /// Sends a whole request and reads the whole answer.
    pub async fn ask(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        self.more().await?;
        let (head, length) = self.last;
        if head == 0
            || self.buffer.len() != head + length
            || self.buffer[head - 4..head] != *b"\r\n\r\n"
        {
            self.last = self.rest().await?;
        }
        let (head, _) = self.last;
        Ok(Answer { status: status_of(&self.buffer)?, body: &self.buffer[head..] })
    }

    /// Reads on to the end of an answer that has begun; answers the lengths of its head and body.
    async fn rest(&mut self) -> io::Result<(usize, usize)> {
        let head = loop {
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            self.more().await?;
        };
        let length = length_of(&self.buffer[..head])?;
        if length > ANSWER_MAX {
            return Err(broken("the answer is too long"));
        }
        while self.buffer.len() < head + length {
            self.more().await?;
        }
        if self.buffer.len() > head + length {
            return Err(broken("more came than the answer"));
        }
        Ok((head, length))
    }

    async fn more(&mut self) -> io::Result<()> {
        self.buffer.reserve(32 * 1024);
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

fn status_of(answer: &[u8]) -> io::Result<u16> {
    let digits = answer.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
    digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| broken("there is no status"))
}

fn length_of(head: &[u8]) -> io::Result<usize> {
    let text = std::str::from_utf8(head).map_err(|_| broken("the head is no text"))?;
    let named = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    };
    text.lines().find_map(named).ok_or_else(|| broken("there is no length"))
}

fn broken(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// A whole request with the headers that a client of these APIs sends; `header` is one line more, or empty.
pub fn request(method: &str, path: &str, header: &str, body: &str) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: */*\r\n");
    if !header.is_empty() {
        text += &format!("{header}\r\n");
    }
    if method == "POST" {
        text += "content-type: application/json\r\n";
        text += &format!("content-length: {}\r\n", body.len());
    }
    (text + "\r\n" + body).into_bytes()
}

/// The beginning of what was sent or came, for a complaint.
pub fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(400).collect()
}
