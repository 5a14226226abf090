//! A cable between a client and the box: bytes pass both ways until it is cut. Then both ends stay open and
//! hear nothing any more, as when somebody pulls the plug.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub struct Relay {
    pub addr: SocketAddr,
    cut: watch::Sender<bool>,
}

impl Relay {
    pub async fn to(box_addr: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (cut, state) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(box_addr).await.unwrap();
                tokio::spawn(carry(near, far, state.clone()));
            }
        });
        Self { addr, cut }
    }

    pub fn cut(&self) {
        self.cut.send_replace(true);
    }
}

async fn carry(mut near: TcpStream, mut far: TcpStream, mut cut: watch::Receiver<bool>) {
    let cut = async { cut.wait_for(|cut| *cut).await.is_ok() };
    let was_cut = tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => false,
        cut = cut => cut,
    };
    if was_cut {
        // Neither end is told anything.
        std::future::pending::<()>().await;
    }
}
