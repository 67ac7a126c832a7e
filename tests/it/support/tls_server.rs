//! TLS in front of the mail server of the tests: `openssl s_server` ends it, the server behind speaks in clear to it alone.
//!
//! Each serves one connection. With STARTTLS the first words are spoken here, in clear, and written down.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use madoguchi::config::SmtpTls;

use super::db::new_folder;
use super::smtp::SmtpPeer;

/// A certificate authority made for one test, with the folder of its files.
pub struct Authority {
    folder: PathBuf,
}

impl Drop for Authority {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

fn openssl(folder: &Path, args: &[&str]) {
    let ran = Command::new("openssl").current_dir(folder).args(args).output();
    let ran = ran.expect("the tests of TLS need the openssl program");
    assert!(ran.status.success(), "{args:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

impl Authority {
    /// A new one, in a folder of its own.
    pub fn new() -> Self {
        let folder = new_folder();
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key"];
        let args = [&["req", "-x509"][..], &key, &["-out", "ca.pem", "-days", "2", "-subj", "/CN=Test CA"]];
        openssl(&folder, &args.concat());
        Self { folder }
    }

    /// The file with its certificate.
    pub fn file(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Certifies a server of that name; gives the files of certificate and key.
    pub fn certify(&self, name: &str) -> (PathBuf, PathBuf) {
        let file = |ending: &str| format!("{name}.{ending}");
        let (key, request, certificate, names) = (file("key"), file("csr"), file("pem"), file("cnf"));
        let extensions =
            format!("subjectAltName=DNS:{name}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n");
        std::fs::write(self.folder.join(&names), extensions).unwrap();
        let subject = format!("/CN={name}");
        let new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", &key];
        let args = [&["req"][..], &new_key, &["-out", &request, "-subj", &subject]];
        openssl(&self.folder, &args.concat());
        let sign = ["x509", "-req", "-in", &request, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
        let args = [&sign[..], &["-days", "2", "-extfile", &names, "-out", &certificate]];
        openssl(&self.folder, &args.concat());
        (self.folder.join(certificate), self.folder.join(key))
    }
}

/// A mail server behind TLS.
pub struct TlsServer {
    /// Its port on 127.0.0.1.
    pub port: u16,
    /// The server behind.
    pub peer: SmtpPeer,
    clear: Arc<Mutex<Vec<String>>>,
    child: Child,
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl TlsServer {
    /// Starts one with that certificate and key.
    pub fn start(mode: SmtpTls, (certificate, key): (PathBuf, PathBuf)) -> Self {
        let front = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = front.local_addr().unwrap().port();
        // The port is free again a moment before the server takes it.
        let inner = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut child = Command::new("openssl")
            .args(["s_server", "-quiet", "-accept", &inner.to_string()])
            .arg("-cert")
            .arg(certificate)
            .arg("-key")
            .arg(key)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the tests of TLS need the openssl program");
        let peer = SmtpPeer::start();
        let (mut to_client, from_client) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (clear, behind) = (Arc::<Mutex<Vec<String>>>::default(), peer.port);
        let heard = Arc::clone(&clear);
        std::thread::spawn(move || {
            let Ok((client, _)) = front.accept() else { return };
            if mode == SmtpTls::Starttls && !upgraded(&client, &heard) {
                return;
            }
            let server = TcpStream::connect(("127.0.0.1", behind)).unwrap();
            let mut replies = BufReader::new(server.try_clone().unwrap());
            if mode == SmtpTls::Starttls {
                // The greeting was spoken before TLS began.
                replies.read_line(&mut String::new()).unwrap();
            }
            std::thread::spawn(move || pump(from_client, server));
            let tls = connect(inner);
            let (down, up) = (tls.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || pump(down, up));
            std::thread::spawn(move || pump(client, tls));
            pass_on(&mut replies, &mut to_client);
        });
        Self { port, peer, clear, child }
    }

    /// What was said in clear before TLS began.
    pub fn said_in_clear(&self) -> Vec<String> {
        self.clear.lock().unwrap().clone()
    }
}

/// Connects as soon as somebody listens.
fn connect(to: std::net::SocketAddr) -> TcpStream {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        match TcpStream::connect(to) {
            Ok(stream) => return stream,
            Err(error) => assert!(Instant::now() < until, "openssl s_server: {error}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Passes on what comes, at once, until one side ends. Not by `io::copy`: between a socket and a pipe that holds the pipe while it
/// waits for the socket, and nobody can read it meanwhile.
fn pass_on(mut from: impl Read, mut to: impl Write) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..count]).and_then(|()| to.flush()).is_err() {
            break;
        }
    }
}

/// As [`pass_on`], and tells the other side that it ended.
fn pump(from: impl Read, to: TcpStream) {
    pass_on(from, &to);
    drop(to.shutdown(Shutdown::Both));
    drop(to);
}

/// Speaks the first words in clear, until the client begins TLS.
fn upgraded(client: &TcpStream, heard: &Mutex<Vec<String>>) -> bool {
    let mut out = client;
    let mut say = |text: &str| out.write_all(format!("{text}\r\n").as_bytes()).unwrap();
    say("220 mail.example.jp ESMTP");
    // One byte at a time: what comes behind STARTTLS belongs to TLS.
    let (mut input, mut line, mut byte) = (client, Vec::new(), [0]);
    while let Ok(1) = input.read(&mut byte) {
        line.push(byte[0]);
        if !line.ends_with(b"\r\n") {
            continue;
        }
        let said = String::from_utf8_lossy(&line).trim_end().to_owned();
        line.clear();
        heard.lock().unwrap().push(said.clone());
        match said.split(' ').next().unwrap() {
            "EHLO" => say("250-mail.example.jp\r\n250 STARTTLS"),
            "STARTTLS" => {
                say("220 2.0.0 go ahead");
                return true;
            }
            _ => say("502 5.5.2 what?"),
        }
    }
    false
}
