//! A server that is called and, as told, refuses, hangs, breaks off or talks nonsense. It speaks no more HTTP
//! than it takes to read a call, so that it can break every rule of it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arctos_box::wire::callback::{Delivery, webhook_verify};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

use super::SECRET;

/// What becomes of one call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    Taken,
    /// Taken, byte by byte.
    Slow,
    /// Hung up upon before it was read.
    Deaf,
    Error,
    Moved,
    /// Read as a whole, and then no answer, half a head, or half a body.
    Cut,
    CutHead,
    Short,
    Garbage,
    /// Never answered, as long as the box waits.
    Hang,
}

/// A call that was read as a whole.
#[derive(Clone, Debug)]
pub struct Heard {
    pub path: String,
    pub id: String,
    pub room: i64,
    pub video: String,
    pub body: String,
    pub signed: bool,
    /// It was answered, as a whole, that it was taken.
    pub taken: bool,
}

#[derive(Default)]
struct Book {
    answers: VecDeque<Answer>,
    heard: Vec<Heard>,
    hanging: usize,
}

pub struct Server {
    pub addr: SocketAddr,
    book: Arc<Mutex<Book>>,
    task: Option<JoinHandle<()>>,
    /// While it is down nobody else may have its address.
    kept: Option<TcpSocket>,
}

impl Server {
    pub async fn up() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let book: Arc<Mutex<Book>> = Arc::default();
        let task = Some(tokio::spawn(serve(listener, book.clone())));
        Self { addr, book, task, kept: None }
    }

    /// Connections are refused from now on.
    pub async fn goes_down(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            let _ = task.await;
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_reuseaddr(true).unwrap();
            socket.bind(self.addr).unwrap();
            self.kept = Some(socket);
        }
    }

    pub fn comes_up(&mut self) {
        if let Some(socket) = self.kept.take() {
            let listener = socket.listen(64).unwrap();
            self.task = Some(tokio::spawn(serve(listener, self.book.clone())));
        }
    }

    pub fn will(&self, answers: Vec<Answer>) {
        self.book.lock().unwrap().answers.extend(answers);
    }

    pub fn gets_well(&self) {
        self.book.lock().unwrap().answers.clear();
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.book.lock().unwrap().heard.clone()
    }

    pub fn hanging(&self) -> usize {
        self.book.lock().unwrap().hanging
    }
}

async fn serve(listener: TcpListener, book: Arc<Mutex<Book>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(answer(stream, book.clone()));
    }
}

async fn answer(mut stream: TcpStream, book: Arc<Mutex<Book>>) -> Option<()> {
    let answer = book.lock().unwrap().answers.pop_front().unwrap_or(Answer::Taken);
    if answer == Answer::Deaf {
        return None;
    }
    let call = read(&mut stream).await?;
    let taken = matches!(answer, Answer::Taken | Answer::Slow);
    book.lock().unwrap().heard.push(Heard { taken, ..call });
    let text = match answer {
        Answer::Taken | Answer::Slow => "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n",
        Answer::Error => "HTTP/1.1 500 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        Answer::Moved => {
            "HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        }
        Answer::CutHead => "HTTP/1.1 200 OK\r\ncontent-le",
        Answer::Short => "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"code\":0}",
        Answer::Garbage => "+OK this is no web server\r\n",
        Answer::Cut | Answer::Deaf => "",
        Answer::Hang => {
            book.lock().unwrap().hanging += 1;
            // Ends when the box hangs up.
            let _ = stream.read(&mut [0; 64]).await;
            book.lock().unwrap().hanging -= 1;
            return None;
        }
    };
    for part in text.as_bytes().chunks(if answer == Answer::Slow { 7 } else { 4096 }) {
        stream.write_all(part).await.ok()?;
        if answer == Answer::Slow {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    stream.shutdown().await.ok()
}

/// `None` when the caller broke off.
async fn read(stream: &mut TcpStream) -> Option<Heard> {
    let mut bytes = Vec::new();
    let (head, body) = loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length: usize = field(head, "content-length").parse().unwrap();
        if body.len() >= length {
            break (head.to_owned(), body.to_owned());
        }
    };
    let json: Value = serde_json::from_str(&body).unwrap();
    let (id, time_s) = (field(&head, "x-arctos-id"), field(&head, "x-arctos-time"));
    let delivery = Delivery { time_s: time_s.parse().unwrap(), id, body: body.as_bytes() };
    Some(Heard {
        path: head.split(' ').nth(1)?.to_owned(),
        signed: webhook_verify(SECRET.as_bytes(), &delivery, field(&head, "x-arctos-signature")),
        id: id.to_owned(),
        room: json["roomnum"].as_i64()?,
        video: json["video_id"].as_str()?.to_owned(),
        body,
        taken: false,
    })
}

fn field<'a>(head: &'a str, name: &str) -> &'a str {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let mut values = lines.filter(|(field, _)| field.eq_ignore_ascii_case(name));
    values.next().map_or("", |(_, value)| value.trim())
}
