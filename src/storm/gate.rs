//! The way to the gateways (F39): a gate in front of them that can be shut, so that every connection is refused.
//!
//! Refused means that not a byte of the request left the house, which no fault of a gateway that listens can show. The port
//! is held by a socket that is bound and never listens: nobody else can take it while the gate is shut.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::{JoinHandle, JoinSet};

/// How many connections may wait to be let in.
const BACKLOG: u32 = 256;

/// The gate.
#[derive(Debug)]
pub struct Gate {
    /// Where it stands.
    address: SocketAddr,
    /// What lies behind it.
    behind: SocketAddr,
    /// Lets people through; nobody while the gate is shut.
    keeper: Mutex<Option<JoinHandle<()>>>,
    /// Bound, never listening.
    _place: TcpSocket,
}

/// The gate while it is shut: nobody else can shut or open it.
#[derive(Debug)]
pub struct ShutGate<'a> {
    gate: &'a Gate,
    keeper: MutexGuard<'a, Option<JoinHandle<()>>>,
}

impl Gate {
    /// An open gate at a free port of this machine, before `behind`.
    pub fn before(behind: SocketAddr) -> io::Result<Self> {
        let place = socket()?;
        place.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = place.local_addr()?;
        let keeper = tokio::spawn(keep(listen(address)?, behind));
        Ok(Self { address, behind, keeper: Mutex::new(Some(keeper)), _place: place })
    }

    /// Its address as the base of a gateway's.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Shuts it: nobody is let in, and whoever is on the way is cut off. It stays so until it is opened.
    pub async fn shut(&self) -> ShutGate<'_> {
        let mut keeper = self.keeper.lock().await;
        if let Some(keeper) = keeper.take() {
            keeper.abort();
            // Its end is the news: the listener and all connections are gone with it.
            drop(keeper.await);
        }
        ShutGate { gate: self, keeper }
    }
}

impl ShutGate<'_> {
    /// Opens it.
    pub fn open(mut self) -> io::Result<()> {
        *self.keeper = Some(tokio::spawn(keep(listen(self.gate.address)?, self.gate.behind)));
        Ok(())
    }
}

fn socket() -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    Ok(socket)
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket()?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Lets everybody through until it is ended, and everybody with it.
async fn keep(listener: TcpListener, behind: SocketAddr) {
    let mut passing = JoinSet::new();
    loop {
        tokio::select! {
            Ok((mut outside, _)) = listener.accept() => {
                passing.spawn(async move {
                    let Ok(mut inside) = TcpStream::connect(behind).await else { return };
                    // Bytes must not wait for more of them: questions and answers are short.
                    let quick = outside.set_nodelay(true).and_then(|()| inside.set_nodelay(true));
                    if quick.is_ok() {
                        // A connection that breaks on one side breaks on the other.
                        drop(copy_bidirectional(&mut outside, &mut inside).await);
                    }
                });
            }
            Some(_) = passing.join_next() => {}
            else => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn f39_a_shut_gate_refuses_everybody_and_an_opened_one_lets_all_through() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gate = Gate::before(listener.local_addr().unwrap()).unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move { stream.write_all(b"here").await });
            }
        });
        for _ in 0..3 {
            let mut stream = TcpStream::connect(gate.address).await.unwrap();
            let mut said = [0; 4];
            stream.read_exact(&mut said).await.unwrap();
            assert_eq!(&said, b"here");
            let shut = gate.shut().await;
            let refused = TcpStream::connect(gate.address).await.unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
            shut.open().unwrap();
        }
    }
}
