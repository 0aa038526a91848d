//! Connections that can be broken from within.
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::watch;
use tokio_stream::wrappers::{TcpListenerStream, UnixListenerStream};
use tokio_stream::{Stream, StreamExt as _};
use tonic::transport::server::Connected;

/// A connection that ends with an error when its grid breaks all.
pub(crate) struct Breakable<S> {
    stream: S,
    breaking: Pin<Box<dyn Future<Output = ()> + Send>>,
    broken: bool,
}

pub(super) fn unix(
    listener: std::os::unix::net::UnixListener,
    broken: watch::Receiver<u64>,
) -> impl Stream<Item = io::Result<Breakable<UnixStream>>> {
    listener.set_nonblocking(true).expect("wait for connections without blocking");
    let listener = UnixListener::from_std(listener).expect("listen on a socket");
    UnixListenerStream::new(listener).map(move |stream| Ok(Breakable::new(stream?, broken.clone())))
}

pub(super) fn tcp(
    listener: std::net::TcpListener,
    broken: watch::Receiver<u64>,
) -> impl Stream<Item = io::Result<Breakable<TcpStream>>> {
    listener.set_nonblocking(true).expect("wait for connections without blocking");
    let listener = TcpListener::from_std(listener).expect("listen on a port");
    TcpListenerStream::new(listener).map(move |stream| Ok(Breakable::new(stream?, broken.clone())))
}

impl<S> Breakable<S> {
    fn new(stream: S, mut broken: watch::Receiver<u64>) -> Self {
        broken.mark_unchanged();
        let breaking = Box::pin(async move {
            let _ = broken.changed().await;
        });
        Self { stream, breaking, broken: false }
    }

    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if !self.broken && self.breaking.as_mut().poll(context).is_ready() {
            self.broken = true;
        }
        if self.broken { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Breakable<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Breakable<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S> Connected for Breakable<S> {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}
