//! A mail server on loopback that speaks RFC 5321 over TCP: it takes mail, refuses it, or dies in the middle.
//!
//! It reads commands line by line, so a client that sends several at once is served all the same; it takes the dots out
//! that the client had to put in; it knows nothing of the program under test.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use data_encoding::BASE64;
use madoguchi::config::{MailTransport, Settings, SmtpTls};

/// What the server does with the next connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It takes the mail.
    Takes,
    /// It answers this to the recipient.
    RefusesRecipient(u16),
    /// It answers this to the whole mail.
    RefusesMail(u16),
    /// It keeps the mail and dies before it says so.
    DiesAfterMail,
    /// It accepts the connection and never says a word.
    Sulks,
}

/// A mail as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// What the mail said.
    pub text: String,
}

impl Received {
    /// A header, unfolded, with its encoded words (RFC 2047) read.
    pub fn header(&self, name: &str) -> String {
        let head = self.text.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
        let prefix = format!("{name}: ");
        let line = head.split("\r\n").find_map(|line| line.strip_prefix(&prefix));
        decoded(line.unwrap_or_else(|| panic!("no {name} in {head}")))
    }

    /// The text, decoded.
    pub fn body(&self) -> String {
        assert_eq!(self.header("Content-Transfer-Encoding"), "base64");
        let body = self.text.split_once("\r\n\r\n").unwrap().1.replace("\r\n", "");
        String::from_utf8(BASE64.decode(body.as_bytes()).unwrap()).unwrap()
    }
}

/// The text of a header: white space between two encoded words is no part of it.
fn decoded(line: &str) -> String {
    let (mut text, mut rest) = (String::new(), line);
    while let Some((before, word)) = rest.split_once("=?UTF-8?B?") {
        let (word, after) = word.split_once("?=").unwrap();
        assert!("=?UTF-8?B??=".len() + word.len() <= 75, "RFC 2047 §2: {word}");
        text.push_str(before);
        text.push_str(&String::from_utf8(BASE64.decode(word.as_bytes()).unwrap()).unwrap());
        rest = if after.trim_start().starts_with("=?") { after.trim_start() } else { after };
    }
    text.push_str(rest);
    text
}

#[derive(Default)]
struct State {
    moods: VecDeque<Mood>,
    received: Vec<Received>,
    commands: Vec<String>,
}

/// A running server; its thread ends with the process.
pub struct SmtpPeer {
    /// Its port on 127.0.0.1.
    pub port: u16,
    state: Arc<Mutex<State>>,
}

impl SmtpPeer {
    /// Starts one that takes everything.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&shared);
                // A client that goes away in the middle is not the server's fault.
                std::thread::spawn(move || drop(serve(&connection, &shared)));
            }
        });
        Self { port, state }
    }

    /// Settings that hand mail to this server.
    pub fn use_in(&self, settings: &mut Settings) {
        settings.mail.transport = MailTransport::Smtp;
        "127.0.0.1".clone_into(&mut settings.mail.smtp.host);
        settings.mail.smtp.port = self.port;
        settings.mail.smtp.tls = SmtpTls::None;
        settings.mail.smtp.timeout_ms = 2000;
    }

    /// The moods of the next connections, one each; then it takes everything again.
    pub fn moods(&self, moods: impl IntoIterator<Item = Mood>) {
        self.state.lock().unwrap().moods.extend(moods);
    }

    /// Every mail it has.
    pub fn received(&self) -> Vec<Received> {
        self.state.lock().unwrap().received.clone()
    }

    /// Every command it heard.
    pub fn commands(&self) -> Vec<String> {
        self.state.lock().unwrap().commands.clone()
    }
}

/// The user and password it knows.
pub const LOGIN: (&str, &str) = ("madoguchi", "s3cret-of-the-relay");

fn serve(connection: &TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mood = state.lock().unwrap().moods.pop_front().unwrap_or(Mood::Takes);
    let mut lines = BufReader::new(connection.try_clone()?);
    let mut out = connection;
    let mut say = |text: &str| out.write_all(format!("{text}\r\n").as_bytes());
    if mood == Mood::Sulks {
        std::thread::sleep(std::time::Duration::from_secs(30));
        return Ok(());
    }
    say("220 mail.example.jp ESMTP")?;
    let (mut from, mut to) = (String::new(), Vec::new());
    while let Some(line) = line(&mut lines)? {
        state.lock().unwrap().commands.push(line.clone());
        let argument =
            || line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).unwrap().0.to_owned();
        match line.split([' ', ':']).next().unwrap().to_uppercase().as_str() {
            "EHLO" => say("250-mail.example.jp\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN")?,
            "AUTH" => {
                let expected = BASE64.encode(format!("\0{}\0{}", LOGIN.0, LOGIN.1).as_bytes());
                let known = line.strip_prefix("AUTH PLAIN ") == Some(expected.as_str());
                say(if known { "235 2.7.0 welcome" } else { "535 5.7.8 who are you" })?;
            }
            "MAIL" => {
                from = argument();
                say("250 2.1.0 OK")?;
            }
            "RCPT" => {
                if let Mood::RefusesRecipient(code) = mood {
                    say(&format!("{code} <{}>: not here", argument()))?;
                } else {
                    to.push(argument());
                    say("250 2.1.5 OK")?;
                }
            }
            "DATA" if to.is_empty() => say("503 5.5.1 no recipient")?,
            "DATA" => {
                say("354 go on")?;
                let text = data(&mut lines)?;
                if let Mood::RefusesMail(code) = mood {
                    say(&format!("{code} not this one"))?;
                    continue;
                }
                let mail = Received { from: from.clone(), to: std::mem::take(&mut to), text };
                state.lock().unwrap().received.push(mail);
                if mood == Mood::DiesAfterMail {
                    return connection.shutdown(std::net::Shutdown::Both);
                }
                say("250 2.0.0 taken")?;
            }
            "RSET" | "NOOP" => say("250 2.0.0 OK")?,
            "QUIT" => return say("221 2.0.0 bye"),
            _ => say("502 5.5.2 what?")?,
        }
    }
    Ok(())
}

fn line(lines: &mut impl BufRead) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    let read = lines.read_line(&mut line)?;
    Ok((read > 0).then(|| line.trim_end_matches("\r\n").to_owned()))
}

/// Reads up to the lonely dot; a dot at the beginning of a line was put there for the way (RFC 5321 §4.5.2).
fn data(lines: &mut impl BufRead) -> std::io::Result<String> {
    let mut text = String::new();
    while let Some(line) = line(lines)? {
        if line == "." {
            break;
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
        text.push_str("\r\n");
    }
    Ok(text)
}
