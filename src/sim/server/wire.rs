//! The sockets: loopback connections that can be cut at any moment.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// A listener whose connections can be cut, and whose port can be shut.
#[derive(Debug)]
pub struct Lines {
    // None while the port is shut.
    listener: Option<TcpListener>,
    address: SocketAddr,
    door: watch::Receiver<bool>,
    open: Vec<Weak<std::net::TcpStream>>,
}

impl Lines {
    /// Listens while the door is open.
    pub fn new(listener: TcpListener, door: watch::Receiver<bool>) -> io::Result<Self> {
        Ok(Self {
            address: listener.local_addr()?,
            listener: Some(listener),
            door,
            open: Vec::new(),
        })
    }

    // One connection, or none if the door was shut meanwhile.
    async fn next(&mut self) -> io::Result<Option<(Line, Wire)>> {
        if !*self.door.borrow_and_update() {
            self.listener = None;
            for line in self.open.drain(..).filter_map(|it| it.upgrade()) {
                // One that has ended is as good.
                let _ = line.shutdown(std::net::Shutdown::Both);
            }
            if self.door.wait_for(|open| *open).await.is_err() {
                // Nobody is left who could open it.
                std::future::pending::<()>().await;
            }
        }
        let listener = match &mut self.listener {
            Some(it) => it,
            shut => shut.insert(TcpListener::bind(self.address).await?),
        };
        let (stream, peer) = tokio::select! {
            accepted = TcpListener::accept(listener) => accepted?,
            Ok(()) = self.door.changed() => return Ok(None),
        };
        // Small answers must not wait for each other.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        let stream = stream.into_std()?;
        let other = Arc::new(stream.try_clone()?);
        self.open.retain(|it| it.strong_count() > 0);
        self.open.push(Arc::downgrade(&other));
        let cut = Arc::new(AtomicBool::new(false));
        let line = Line {
            stream: TcpStream::from_std(stream)?,
            _other: other,
            cut: cut.clone(),
        };
        Ok(Some((line, Wire { peer, cut })))
    }
}

/// One connection as a handler knows it.
#[derive(Debug, Clone)]
pub struct Wire {
    /// Who is at the other end.
    pub peer: SocketAddr,
    cut: Arc<AtomicBool>,
}

impl Wire {
    /// Ends the connection: nothing is written to it any more.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }

    /// Ends the connection as if nobody had listened.
    pub fn reset(&self) {
        self.cut();
    }
}

/// A socket that fails once it is cut.
#[derive(Debug)]
pub struct Line {
    stream: TcpStream,
    // By this handle the listener ends it.
    _other: Arc<std::net::TcpStream>,
    cut: Arc<AtomicBool>,
}

impl Line {
    fn whole(&self) -> io::Result<()> {
        if self.cut.load(Ordering::SeqCst) {
            Err(io::Error::from(io::ErrorKind::ConnectionReset))
        } else {
            Ok(())
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Err(error) = self.whole() {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Listener for Lines {
    type Io = Line;
    type Addr = Wire;

    async fn accept(&mut self) -> (Line, Wire) {
        loop {
            match self.next().await {
                Ok(Some(accepted)) => return accepted,
                Ok(None) => {}
                Err(error) => {
                    // Out of descriptors, most likely, or somebody took the port: others will end.
                    tracing::warn!(%error, "cannot accept");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Wire> {
        Ok(Wire {
            peer: self.address,
            cut: Arc::default(),
        })
    }
}

impl Connected<IncomingStream<'_, Lines>> for Wire {
    fn connect_info(stream: IncomingStream<'_, Lines>) -> Self {
        stream.remote_addr().clone()
    }
}
