//! What a line's bytes go through: a serial port, found by its bus path each time it is opened, or a UDP socket.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UdpSocket;
use tokio::task::spawn_blocking;
use tokio_serial::SerialStream;

use crate::hw::board::Serial;
use crate::hw::inputs::sysfs;

/// Where a line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Serial { port: Serial, baud: u32 },
    Udp(SocketAddr),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serial { port, .. } => f.write_str(&port.bus.join(", ")),
            Self::Udp(address) => write!(f, "udp {address}"),
        }
    }
}

/// An open line.
pub enum Port {
    Serial(SerialStream),
    Udp(UdpSocket),
}

impl Place {
    /// Whether both may be the same port, however it is set and named.
    pub fn may_be(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Serial { port, .. }, Self::Serial { port: theirs, .. }) => {
                let one = |bus: &String| theirs.bus.iter().any(|other| sysfs::overlap(bus, other));
                port.bus.iter().any(one)
            }
            (Self::Udp(address), Self::Udp(theirs)) => address == theirs,
            (Self::Serial { .. }, Self::Udp(_)) | (Self::Udp(_), Self::Serial { .. }) => false,
        }
    }

    /// # Errors
    /// One sentence.
    pub async fn open(&self, root: &Path) -> Result<Port, String> {
        match self {
            Self::Serial { port, baud } => {
                let (port, baud, root) = (port.clone(), *baud, root.to_owned());
                // An adapter that hangs costs its line a thread, and nothing else.
                let opened = spawn_blocking(move || serial(&port, baud, &root)).await;
                opened.unwrap_or_else(|e| Err(e.to_string()))
            }
            Self::Udp(address) => udp(*address).await.map(Port::Udp).map_err(|e| e.to_string()),
        }
    }
}

/// Eight bits, no parity, one stop bit, no flow control: as cameras have it, and `tokio_serial` unless told otherwise.
/// The kernel raises DTR.
fn serial(port: &Serial, baud: u32, root: &Path) -> Result<Port, String> {
    let name = port.find(root);
    let name = name.ok_or_else(|| format!("nothing is plugged in at {}", port.bus.join(", ")))?;
    let path = root.join("dev").join(name).to_string_lossy().into_owned();
    let opened = SerialStream::open(&tokio_serial::new(path.as_str(), baud));
    opened.map(Port::Serial).map_err(|e| format!("{path}: {e}"))
}

async fn udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any).await?;
    // What others send is none of ours.
    socket.connect(address).await?;
    Ok(socket)
}

impl Port {
    /// Cancel-safe. 0 is the end of a serial line.
    pub async fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Serial(port) => port.read(bytes).await,
            // An empty datagram is no end; it is not VISCA either, and is passed on as such.
            Self::Udp(socket) => socket.recv(bytes).await.map(|count| count.max(1)),
        }
    }

    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Serial(port) => port.write_all(bytes).await,
            Self::Udp(socket) => socket.send(bytes).await.map(drop),
        }
    }
}
