//! A connection's bytes, and how long they may wait for a reader who does not take them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use domain::limits::{READ_LEAST, READ_WITHIN};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

/// A stream that cuts off whoever reads too slowly, and holds `kept` for as long as it lives: also after it has become a
/// WebSocket, when the connection's task is long over.
pub(crate) struct Paced<K> {
    stream: TcpStream,
    /// Runs while something waits to be taken; boxed, because most connections never wait.
    waiting: Option<Pin<Box<Sleep>>>,
    /// Bytes that were taken since the time began to run.
    taken: usize,
    _kept: K,
}

impl<K> Paced<K> {
    pub(crate) const fn new(stream: TcpStream, kept: K) -> Self {
        Self { stream, waiting: None, taken: 0, _kept: kept }
    }

    fn after_writing(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(count)) = written {
            self.taken += count;
            return written;
        }
        if written.is_ready() {
            return written;
        }
        let waiting = match &mut self.waiting {
            Some(waiting) => waiting,
            none => {
                self.taken = 0;
                none.insert(Box::pin(tokio::time::sleep(READ_WITHIN)))
            }
        };
        loop {
            ready!(waiting.as_mut().poll(context));
            if self.taken < READ_LEAST {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.taken = 0;
            waiting.as_mut().reset(Instant::now() + READ_WITHIN);
        }
    }
}

impl<K: Unpin> AsyncRead for Paced<K> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<K: Unpin> AsyncWrite for Paced<K> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.after_writing(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.after_writing(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Called once all that waited is written: the next wait begins anew.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.waiting = None;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
