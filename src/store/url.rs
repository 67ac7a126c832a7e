//! Which database to use, as the user writes it; a guess is never made.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A parsed `--database` value.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// One SQLite file, made if it is missing.
    SqliteFile(PathBuf),
    /// A libpq connection URL; it may hold a password, so it is never shown whole.
    Postgres(String),
}

/// Why a `--database` value was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    /// Neither a known scheme nor an existing SQLite file.
    #[error(
        "`{0}` names no database: write `sqlite:PATH`, `postgres://USER@HOST/NAME`, \
         or the path of an existing SQLite file"
    )]
    NotUnderstood(String),
    /// `sqlite:` without a path, or an in-memory database, which several connections cannot share.
    #[error("`sqlite:` needs the path of a file, for example `sqlite:data/madoguchi.db`")]
    NoSqlitePath,
    /// A `postgres://` URL that names no database.
    #[error("a PostgreSQL URL must name its database: `postgres://USER@HOST/NAME`")]
    NoPostgresDatabase,
    /// Personal data would cross the network in clear.
    #[error(
        "the PostgreSQL host `{host}` is remote, so the connection must be encrypted: build with the feature \
         `postgres-tls` and add `sslmode=verify-full` (or `require`), or use a local TLS proxy"
    )]
    RemoteWithoutTls {
        /// The host as it was written.
        host: String,
    },
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(rest) = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://")) {
            check_postgres(rest)?;
            return Ok(Self::Postgres(text.to_owned()));
        }
        if let Some(path) = text.strip_prefix("sqlite:") {
            // `sqlite:///a` is the absolute `/a` and `sqlite://a` the relative `a`, as other tools write them.
            let path = path.strip_prefix("//").unwrap_or(path);
            let unusable = path.is_empty() || path == ":memory:" || path.contains('\0') || path.contains('?');
            if unusable || Path::new(path).is_dir() {
                return Err(DatabaseUrlError::NoSqlitePath);
            }
            return Ok(Self::SqliteFile(PathBuf::from(path)));
        }
        if is_sqlite_file(Path::new(text)) {
            return Ok(Self::SqliteFile(PathBuf::from(text)));
        }
        Err(DatabaseUrlError::NotUnderstood(without_password(text)))
    }
}

impl DatabaseUrl {
    /// The file, when it is an SQLite file.
    pub fn sqlite_path(&self) -> Option<&Path> {
        match self {
            Self::SqliteFile(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }
}

/// Shows the URL without its password.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SqliteFile(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => f.write_str(&without_password(url)),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Hides what stands between the first `:` of the user part and its `@`, and every `password=` parameter.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (main, query) = rest.split_once('?').unwrap_or((rest, ""));
    let main = match main.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split_once(':').map_or(user, |(name, _)| name);
            format!("{user}:***@{host}")
        }
        None => main.to_owned(),
    };
    let kept: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !is_secret(pair)).collect();
    let mark = if kept.is_empty() { "" } else { "?" };
    format!("{scheme}://{main}{mark}{}", kept.join("&"))
}

fn is_secret(pair: &str) -> bool {
    pair.starts_with("password=") || pair.starts_with("sslpassword=")
}

fn check_postgres(rest: &str) -> Result<(), DatabaseUrlError> {
    let (main, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = main.split_once('/').unwrap_or((main, ""));
    let parameter =
        |name: &str| query.split('&').filter_map(|pair| pair.split_once('=')).rfind(|(key, _)| *key == name);
    if database.is_empty() && parameter("dbname").is_none_or(|(_, value)| value.is_empty()) {
        return Err(DatabaseUrlError::NoPostgresDatabase);
    }
    let encrypted = cfg!(feature = "postgres-tls")
        && parameter("sslmode")
            .is_some_and(|(_, mode)| matches!(mode, "require" | "verify-ca" | "verify-full"));
    let written = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
    let hosts = written.split(',').map(without_port);
    let asked =
        ["host", "hostaddr"].into_iter().filter_map(parameter).flat_map(|(_, value)| value.split(','));
    for host in hosts.chain(asked) {
        if !is_local(host) && !encrypted {
            return Err(DatabaseUrlError::RemoteWithoutTls { host: host.to_owned() });
        }
    }
    Ok(())
}

fn without_port(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split_once(']').map_or(rest, |(inside, _)| inside);
    }
    host.split_once(':').map_or(host, |(name, _)| name)
}

/// A socket folder, this machine's name for itself, or a loopback address.
fn is_local(host: &str) -> bool {
    let socket =
        host.is_empty() || host.starts_with('/') || host.starts_with("%2F") || host.starts_with("%2f");
    socket || host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// An existing regular file that begins as every SQLite database does (an empty file does not count).
fn is_sqlite_file(path: &Path) -> bool {
    let mut header = [0_u8; 16];
    path.is_file()
        && File::open(path).is_ok_and(|mut file| file.read_exact(&mut header).is_ok())
        && &header == b"SQLite format 3\0"
}
