//! The real server process over a test's database, with its drill socket, and the people who use it.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use data_encoding::BASE64;
use madoguchi::drill::CrashPoint;
use madoguchi::store::DatabaseUrl;
use serde_json::{Value, json};

use crate::support::db::TestDb;

/// The gateway's API key, as both sides know it.
pub const SECRET_KEY: &str = "sk_test_kill";
/// The secret its notifications are signed with.
pub const WEBHOOK_SECRET: &str = "whsec_test_kill";
/// Nothing answers slower than this, in seconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running `madoguchi serve`; it is killed when it goes out of scope.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub base: String,
    socket: PathBuf,
}

impl Server {
    /// Starts it over the test's database; `folder` holds what outlives it.
    pub fn start(db: &TestDb, folder: &Path, simulator: &str) -> Self {
        let (socket, settings) = (folder.join("drill.sock"), folder.join("settings.toml"));
        std::fs::write(&settings, gateway(simulator)).unwrap();
        let log = File::options().create(true).append(true).open(folder.join("server.log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_madoguchi"));
        command.args(["serve", "--migrate", "--config"]).arg(&settings).arg("--drill-socket").arg(&socket);
        command.current_dir(folder).stdout(Stdio::piped()).stderr(log);
        command.envs(environment(db));
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let Some(base) = line.trim().strip_prefix("listening on ") else {
            panic!("{line}{}", std::fs::read_to_string(folder.join("server.log")).unwrap())
        };
        Self { base: base.to_owned(), child, socket }
    }

    /// Arms a crash point; the connection will hear when it is hit.
    pub fn arm(&self, point: CrashPoint) -> Talk {
        let mut talk = self.talk();
        assert_eq!(talk.ask(&json!({ "arm": point.name() })), json!({ "armed": point.name() }));
        talk
    }

    /// Moves the server's clock to `shift_ms` from the machine's.
    pub fn shift_clock(&self, shift_ms: i64) {
        self.talk().ask(&json!({ "shift_clock_ms": shift_ms }));
    }

    /// Runs every job that is due.
    pub fn drain(&self) {
        let answer = self.talk().ask(&json!({ "drain_jobs": true }));
        assert!(answer["drained"].is_u64(), "{answer}");
    }

    /// SIGKILL: no code of the process runs any more.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn talk(&self) -> Talk {
        let stream = UnixStream::connect(&self.socket).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Talk(BufReader::new(stream))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone when the test has killed it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One connection to the drill socket.
pub struct Talk(BufReader<UnixStream>);

impl Talk {
    /// Waits until the armed point is hit.
    pub fn parked(&mut self, point: CrashPoint) {
        assert_eq!(self.hear(), json!({ "parked": point.name() }));
    }

    fn ask(&mut self, order: &Value) -> Value {
        self.0.get_mut().write_all(format!("{order}\n").as_bytes()).unwrap();
        self.hear()
    }

    fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

/// What every command over the test's database is told.
pub fn environment(db: &TestDb) -> Vec<(&'static str, String)> {
    let database = match &db.settings.url {
        DatabaseUrl::SqliteFile(path) => format!("sqlite:{}", path.display()),
        DatabaseUrl::Postgres(url) => url.clone(),
    };
    vec![
        ("MADOGUCHI__DATABASE__URL", database),
        ("MADOGUCHI__HTTP__BIND", "127.0.0.1:0".to_owned()),
        ("MADOGUCHI__HTTP__WORKERS", "1".to_owned()),
        ("MADOGUCHI__IDENTITY__ARGON2_MEMORY_KIB", "64".to_owned()),
        ("MADOGUCHI__IDENTITY__ARGON2_ITERATIONS", "1".to_owned()),
        ("MADOGUCHI__WORKER__IDLE_MS", "20".to_owned()),
        ("MADOGUCHI__TELEMETRY__FILTER", "warn".to_owned()),
        ("MADOGUCHI__SECRETS__INSTALLATION_KEY", BASE64.encode(&[7; 32])),
        ("MADOGUCHI__SECRETS__KOMOJU_SECRET_KEY", SECRET_KEY.to_owned()),
        ("MADOGUCHI__SECRETS__KOMOJU_WEBHOOK_SECRET", WEBHOOK_SECRET.to_owned()),
    ]
}

fn gateway(simulator: &str) -> String {
    format!(
        r#"
[[gateways]]
name = "komoju"
kind = "komoju"
tenants = ["*"]
legal_role = "designated_agent"
base_url = "{simulator}/api/v1"
connect_timeout_ms = 1000
total_timeout_ms = 5000
methods = [{{ code = "card", max = 10000000 }}]
"#
    )
}
