//! The sockets' clients: frames in, frames out.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{Caller, House, Tenant, sender};

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A socket that speaks frames.
pub(crate) struct Socket {
    pub(crate) web: WebSocketStream<TcpStream>,
    /// What came while something else was waited for.
    aside: VecDeque<Value>,
}

/// What came.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A frame.
    Frame(Value),
    /// The end, with the code of the closing frame where there was one.
    End(Option<u16>),
}

impl Socket {
    /// Says something.
    pub(crate) async fn say(&mut self, frame: Value) {
        self.raw(Message::text(frame.to_string())).await;
    }

    /// Says whatever it be; a server that has hung up meanwhile is no failure here.
    pub(crate) async fn raw(&mut self, message: Message) {
        let _ = self.web.send(message).await;
    }

    /// What comes next, in order.
    pub(crate) async fn hear(&mut self) -> Heard {
        match self.aside.pop_front() {
            Some(frame) => Heard::Frame(frame),
            None => self.receive().await,
        }
    }

    async fn receive(&mut self) -> Heard {
        let next = async {
            loop {
                match self.web.next().await {
                    Some(Ok(Message::Text(text))) => {
                        return Heard::Frame(serde_json::from_str(text.as_str()).expect("the server sends JSON"));
                    }
                    Some(Ok(Message::Close(close))) => {
                        return Heard::End(close.map(|close| u16::from(close.code)));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Heard::End(None),
                }
            }
        };
        tokio::time::timeout(PATIENCE, next).await.expect("a frame or the end comes in time")
    }

    /// The next frame of a type; others are kept for later.
    pub(crate) async fn expect(&mut self, kind: &str) -> Value {
        self.expect_where(kind, |_| true).await
    }

    /// The next frame of a type that fits.
    pub(crate) async fn expect_where(&mut self, kind: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let fits = |frame: &Value| frame["type"] == kind && fits(frame);
        if let Some(index) = self.aside.iter().position(&fits) {
            return self.aside.remove(index).expect("it is there");
        }
        loop {
            match self.receive().await {
                Heard::Frame(frame) if fits(&frame) => return frame,
                Heard::Frame(frame) => self.aside.push_back(frame),
                Heard::End(code) => panic!("waited for `{kind}`, got the end ({code:?}) after {:?}", self.aside),
            }
        }
    }

    /// Everything that came before the answer to a ping: what the server had to say by now.
    pub(crate) async fn drain(&mut self) -> Vec<Value> {
        self.say(json!({ "type": "ping" })).await;
        loop {
            match self.receive().await {
                Heard::Frame(frame) if frame["type"] == "pong" => return self.aside.drain(..).collect(),
                Heard::Frame(frame) => self.aside.push_back(frame),
                Heard::End(code) => panic!("the end came instead of a pong ({code:?}): {:?}", self.aside),
            }
        }
    }

    /// Everything to the end, and the closing frame's code.
    pub(crate) async fn until_the_end(&mut self) -> (Vec<Value>, Option<u16>) {
        loop {
            match self.receive().await {
                Heard::Frame(frame) => self.aside.push_back(frame),
                Heard::End(code) => return (self.aside.drain(..).collect(), code),
            }
        }
    }

    /// The problem that ends the socket, and the closing frame's code.
    pub(crate) async fn fatal(&mut self) -> (Value, Option<u16>) {
        let (frames, code) = self.until_the_end().await;
        let problem = frames.into_iter().find(|frame| frame["type"] == "problem").expect("a problem before the end");
        assert_eq!(problem["fatal"], true, "{problem}");
        (problem, code)
    }

    /// A socket, or the status of the refusal. `headers` besides those of RFC 6455.
    pub(crate) async fn open(house: &House, host: &str, path: &str, headers: &[(&str, &str)]) -> Result<Self, u16> {
        Self::open_from(Ipv4Addr::LOCALHOST, house, host, path, headers).await
    }

    /// The same from another address.
    pub(crate) async fn open_from(
        from: Ipv4Addr,
        house: &House,
        host: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, u16> {
        let mut request = http::Request::builder()
            .uri(format!("ws://{host}{path}"))
            .header("host", host)
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", generate_key());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        // 0 stands for a server that is not there.
        let stream = testkit::connect_from(from, house.address(), None).await.map_err(|_| 0_u16)?;
        Self::over(stream, request.body(()).expect("a request")).await
    }

    async fn over(stream: TcpStream, request: http::Request<()>) -> Result<Self, u16> {
        stream.set_nodelay(true).expect("an open stream");
        match tokio_tungstenite::client_async(request, stream).await {
            Ok((web, _)) => Ok(Self { web, aside: VecDeque::new() }),
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(_) => Err(0),
        }
    }
}

/// A visitor's first frame.
pub(crate) fn hello_visitor(widget: &str, sender: &str) -> Value {
    json!({ "type": "hello", "protocol": 1, "sender": sender, "widget": widget })
}

/// An operator's first frame.
pub(crate) fn hello_operator() -> Value {
    json!({ "type": "hello", "protocol": 1, "sender": sender() })
}

/// Somebody on a website.
pub(crate) struct Visitor {
    pub(crate) socket: Socket,
    pub(crate) widget: String,
    pub(crate) token: String,
    pub(crate) sender: String,
    pub(crate) counter: i64,
    pub(crate) welcome: Value,
}

impl Visitor {
    /// Sends a message without waiting.
    pub(crate) async fn send(&mut self, text: &str) -> i64 {
        self.counter += 1;
        self.socket.say(json!({ "type": "message", "counter": self.counter, "text": text })).await;
        self.counter
    }

    /// Sends a message and waits until it is stored.
    pub(crate) async fn write(&mut self, text: &str) -> Value {
        let counter = self.send(text).await;
        self.socket.expect_where("accepted", |frame| frame["counter"] == counter).await
    }
}

impl House {
    /// A visitor's socket, with nothing said yet.
    pub(crate) async fn visitors_socket(&self) -> Socket {
        self.try_visitors_socket().await.expect("a socket")
    }

    /// The same, or the status of the refusal.
    pub(crate) async fn try_visitors_socket(&self) -> Result<Socket, u16> {
        Socket::open(self, &self.widget_host(), "/socket", &[("origin", &self.widget_origin())]).await
    }

    /// An operator's socket, with nothing said yet, or the status of the refusal.
    pub(crate) async fn operators_socket(&self, caller: &Caller) -> Result<Socket, u16> {
        let (origin, cookie, bearer);
        let headers: Vec<(&str, &str)> = match caller {
            Caller::Browser(secret) => {
                (origin, cookie) = (self.app_origin(), format!("__Host-diskret={secret}"));
                vec![("origin", &origin), ("cookie", &cookie)]
            }
            Caller::Program(token) => {
                bearer = format!("Bearer {token}");
                vec![("authorization", &bearer)]
            }
            Caller::Nobody => {
                origin = self.app_origin();
                vec![("origin", &origin)]
            }
        };
        Socket::open(self, &self.app_host(), "/socket", &headers).await
    }

    /// A new visitor who has opened the chat.
    pub(crate) async fn visitor(&self, tenant: &Tenant) -> Visitor {
        let (mut socket, sender) = (self.visitors_socket().await, sender());
        socket.say(hello_visitor(&tenant.widget, &sender)).await;
        let welcome = socket.expect("welcome").await;
        let token = welcome["token"].as_str().expect("a new token").to_owned();
        Visitor { socket, widget: tenant.widget.clone(), token, sender, counter: 0, welcome }
    }

    /// The same visitor again, on the same page, holding everything up to `after`.
    pub(crate) async fn again(&self, visitor: &Visitor, after: i64) -> Visitor {
        let mut hello = hello_visitor(&visitor.widget, &visitor.sender);
        (hello["token"], hello["after"]) = (visitor.token.as_str().into(), after.into());
        let mut socket = self.visitors_socket().await;
        socket.say(hello).await;
        let welcome = socket.expect("welcome").await;
        Visitor {
            socket,
            widget: visitor.widget.clone(),
            token: visitor.token.clone(),
            sender: visitor.sender.clone(),
            counter: visitor.counter,
            welcome,
        }
    }

    /// A visitor who has written once, and the conversation's id.
    pub(crate) async fn conversation(&self, tenant: &Tenant, text: &str) -> (Visitor, String) {
        let mut visitor = self.visitor(tenant).await;
        let accepted = visitor.write(text).await;
        let id = accepted["conversation"].as_str().expect("an id").to_owned();
        (visitor, id)
    }

    /// An operator who has opened the dashboard.
    pub(crate) async fn operator(&self, caller: &Caller) -> Socket {
        let mut socket = self.operators_socket(caller).await.expect("a socket");
        socket.say(hello_operator()).await;
        socket.expect("welcome").await;
        socket
    }

    /// An operator who looks at a conversation.
    pub(crate) async fn follower(&self, caller: &Caller, conversation: &str) -> Socket {
        let mut socket = self.operator(caller).await;
        socket.say(json!({ "type": "follow", "conversation": conversation, "after": 0 })).await;
        socket.expect("current").await;
        socket
    }
}
