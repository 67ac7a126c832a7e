//! The load: clients that keep their connection and write HTTP/1.1 by hand, on one thread, so that the generator takes
//! as little as possible of the processors it shares with the server.

use std::error::Error;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

use crate::child::{PROCEDURE, TENANT};

type Failed = Box<dyn Error>;

/// What every submission sends.
pub struct Submission {
    /// Body of the request that begins the draft.
    pub draft: String,
    /// Body of the request that hands it in.
    pub submit: String,
}

impl Submission {
    /// The procedure's own first example.
    pub fn example() -> Result<Self, Failed> {
        let catalogue = crate::child::catalogue()?;
        let mut all = catalogue.all_versions();
        let procedure = all.find(|found| found.definition.id == PROCEDURE).ok_or("no such procedure")?;
        let example = procedure.definition.examples.first().ok_or("no example")?;
        Ok(Self {
            draft: json!({ "procedure": PROCEDURE, "form": example.form }).to_string(),
            submit: json!({ "expected_total": example.total.amount() }).to_string(),
        })
    }
}

/// How a time of load went.
#[derive(Default)]
pub struct Tally {
    /// Durations of the complete submissions, draft to answer of the submit.
    pub submissions: Vec<Duration>,
    /// Requests that were not answered as they should be.
    pub errors: u64,
    /// From the first request to the last answer.
    pub elapsed: Duration,
}

impl Tally {
    /// Adds another time of load on the same server.
    pub fn add(&mut self, other: Self) {
        self.submissions.extend(other.submissions);
        self.errors += other.errors;
        self.elapsed += other.elapsed;
    }
}

/// One client with its account.
pub struct Client {
    connection: Connection,
    token: String,
    name: String,
    sent: u64,
}

/// Registers `count` residents and signs them in, each on a connection of its own.
pub async fn clients(address: SocketAddr, count: usize) -> Result<Vec<Client>, Failed> {
    let mut clients = Vec::new();
    for index in 0..count {
        let mut connection = Connection::open(address).await?;
        let (email, password) = (format!("bench-{index}@example.jp"), "correct horse");
        let account =
            json!({ "email": email, "password": password, "name": "髙橋 花子", "kind": "resident" });
        connection.post("/v1/accounts", "", &account.to_string()).await?.expect(201)?;
        let credentials = json!({ "email": email, "password": password }).to_string();
        let tokens = connection.post("/v1/sessions", "", &credentials).await?.expect(200)?;
        let tokens: Value = serde_json::from_slice(tokens)?;
        let token = tokens.get("access_token").and_then(Value::as_str).ok_or("no token")?.to_owned();
        clients.push(Client { connection, token, name: format!("bench-{index}"), sent: 0 });
    }
    Ok(clients)
}

/// Lets every client submit again and again for `time`.
pub fn run(
    runtime: &tokio::runtime::Runtime,
    clients: Vec<Client>,
    submission: &Rc<Submission>,
    time: Duration,
) -> (Vec<Client>, Tally) {
    let local = LocalSet::new();
    let started = Instant::now();
    let tasks: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            let submission = Rc::clone(submission);
            local.spawn_local(async move {
                let mut tally = Tally::default();
                while started.elapsed() < time {
                    let begun = Instant::now();
                    match client.submit(&submission).await {
                        Ok(_) => tally.submissions.push(begun.elapsed()),
                        Err(error) => {
                            tally.errors += 1;
                            crate::report::progress(&format!("{}: {error}", client.name));
                            tokio::time::sleep(Duration::from_millis(100)).await;
                        }
                    }
                }
                (client, tally)
            })
        })
        .collect();
    runtime.block_on(local.run_until(async {
        let (mut back, mut total) = (Vec::new(), Tally::default());
        for task in tasks {
            match task.await {
                Ok((client, tally)) => {
                    back.push(client);
                    total.add(tally);
                }
                Err(_) => total.errors += 1,
            }
        }
        total.elapsed = started.elapsed();
        (back, total)
    }))
}

impl Client {
    /// Both requests of a submission; gives the id of the case.
    pub async fn submit(&mut self, submission: &Submission) -> Result<String, Failed> {
        let id = self.draft(submission).await?;
        self.hand_in(submission, &id).await?;
        Ok(id)
    }

    /// Begins a draft and gives its id.
    pub async fn draft(&mut self, submission: &Submission) -> Result<String, Failed> {
        let headers = self.headers();
        let path = format!("/v1/tenants/{TENANT}/applications");
        let body = self.connection.post(&path, &headers, &submission.draft).await?.expect(201)?;
        // Reading the whole body as JSON would cost the processors more than this.
        let body = std::str::from_utf8(body)?;
        let id = body.split_once("\"id\":\"").and_then(|(_, rest)| rest.split_once('"'));
        Ok(id.ok_or("no id")?.0.to_owned())
    }

    /// Hands a draft in.
    pub async fn hand_in(&mut self, submission: &Submission, id: &str) -> Result<(), Failed> {
        let headers = self.headers();
        let path = format!("/v1/tenants/{TENANT}/applications/{id}/submit");
        self.connection.post(&path, &headers, &submission.submit).await?.expect(200)?;
        Ok(())
    }

    fn headers(&mut self) -> String {
        self.sent += 1;
        let (token, name, sent) = (&self.token, &self.name, self.sent);
        format!("Authorization: Bearer {token}\r\nIdempotency-Key: {name}-{sent:012}\r\n")
    }
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

struct Answer<'a> {
    status: u16,
    body: &'a [u8],
}

impl<'a> Answer<'a> {
    fn expect(self, status: u16) -> Result<&'a [u8], Failed> {
        if self.status == status {
            return Ok(self.body);
        }
        Err(format!("status {} in place of {status}: {}", self.status, String::from_utf8_lossy(self.body))
            .into())
    }
}

impl Connection {
    async fn open(address: SocketAddr) -> Result<Self, Failed> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(4096) })
    }

    async fn post(&mut self, path: &str, headers: &str, body: &str) -> Result<Answer<'_>, Failed> {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
             {headers}\r\n{body}"
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server closed the connection".into());
            }
            if let Some((head, status)) = complete(&self.buffer)? {
                return Ok(Answer { status, body: self.buffer.get(head..).unwrap_or_default() });
            }
        }
    }
}

/// Length of the head and the status, once head and body are there.
fn complete(bytes: &[u8]) -> Result<Option<(usize, u16)>, Failed> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(bytes.get(..end).unwrap_or_default())?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).ok_or("no status")?.parse()?;
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then_some(value)
    });
    let length: usize = length.ok_or("no Content-Length")?.parse()?;
    Ok((bytes.len() >= end + 4 + length).then_some((end + 4, status)))
}
