//! A tiny server on loopback that gives prepared answers in order, for tests of what takes several calls.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;
use std::time::Duration;

/// An answer of this status line and body.
pub fn answer(status: &str, body: &[u8]) -> Vec<u8> {
    let mut whole =
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())
            .into_bytes();
    whole.extend_from_slice(body);
    whole
}

/// Gives each connection its answer, in order; hands back the base address and, once all were asked for, the requests' heads.
pub fn serve(answers: Vec<Vec<u8>>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let mut seen = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
            let (mut head, mut part) = (Vec::new(), [0_u8; 4096]);
            while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                match stream.read(&mut part) {
                    Ok(read) if read > 0 => head.extend_from_slice(&part[..read]),
                    _ => break,
                }
            }
            let _ = stream.write_all(&answer);
            seen.push(String::from_utf8(head).unwrap());
        }
        seen
    });
    (base, thread)
}
