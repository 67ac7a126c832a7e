//! Where the careless adapter is notified: whoever posts something is believed.

use std::sync::Arc;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Takes notifications for ever and hands each body on.
pub async fn listen(listener: TcpListener, hear: Arc<dyn Fn(Value) + Send + Sync>) {
    while let Ok((stream, _)) = listener.accept().await {
        let hear = Arc::clone(&hear);
        tokio::spawn(async move {
            if let Some(body) = answer(stream).await {
                hear(body);
            }
        });
    }
}

/// Says 200 first; then the body, if it was any.
async fn answer(mut stream: TcpStream) -> Option<Value> {
    let (mut text, mut buffer) = (Vec::new(), [0; 8192]);
    let body = loop {
        let read = stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        text.extend_from_slice(buffer.get(..read)?);
        let whole = String::from_utf8_lossy(&text);
        let Some((head, body)) = whole.split_once("\r\n\r\n") else { continue };
        let head = head.to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0_usize) {
            break serde_json::from_str(body).ok();
        }
    };
    let said = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
    said.ok().and(body)
}
