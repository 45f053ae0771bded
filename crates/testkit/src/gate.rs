//! A port whose every connection is given to a task of its own, and that can be shut and opened again: what all proxies of
//! these tests are built on.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc as back;
use std::thread::{self, JoinHandle};

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::loopback::lasting_port;

/// Connections that may wait to be taken.
const BACKLOG: u32 = 1024;

/// The open port. It works on a thread of its own, so that a test may wait in whatever way it likes; dropped, it closes.
#[derive(Debug)]
pub(crate) struct Gate {
    address: SocketAddr,
    orders: Option<mpsc::UnboundedSender<Order>>,
    count: Arc<Count>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Count {
    taken: AtomicUsize,
    open: AtomicUsize,
}

/// One more open connection, as long as it lives.
struct Counted(Arc<Count>);

impl Counted {
    fn new(count: &Arc<Count>) -> Self {
        count.taken.fetch_add(1, Ordering::SeqCst);
        count.open.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What is done at once, and then said to be done.
#[derive(Debug)]
struct Order {
    what: What,
    done: back::Sender<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Shut,
    Reopen,
    Sever,
}

impl Gate {
    /// Listens on this address, or on a port of the loopback that stays free for it while it is shut. `serve` has each
    /// connection; `beside` runs as long as the gate stands.
    pub(crate) fn open<S, F>(
        listen: Option<SocketAddr>,
        beside: impl Future<Output = ()> + Send + 'static,
        serve: S,
    ) -> Self
    where
        S: Fn(TcpStream) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let place = match listen {
            Some(address) => Place::take(address).unwrap_or_else(|error| panic!("{address} can't be had: {error}")),
            None => (0..100)
                .find_map(|_| Place::take((Ipv4Addr::LOCALHOST, lasting_port()).into()).ok())
                .expect("a free port on the loopback"),
        };
        let address = place.address;
        assert!(address.ip().is_loopback(), "tests listen on the loopback only, not on {address}");
        let (orders, received) = mpsc::unbounded_channel();
        let count = Arc::new(Count::default());
        let counting = Arc::clone(&count);
        let (listens, open) = back::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = place.listen();
                listens.send(()).expect("who opens it waits");
                let beside = tokio::spawn(beside);
                keep(&place, listener, received, counting, serve).await;
                beside.abort();
            });
        });
        open.recv().expect("the gate's thread listens");
        Self { address, orders: Some(orders), count, thread: Some(thread) }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections came in so far.
    pub(crate) fn taken(&self) -> usize {
        self.count.taken.load(Ordering::SeqCst)
    }

    /// How many of them are still there.
    pub(crate) fn open_now(&self) -> usize {
        self.count.open.load(Ordering::SeqCst)
    }

    /// Ends all connections and refuses new ones. Both are so when this comes back.
    pub(crate) fn shut(&self) {
        self.order(What::Shut);
    }

    /// Takes connections again.
    pub(crate) fn reopen(&self) {
        self.order(What::Reopen);
    }

    /// Ends all connections, and goes on taking new ones.
    pub(crate) fn sever(&self) {
        self.order(What::Sever);
    }

    fn order(&self, what: What) {
        let (done, answer) = back::channel();
        let orders = self.orders.as_ref().expect("open as long as we live");
        orders.send(Order { what, done }).expect("the gate's thread lives as long as we do");
        answer.recv().expect("the gate's thread lives as long as we do");
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            // Its panic was printed; another one here would hide why the test failed.
            let _ = thread.join();
        }
    }
}

/// A port that is ours as long as the gate stands, listened on or not.
///
/// A bound socket that never listens keeps it: others, which ask for no sharing, don't get the port while the gate is shut,
/// and there is no moment at which it is nobody's. To bind again after the listener was closed would not do: a process that
/// another thread starts at that moment holds a copy of the listener until it has become its own program.
struct Place {
    address: SocketAddr,
    _keeper: TcpSocket,
}

impl Place {
    fn take(address: SocketAddr) -> io::Result<Self> {
        let keeper = Self::bind(address)?;
        Ok(Self { address: keeper.local_addr()?, _keeper: keeper })
    }

    /// Shared (SO_REUSEPORT) with this user's sockets that say so too, which are those of this gate.
    fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseport(true)?;
        socket.bind(address)?;
        Ok(socket)
    }

    fn listen(&self) -> TcpListener {
        Self::bind(self.address)
            .and_then(|socket| socket.listen(BACKLOG))
            .unwrap_or_else(|error| panic!("{} can't be listened on: {error}", self.address))
    }
}

async fn keep<F: Future<Output = ()> + Send + 'static>(
    place: &Place,
    listener: TcpListener,
    mut orders: mpsc::UnboundedReceiver<Order>,
    count: Arc<Count>,
    serve: impl Fn(TcpStream) -> F,
) {
    let mut listener = Some(listener);
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            order = orders.recv() => {
                let Some(Order { what, done }) = order else { return };
                if what == What::Shut {
                    listener = None;
                }
                if what == What::Reopen {
                    listener = Some(listener.take().unwrap_or_else(|| place.listen()));
                } else {
                    tasks.shutdown().await;
                }
                // Who ordered may have given up waiting.
                let _ = done.send(());
            }
            stream = take(listener.as_ref()) => {
                // It may have gone before it was taken.
                let Ok(stream) = stream else { continue };
                let counted = Counted::new(&count);
                let served = serve(stream);
                tasks.spawn(async move {
                    served.await;
                    drop(counted);
                });
            }
            Some(_) = tasks.join_next() => {}
        }
    }
}

async fn take(listener: Option<&TcpListener>) -> io::Result<TcpStream> {
    match listener {
        None => std::future::pending().await,
        Some(listener) => {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            Ok(stream)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::Gate;
    use crate::{connect, eventually, try_connect};

    /// Says what it hears.
    fn echo() -> Gate {
        Gate::open(None, async {}, |mut stream| async move {
            let (mut reading, mut writing) = stream.split();
            let _ = tokio::io::copy(&mut reading, &mut writing).await;
        })
    }

    #[tokio::test]
    async fn whoever_comes_is_served_and_counted() {
        let gate = echo();
        let (mut one, mut two) = (connect(gate.address()).await, connect(gate.address()).await);
        for stream in [&mut one, &mut two] {
            stream.write_all(b"hello").await.unwrap();
            let mut heard = [0; 5];
            stream.read_exact(&mut heard).await.unwrap();
            assert_eq!(&heard, b"hello");
        }
        assert_eq!((gate.taken(), gate.open_now()), (2, 2));
        drop(one);
        eventually(Duration::from_secs(5), "one has gone", async || gate.open_now() == 1).await;
        assert_eq!(gate.taken(), 2);
    }

    #[tokio::test]
    async fn once_shut_nobody_is_there_and_nobody_comes_in_until_it_is_opened() {
        let gate = echo();
        let mut before = connect(gate.address()).await;
        eventually(Duration::from_secs(5), "it is taken", async || gate.taken() == 1).await;
        gate.shut();
        assert!(!matches!(before.read(&mut [0]).await, Ok(1..)));
        try_connect(gate.address()).await.unwrap_err();
        std::net::TcpListener::bind(gate.address()).expect_err("a shut gate's port is nobody else's");
        gate.reopen();
        gate.reopen();
        let mut after = connect(gate.address()).await;
        after.write_all(b"x").await.unwrap();
        assert_eq!(after.read_u8().await.unwrap(), b'x');
        gate.sever();
        assert!(!matches!(after.read(&mut [0]).await, Ok(1..)));
        connect(gate.address()).await;
        let address = gate.address();
        drop(gate);
        try_connect(address).await.unwrap_err();
    }
}
