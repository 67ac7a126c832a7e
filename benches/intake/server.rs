//! The bench's side of the server process: starting it, asking it, and what Linux says of it.

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use data_encoding::BASE64;

/// The first argument of the server process.
pub const SERVE: &str = "--serve";

/// A running server.
pub struct Server {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Starts this executable as a server over the database at `url`; its log goes to a file in `folder`.
    pub fn start(url: &str, folder: &Path) -> Result<Self, Box<dyn Error>> {
        std::fs::create_dir_all(folder)?;
        let mut child = Command::new(std::env::current_exe()?)
            .args([SERVE, url])
            .arg(folder)
            .env("MADOGUCHI__SECRETS__INSTALLATION_KEY", BASE64.encode(&[7; 32]))
            .env("MADOGUCHI__SECRETS__KOMOJU_SECRET_KEY", "sk_bench")
            .env("MADOGUCHI__SECRETS__KOMOJU_WEBHOOK_SECRET", "bench")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(folder.join("server.log"))?)
            .spawn()?;
        let orders = child.stdin.take();
        let mut answers = BufReader::new(child.stdout.take().ok_or("the server has no output")?);
        let mut line = String::new();
        answers.read_line(&mut line)?;
        let Some(address) = line.trim().strip_prefix("listening ") else {
            let log = std::fs::read_to_string(folder.join("server.log")).unwrap_or_default();
            return Err(format!("the server did not start: {line}{log}").into());
        };
        let address = address.parse()?;
        Ok(Self { child, orders, answers, address })
    }

    /// Sends a line and reads the line that answers it.
    pub fn ask(&mut self, order: &str) -> Result<String, Box<dyn Error>> {
        let orders = self.orders.as_mut().ok_or("the server was told to end")?;
        writeln!(orders, "{order}")?;
        orders.flush()?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }

    /// Statements sent to the database so far, `BEGIN` and `COMMIT` included.
    pub fn statements(&mut self) -> Result<u64, Box<dyn Error>> {
        Ok(self.ask("statements")?.parse()?)
    }

    /// Processor time so far, in user and in kernel mode.
    pub fn processor_time(&self) -> Result<Duration, Box<dyn Error>> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name in parentheses may hold blanks; utime and stime are the 12th and 13th fields behind it.
        let (_, fields) = stat.rsplit_once(')').ok_or("no name in /proc/<pid>/stat")?;
        let mut times = fields.split_whitespace().skip(11);
        let mut next = || times.next().ok_or("too few fields")?.parse::<u64>().map_err(|_| "no number");
        // Linux reports these in hundredths of a second whatever its own clock (USER_HZ).
        Ok(Duration::from_millis((next()? + next()?) * 10))
    }

    /// Largest resident memory so far, in MiB.
    pub fn peak_memory_mib(&self) -> Result<u64, Box<dyn Error>> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
        let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib.div_ceil(1024))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The end of its input tells it to go.
        drop(self.orders.take());
        let _ = self.child.wait();
    }
}
