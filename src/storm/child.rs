//! The real server as a child process, and its drill socket.

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::StormError;
use crate::drill::CrashPoint;

/// Longer than any start or drain may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// How each life of the server is started.
#[derive(Clone, Debug)]
pub struct ServerPlace {
    /// The program, which is this one.
    pub program: PathBuf,
    /// What outlives the server: settings, socket, log, files, mail.
    pub folder: PathBuf,
    /// Its port, the same in every life.
    pub port: u16,
    /// Its settings, as environment.
    pub environment: Vec<(String, String)>,
    /// The gateways.
    pub gateways: Gateways,
}

/// The gateways of a life.
#[derive(Clone, Debug)]
pub struct Gateways {
    /// Where all of them are played.
    pub simulator: String,
}

/// A running `madoguchi serve`.
#[derive(Debug)]
pub struct Server {
    child: Child,
    socket: PathBuf,
}

impl Server {
    /// Starts the server's life number `life` with the clock `shift_ms` away from the machine's; gives it once it listens.
    pub async fn start(place: &ServerPlace, life: u64, shift_ms: i64) -> Result<Self, StormError> {
        let (socket, settings) = (place.folder.join("drill.sock"), place.folder.join("settings.toml"));
        std::fs::write(&settings, place.gateways.blocks(life))?;
        let log = OpenOptions::new().create(true).append(true).open(place.folder.join("server.log"))?;
        let mut command = Command::new(&place.program);
        command.args(["serve", "--config"]).arg(&settings).arg("--drill-socket").arg(&socket);
        command.args(["--drill-clock-shift-ms", &shift_ms.to_string()]);
        command.envs(place.environment.iter().cloned()).current_dir(&place.folder).kill_on_drop(true);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn()?;
        let output =
            child.stdout.take().ok_or_else(|| StormError::Failed("no standard output".to_owned()))?;
        let mut lines = BufReader::new(output).lines();
        let first = timeout(PATIENCE, lines.next_line()).await;
        match first {
            Ok(Ok(Some(said))) if said.starts_with("listening on ") => Ok(Self { child, socket }),
            _ => {
                let log = std::fs::read_to_string(place.folder.join("server.log")).unwrap_or_default();
                Err(StormError::Failed(format!("the server did not start again:\n{log}")))
            }
        }
    }

    /// SIGKILL: no code of the process runs any more.
    pub async fn kill(mut self) -> Result<(), StormError> {
        self.child.kill().await?;
        Ok(())
    }

    /// Its drill socket, by which others talk to it while it lives.
    pub fn drill(&self) -> DrillSocket {
        DrillSocket(self.socket.clone())
    }
}

/// The address of a drill socket.
#[derive(Clone, Debug)]
pub struct DrillSocket(PathBuf);

impl DrillSocket {
    /// Moves the server's clock to `shift_ms` from the machine's.
    pub async fn shift_clock(&self, shift_ms: i64) -> Result<(), StormError> {
        self.open().await?.ask(&json!({ "shift_clock_ms": shift_ms })).await?;
        Ok(())
    }

    /// Runs every job that is due; gives how many there were.
    pub async fn drain(&self) -> Result<u64, StormError> {
        let answer = self.open().await?.ask(&json!({ "drain_jobs": true })).await?;
        let drained = answer.get("drained").and_then(Value::as_u64);
        drained.ok_or_else(|| StormError::Failed(format!("jobs were not drained: {answer}")))
    }

    /// Arms a crash point; the connection will hear when it is hit.
    pub async fn arm(&self, point: CrashPoint) -> Result<Talk, StormError> {
        let mut talk = self.open().await?;
        talk.ask(&json!({ "arm": point.name() })).await?;
        Ok(talk)
    }

    async fn open(&self) -> Result<Talk, StormError> {
        Ok(Talk(BufReader::new(UnixStream::connect(&self.0).await?)))
    }
}

/// One connection to a drill socket.
#[derive(Debug)]
pub struct Talk(BufReader<UnixStream>);

impl Talk {
    /// Waits until the armed point is hit, at most `limit`.
    pub async fn parked(&mut self, limit: Duration) -> Parked {
        match timeout(limit, self.hear()).await {
            Ok(Ok(line)) if line.get("parked").is_some() => Parked::AtThePoint,
            _ => Parked::Elsewhere,
        }
    }

    async fn ask(&mut self, order: &Value) -> Result<Value, StormError> {
        self.0.get_mut().write_all(format!("{order}\n").as_bytes()).await?;
        timeout(PATIENCE, self.hear())
            .await
            .unwrap_or_else(|_| Err(StormError::Failed("the drill socket is silent".to_owned())))
    }

    async fn hear(&mut self) -> Result<Value, StormError> {
        let mut line = String::new();
        self.0.read_line(&mut line).await?;
        serde_json::from_str(&line).map_err(|error| StormError::Failed(format!("drill socket: {error}")))
    }
}

/// Where the server stands when it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parked {
    /// At the armed crash point.
    AtThePoint,
    /// Anywhere: nothing came by in time.
    Elsewhere,
}

impl Gateways {
    /// The settings file of a life. KOMOJU and Stripe take turns at being asked first for a card, KOMOJU and VeriTrans
    /// for nanaco.
    fn blocks(&self, life: u64) -> String {
        let blocks = [
            self.block("komoju", "/api/v1", r#"{ code = "card", max = 10000000 }, { code = "nanaco", max = 50000 }, { code = "konbini", max = 300000 }, { code = "pay_easy", max = 999999 }"#, ""),
            self.block("stripe", "", r#"{ code = "card", max = 9999999 }, { code = "konbini", max = 300000 }"#, ""),
            self.block(
                "veritrans",
                "",
                r#"{ code = "suica", max = 20000 }, { code = "edy", max = 50000 }, { code = "waon", max = 50000 }, { code = "nanaco", max = 50000 }"#,
                "merchant_id = \"A100000000000000000000cc\"\ntest_mode = true\n",
            ),
            self.block(
                "paypay",
                "",
                r#"{ code = "paypay", max = 500000 }"#,
                "merchant_id = \"\"\nnotification_sources = [\"127.0.0.1\"]\n",
            ),
        ];
        let mut blocks = blocks.to_vec();
        if life % 2 == 1 {
            blocks.rotate_left(1);
        }
        blocks.concat()
    }

    fn block(&self, name: &str, path: &str, methods: &str, more: &str) -> String {
        format!(
            "[[gateways]]\nname = \"{name}\"\nkind = \"{name}\"\ntenants = [\"*\"]\nlegal_role = \"designated_agent\"\n\
             base_url = \"{}{path}\"\nconnect_timeout_ms = 1000\ntotal_timeout_ms = 1000\nmethods = [{methods}]\n{more}\n",
            self.simulator
        )
    }
}
