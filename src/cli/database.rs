//! `--database`: a database by its address, or one that lives as long as the command.

use std::path::PathBuf;

use super::Stop;
use crate::clock::{IdGen, SystemIds};
use crate::store::private_cluster::{Durability, PrivateCluster};

/// Connections a private PostgreSQL server allows.
const CONNECTIONS: u16 = 100;

/// What has to be removed when the command ends.
pub(super) enum ThrowAway {
    /// Nothing: the database is the user's.
    Nothing,
    /// A folder with an SQLite file.
    Folder(PathBuf),
    /// A server; it removes itself.
    #[expect(dead_code, reason = "held for its drop")]
    Server(PrivateCluster),
}

impl Drop for ThrowAway {
    fn drop(&mut self) {
        if let Self::Folder(folder) = self {
            // What cannot be removed from a folder for temporary files is removed by the system.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// The address to put over the settings, if any, and what keeps it alive.
pub(super) fn resolve(option: Option<&str>) -> Result<(Option<String>, ThrowAway), Stop> {
    match option {
        None => Ok((None, ThrowAway::Nothing)),
        Some("sqlite") => {
            let id = SystemIds::default().uuid(jiff::Timestamp::UNIX_EPOCH);
            let folder = std::env::temp_dir().join(format!("madoguchi-{id}"));
            std::fs::create_dir(&folder)?;
            let url = format!("sqlite:{}", folder.join("madoguchi.db").display());
            Ok((Some(url), ThrowAway::Folder(folder)))
        }
        Some("postgres") => {
            let server = PrivateCluster::start(&std::env::temp_dir(), Durability::Full, CONNECTIONS);
            let server = server.map_err(Stop::because)?;
            server.execute("postgres", &["CREATE DATABASE madoguchi"]).map_err(Stop::because)?;
            let url =
                format!("postgres://madoguchi:{}@127.0.0.1:{}/madoguchi", server.password(), server.port());
            Ok((Some(url), ThrowAway::Server(server)))
        }
        Some(url) => Ok((Some(url.to_owned()), ThrowAway::Nothing)),
    }
}
