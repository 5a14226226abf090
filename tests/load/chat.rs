//! A lesson's room channel: some speak, all listen. What was said must come to each, once and in order.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_websockets::{ClientBuilder, Message};

use crate::Done;

/// Each speaker says one thing in this time.
const EACH: Duration = Duration::from_secs(1);

pub struct Seat {
    pub addr: SocketAddr,
    pub room: i64,
    pub token: String,
    pub speaks: bool,
}

/// Sits in the channel until `end`; answers how long what was said in that time needed to come here.
pub async fn sit(seat: Seat, began: Instant, end: Instant) -> Done<Vec<Duration>> {
    let uri = format!("ws://{}/box/v1/channel?group={}", seat.addr, seat.room);
    let tcp = TcpStream::connect(seat.addr).await?;
    tcp.set_nodelay(true)?;
    let (mut stream, _) = ClientBuilder::from_uri(uri.parse()?).connect_on(tcp).await?;
    // Only what comes from now on.
    let hello = json!({"token": seat.token, "since": i64::MAX});
    stream.send(Message::text(hello.to_string())).await?;
    let mut says = tokio::time::interval(EACH);
    let (mut last, mut delays) = (0, Vec::new());
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(end.into()) => return Ok(delays),
            _ = says.tick(), if seat.speaks => {
                let at = began.elapsed().as_secs_f64();
                let says = json!({"type": 1, "body": {"at": at}, "ref": "load"});
                stream.send(Message::text(says.to_string())).await?;
            }
            came = stream.next() => {
                let message = came.ok_or("the channel closed")??;
                let Some(text) = message.as_text() else { continue };
                let frame: Value = serde_json::from_str(text)?;
                if frame["type"] == 400 {
                    return Err(format!("the channel refuses: {frame}").into());
                }
                let seq = frame["seq"].as_i64().unwrap_or(0);
                if seq == 0 {
                    continue;
                }
                if last != 0 && seq != last + 1 {
                    return Err(format!("a gap in the channel: {seq} after {last}").into());
                }
                last = seq;
                if let Some(at) = frame["body"]["at"].as_f64() {
                    delays.push(began.elapsed().saturating_sub(Duration::from_secs_f64(at)));
                }
            }
        }
    }
}
