//! HTTP as anybody may speak it, well or badly.

use std::net::{Ipv4Addr, SocketAddr};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{House, PASSWORD, Person};

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// The dashboard's page, with a session.
    Browser(String),
    /// A program, with its token.
    Program(String),
    /// The dashboard's page, with nobody signed in.
    Nobody,
}

/// A request.
#[derive(Clone)]
pub(crate) struct Ask {
    from: Ipv4Addr,
    to: SocketAddr,
    method: String,
    path: String,
    host: String,
    own_origin: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find_map(|(header, value)| header.eq_ignore_ascii_case(name).then(|| value.trim()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The frames in it.
    pub(crate) fn frames(&self) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines().filter(|line| line.starts_with('{'));
        lines.map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
    }

    /// The first frame of this kind.
    #[track_caller]
    pub(crate) fn frame(&self, kind: &str) -> Value {
        let found = self.frames().into_iter().find(|frame| frame["type"] == kind);
        found.unwrap_or_else(|| panic!("no {kind}: {}", self.text()))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("no JSON ({error}): {}", self.text()))
    }

    /// The status is this one.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}\n{}", self.head, self.text());
        self
    }

    /// The session's secret in the cookie that this answer sets.
    pub(crate) fn session(&self) -> String {
        let cookie = self.header("set-cookie").expect("a cookie");
        let value = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("name and value").1;
        value.to_owned()
    }

    /// The cookie by which the browser is known again.
    pub(crate) fn device(&self) -> String {
        let lines = self.head.lines().filter_map(|line| line.split_once("__Host-diskret-device="));
        lines.map(|(_, rest)| rest.split(';').next().unwrap().to_owned()).next().expect("a cookie for the browser")
    }
}

impl Ask {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// From another address.
    pub(crate) fn from(mut self, from: Ipv4Addr) -> Self {
        self.from = from;
        self
    }

    pub(crate) fn host(mut self, host: &str) -> Self {
        self.host = host.to_owned();
        self
    }

    /// From the dashboard's own page.
    pub(crate) fn with_own_origin(self) -> Self {
        let origin = self.own_origin.clone();
        self.header("origin", &origin)
    }

    pub(crate) fn cookie(self, secret: &str) -> Self {
        self.header("cookie", &format!("__Host-diskret={secret}"))
    }

    pub(crate) fn by(self, caller: &Caller) -> Self {
        match caller {
            Caller::Browser(secret) => self.with_own_origin().cookie(secret),
            Caller::Program(token) => self.header("authorization", &format!("Bearer {token}")),
            Caller::Nobody => self.with_own_origin(),
        }
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string().as_bytes())
    }

    pub(crate) fn body(mut self, kind: &str, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self.header("content-type", kind)
    }

    /// Frames, one per line.
    pub(crate) fn frames(self, frames: &[Value]) -> Self {
        let body: String = frames.iter().map(|frame| format!("{frame}\n")).collect();
        self.body("application/x-ndjson", body.as_bytes())
    }

    /// Sends it and leaves the answer to whoever asks; `None` where nobody is there.
    pub(crate) async fn sent(self) -> Option<TcpStream> {
        let mut stream = testkit::connect_from(self.from, self.to, None).await.ok()?;
        stream.write_all(self.head().as_bytes()).await.ok()?;
        stream.write_all(&self.body).await.ok()?;
        Some(stream)
    }

    fn head(&self) -> String {
        let mut head =
            format!("{} {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.method, self.path, self.host);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.body.is_empty() || matches!(self.method.as_str(), "POST" | "PUT" | "PATCH") {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        head
    }

    pub(crate) async fn send(self) -> Answer {
        self.try_send().await.expect("an answer")
    }

    /// `None` where nobody is there, or the server hung up without a word.
    pub(crate) async fn try_send(self) -> Option<Answer> {
        let head = self.head();
        let mut stream = testkit::connect_from(self.from, self.to, None).await.ok()?;
        let (mut reading, mut writing) = stream.split();
        let sent = async {
            // A server that has answered already may not want the rest.
            let _ = writing.write_all(head.as_bytes()).await;
            let _ = writing.write_all(&self.body).await;
        };
        let mut bytes = Vec::new();
        let received = async {
            let mut chunk = [0; 4096];
            while let Ok(count @ 1..) = reading.read(&mut chunk).await {
                bytes.extend_from_slice(&chunk[..count]);
            }
        };
        tokio::join!(sent, received);
        parse(&bytes)
    }
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let body = &bytes[end + 4..];
    let is_chunked = head.to_ascii_lowercase().contains("\r\ntransfer-encoding: chunked");
    Some(Answer { status, body: if is_chunked { unchunked(body)? } else { body.to_vec() }, head })
}

/// What was sent piece by piece; nothing where the last piece is missing.
fn unchunked(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = body.windows(2).position(|window| window == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&body[..end]).ok()?, 16).ok()?;
        let (piece, rest) = body[end + 2..].split_at_checked(length)?;
        if length == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(piece);
        body = rest.strip_prefix(b"\r\n")?;
    }
}

impl House {
    /// A request to the dashboard's origin.
    pub(crate) fn ask(&self, method: &str, path: &str) -> Ask {
        Ask {
            from: Ipv4Addr::LOCALHOST,
            to: self.address(),
            method: method.to_owned(),
            path: path.to_owned(),
            host: self.app_host(),
            own_origin: self.app_origin(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A signed-in operator.
    pub(crate) async fn sign_in(&self, person: &Person) -> Caller {
        let body = json!({ "email": person.email, "password": PASSWORD });
        let answer = self.ask("POST", "/api/session").with_own_origin().json(&body).send().await.is(200);
        Caller::Browser(answer.session())
    }

    /// The same in a browser that they have signed in with before.
    pub(crate) async fn sign_in_again(&self, person: &Person) -> Caller {
        let body = json!({ "email": person.email, "password": PASSWORD });
        let ask = || self.ask("POST", "/api/session").with_own_origin().json(&body);
        let device = ask().send().await.is(200).device();
        let answer = ask().header("cookie", &format!("__Host-diskret-device={device}")).send().await.is(200);
        Caller::Browser(answer.session())
    }

    /// All entries of a conversation, as an operator is told them.
    pub(crate) async fn entries(&self, caller: &Caller, conversation: &str) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        let mut before = String::new();
        loop {
            let path = format!("/api/conversations/{conversation}/entries?limit=200{before}");
            let page = self.ask("GET", &path).by(caller).send().await.is(200).json();
            let items = page["items"].as_array().expect("entries").clone();
            all.splice(0..0, items);
            match page["first"].as_i64() {
                Some(first) => before = format!("&before={first}"),
                None => return all,
            }
        }
    }

    /// A row of the list.
    pub(crate) async fn row(&self, caller: &Caller, conversation: &str) -> Value {
        self.ask("GET", &format!("/api/conversations/{conversation}")).by(caller).send().await.is(200).json()
    }

    /// Gives a conversation to somebody by their e-mail's owner's id, or to nobody.
    pub(crate) async fn assign(&self, caller: &Caller, conversation: &str, to: Option<&str>) -> Answer {
        let path = format!("/api/conversations/{conversation}/assignment");
        self.ask("PUT", &path).by(caller).json(&json!({ "operator": to })).send().await
    }

    /// Ends a conversation (`ended`) or takes it up again (`open`).
    pub(crate) async fn set_state(&self, caller: &Caller, conversation: &str, state: &str) -> Answer {
        let path = format!("/api/conversations/{conversation}/state");
        self.ask("PUT", &path).by(caller).json(&json!({ "state": state })).send().await
    }

    /// The id of a colleague.
    pub(crate) async fn id_of(&self, caller: &Caller, person: &Person) -> String {
        let all = self.ask("GET", "/api/operators").by(caller).send().await.is(200).json();
        let found = all.as_array().expect("people").iter().find(|one| one["name"] == person.name.as_str());
        found.expect("they work here")["id"].as_str().expect("an id").to_owned()
    }
}
