//! A private PostgreSQL server that lives as long as one process: for tests, the bench and
//! `--database postgres`.
//!
//! It listens on a socket in its own folder and on one loopback port, with a random password. It never runs
//! as root: a root process starts it as the user `postgres`. A small shell waits for the end of this
//! process (its standard input closes, also after `kill -9`) and then stops the server and removes the folder.

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use data_encoding::HEXLOWER;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::url::DatabaseUrl;

/// How long the server may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Whether the data must outlive a crash of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// `fsync = on`: honest figures.
    Full,
    /// `fsync = off`: fast, for data that is thrown away.
    None,
}

/// Why no private server could be started.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No PostgreSQL programs on this machine.
    #[error(
        "PostgreSQL is not installed: looked for `initdb` and `postgres` in PATH, `pg_config --bindir` and \
         /usr/lib/postgresql/*/bin"
    )]
    NotInstalled,
    /// A root process found no user to run the server as.
    #[error("PostgreSQL does not run as root, and there is no user `postgres` to run it as")]
    NoUser,
    /// A program failed.
    #[error("{0}")]
    Failed(String),
    /// The folder could not be prepared.
    #[error("the server's folder could not be prepared: {0}")]
    Folder(#[from] std::io::Error),
}

/// A running private server. Dropping it stops the server and removes its folder.
#[derive(Debug)]
pub struct PrivateCluster {
    folder: PathBuf,
    port: u16,
    password: String,
    watchdog: Child,
}

/// The unprivileged user that runs the server.
#[derive(Clone, Copy, Debug)]
struct User {
    uid: u32,
    gid: u32,
}

impl PrivateCluster {
    /// Starts a server in a new folder under `parent` and waits until it answers.
    pub fn start(parent: &Path, durability: Durability, max_connections: u16) -> Result<Self, ClusterError> {
        let bin = find_programs().ok_or(ClusterError::NotInstalled)?;
        let folder = new_folder(parent)?;
        let started = Self::start_in(&bin, &folder, durability, max_connections);
        if started.is_err() {
            // The error that made the start fail is the one to report.
            let _ = fs::remove_dir_all(&folder);
        }
        started
    }

    fn start_in(
        bin: &Path,
        folder: &Path,
        durability: Durability,
        max_connections: u16,
    ) -> Result<Self, ClusterError> {
        let user = unprivileged_user(folder)?;
        // Before anything that takes time: this process may be killed at any moment.
        let watchdog = watch(folder)?;
        let password = random_hex()?;
        // The thousands of rounds of scram-sha-256 at each connection are a twentieth of a run of the tests.
        let authentication = match durability {
            Durability::Full => "scram-sha-256",
            Durability::None => "md5",
        };
        init(bin, folder, user, &password, authentication)?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        // A cluster for measuring lives for minutes: it learns what its tables hold within seconds. One for tests has
        // hundreds of databases, which are gone before that would help them.
        let (fsync, autovacuum_naptime_s) = match durability {
            Durability::Full => ("on", 5),
            Durability::None => ("off", 60),
        };
        let log = fs::File::create(folder.join("server.log"))?;
        let mut server = unprivileged(&bin.join("postgres"), folder, user);
        server.args(["-D", "data", "-c", "listen_addresses=127.0.0.1", "-c", "jit=off"]);
        server.arg("-p").arg(port.to_string()).arg("-k").arg(folder);
        server.args(["-c", &format!("fsync={fsync}"), "-c", &format!("full_page_writes={fsync}")]);
        server.args(["-c", &format!("max_connections={max_connections}"), "-c", "shared_buffers=128MB"]);
        server.args(["-c", &format!("autovacuum_naptime={autovacuum_naptime_s}s")]);
        server.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        let mut server = server.spawn()?;
        let cluster = Self { folder: folder.to_owned(), port, password, watchdog };
        cluster.wait_until_ready(&mut server)?;
        // The server ends before this process does or is ended by the watchdog; its exit status is of no use,
        // but without a waiting thread a server that died early would stay as a zombie.
        std::thread::spawn(move || server.wait());
        Ok(cluster)
    }

    /// The URL of one database of this server.
    pub fn url(&self, database: &str) -> DatabaseUrl {
        DatabaseUrl::Postgres(self.url_text(database))
    }

    /// The loopback port; the user is `madoguchi`.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The user's random password.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The folder with the socket, the data and the server's log.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs statements in one of the server's databases, as its owner.
    pub fn execute(&self, database: &str, statements: &[&str]) -> Result<(), ClusterError> {
        let failed = |error: String| ClusterError::Failed(format!("{database}: {error}"));
        let mut conn =
            PgConnection::establish(&self.url_text(database)).map_err(|error| failed(error.to_string()))?;
        for statement in statements {
            conn.batch_execute(statement).map_err(|error| failed(error.to_string()))?;
        }
        Ok(())
    }

    fn url_text(&self, database: &str) -> String {
        format!("postgres://madoguchi:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    fn wait_until_ready(&self, server: &mut Child) -> Result<(), ClusterError> {
        let deadline = Instant::now() + START_LIMIT;
        while PgConnection::establish(&self.url_text("postgres")).is_err() {
            if let Some(status) = server.try_wait()? {
                let log = fs::read_to_string(self.folder.join("server.log")).unwrap_or_default();
                return Err(ClusterError::Failed(format!("the private server ended ({status}): {log}")));
            }
            if Instant::now() > deadline {
                return Err(ClusterError::Failed("the private server does not answer".to_owned()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for PrivateCluster {
    fn drop(&mut self) {
        // Closing its input tells the watchdog to clean up.
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

/// Where `initdb` and `postgres` are: PATH first, then what `pg_config` says, then the distribution's folders.
fn find_programs() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        folders.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path().join("bin")).collect())
        .unwrap_or_default();
    versions.sort_by_key(|path| std::cmp::Reverse(version_of(path)));
    folders.extend(versions);
    folders.into_iter().find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

fn version_of(bin: &Path) -> u32 {
    let name = bin.parent().and_then(Path::file_name).and_then(std::ffi::OsStr::to_str);
    name.and_then(|name| name.parse().ok()).unwrap_or(0)
}

fn new_folder(parent: &Path) -> Result<PathBuf, ClusterError> {
    // A socket's path may hold about a hundred bytes, so the name is short.
    let folder = parent.join(format!("mg-pg-{}", random_hex()?.get(..12).unwrap_or("0")));
    fs::create_dir_all(parent)?;
    fs::create_dir(&folder)?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
    Ok(folder)
}

fn random_hex() -> Result<String, ClusterError> {
    let mut bytes = [0_u8; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| ClusterError::Failed("the operating system gives no random bytes".to_owned()))?;
    Ok(HEXLOWER.encode(&bytes))
}

/// The user to switch to, when this process is root; the folder then becomes that user's.
fn unprivileged_user(folder: &Path) -> Result<Option<User>, ClusterError> {
    if fs::metadata(folder)?.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let user = fields.into_iter().find_map(|fields| match fields.as_slice() {
        ["postgres", _, uid, gid, ..] => Some(User { uid: uid.parse().ok()?, gid: gid.parse().ok()? }),
        _ => None,
    });
    let user = user.ok_or(ClusterError::NoUser)?;
    chown(folder, Some(user.uid), Some(user.gid))?;
    Ok(Some(user))
}

fn unprivileged(program: &Path, folder: &Path, user: Option<User>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env("LC_ALL", "C").env("TZ", "UTC");
    if let Some(user) = user {
        command.uid(user.uid).gid(user.gid);
    }
    command
}

fn init(
    bin: &Path,
    folder: &Path,
    user: Option<User>,
    password: &str,
    authentication: &str,
) -> Result<(), ClusterError> {
    let file = folder.join("password");
    let mut written = fs::File::create(&file)?;
    written.write_all(password.as_bytes())?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
    if let Some(user) = user {
        chown(&file, Some(user.uid), Some(user.gid))?;
    }
    let output = unprivileged(&bin.join("initdb"), folder, user)
        .args(["-D", "data", "-U", "madoguchi", "-A", authentication, "--pwfile", "password"])
        .args(["-E", "UTF8", "--no-locale", "--no-sync"])
        .stdin(Stdio::null())
        .output()?;
    fs::remove_file(&file)?;
    if output.status.success() {
        Ok(())
    } else {
        Err(ClusterError::Failed(format!("initdb: {}", String::from_utf8_lossy(&output.stderr).trim())))
    }
}

/// Starts the shell that outlives this process by a moment. It stops the server at once (it is thrown away)
/// and waits until it is gone, so that nothing writes into the folder while that is removed.
fn watch(folder: &Path) -> std::io::Result<Child> {
    let script = "trap '' HUP INT TERM; cat >/dev/null; pid=$(head -n 1 \"$1/data/postmaster.pid\" 2>/dev/null); \
         if [ -n \"$pid\" ]; then kill -QUIT \"$pid\"; n=0; \
         while kill -0 \"$pid\" && [ $n -lt 50 ]; do sleep 0.1; n=$((n+1)); done; kill -KILL \"$pid\"; fi; \
         rm -rf \"$1\" || { sleep 2; rm -rf \"$1\"; }";
    Command::new("/bin/sh")
        .args(["-c", script, "watchdog"])
        .arg(folder)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
}
