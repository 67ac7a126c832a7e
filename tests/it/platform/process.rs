//! The real process: start, drill socket, stop.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::support::db::new_folder;

/// A server that ends with its test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(arguments: &[&str], bind: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_madoguchi"));
    command.arg("serve").args(arguments).current_dir(new_folder());
    command.env("MADOGUCHI__HTTP__BIND", bind);
    command.env("MADOGUCHI__SECRETS__INSTALLATION_KEY", data_encoding::BASE64.encode(&[7; 32]));
    command.env("MADOGUCHI__SECRETS__KOMOJU_SECRET_KEY", "sk_test");
    command.env("MADOGUCHI__SECRETS__KOMOJU_WEBHOOK_SECRET", "whsec_test");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn a_server_says_where_it_listens_obeys_its_drill_socket_and_stops_in_order() {
    let socket = new_folder().join("drill.sock");
    let path = socket.to_str().unwrap();
    let mut server =
        Server(serve(&["--database", "sqlite", "--drill-socket", path], "127.0.0.1:0").spawn().unwrap());
    let mut line = String::new();
    BufReader::new(server.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("listening on http://127.0.0.1:"), "{line}");

    let mut talk = BufReader::new(UnixStream::connect(&socket).unwrap());
    let mut ask = |order: Value| -> Value {
        talk.get_mut().write_all(format!("{order}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        talk.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    };
    assert!(ask(json!({ "drain_jobs": true }))["drained"].is_u64());
    assert!(ask(json!({ "hits": true }))["hits"].is_object());

    assert!(Command::new("kill").arg(server.0.id().to_string()).status().unwrap().success());
    assert!(server.0.wait().unwrap().success());
}

#[test]
fn a_drill_socket_is_refused_on_a_public_address_and_with_a_real_gateway() {
    let public = serve(&["--database", "sqlite", "--drill-socket", "x.sock"], "0.0.0.0:0").output().unwrap();
    assert!(!public.status.success());
    assert!(String::from_utf8_lossy(&public.stderr).contains("public address"));

    let settings = new_folder().join("settings.toml");
    std::fs::write(&settings, REAL_GATEWAY).unwrap();
    let arguments =
        ["--database", "sqlite", "--config", settings.to_str().unwrap(), "--drill-socket", "x.sock"];
    let real = serve(&arguments, "127.0.0.1:0").output().unwrap();
    assert!(!real.status.success());
    let reason = String::from_utf8_lossy(&real.stderr).into_owned();
    assert!(reason.contains("real gateway"), "{reason}");
}

const REAL_GATEWAY: &str = r#"
[[gateways]]
name = "komoju"
kind = "komoju"
tenants = ["*"]
legal_role = "designated_agent"
base_url = "https://komoju.com/api/v1"
connect_timeout_ms = 5000
total_timeout_ms = 30000
methods = [{ code = "card", max = 10000000 }]
"#;

#[test]
fn a_server_refuses_a_database_without_its_migrations() {
    let database = format!("sqlite:{}", new_folder().join("empty.db").display());
    let refused = serve(&["--database", &database], "127.0.0.1:0").output().unwrap();
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("madoguchi migrate"));
}
