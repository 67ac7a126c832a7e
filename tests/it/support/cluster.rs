//! One private PostgreSQL server for the whole test run; its watchdog removes it when the run ends.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, RwLock};

use madoguchi::store::private_cluster::{ClusterError, Durability, PrivateCluster};

/// The server, or `None` where PostgreSQL is not installed; that is said once, on one line.
pub fn cluster() -> Option<&'static PrivateCluster> {
    static CLUSTER: OnceLock<Option<PrivateCluster>> = OnceLock::new();
    CLUSTER
        .get_or_init(|| match PrivateCluster::start(&passing_place(), Durability::None, 200) {
            Ok(cluster) => Some(cluster),
            Err(error @ (ClusterError::NotInstalled | ClusterError::NoUser)) => {
                // Not `eprintln!`: the harness would keep the line from a passing test.
                let _ = writeln!(std::io::stderr(), "The PostgreSQL half of the tests did not run: {error}");
                None
            }
            Err(error) => panic!("the private PostgreSQL server did not start: {error}"),
        })
        .as_ref()
}

/// Where data that is thrown away is written fastest: in memory if there is room for it (a container often has 64 MiB),
/// else among the temporary files.
pub fn passing_place() -> PathBuf {
    const ROOM_BYTES: u64 = 2 << 30;
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    let in_memory = || {
        let place = Path::new("/dev/shm");
        let told = Command::new("df").args(["--block-size=1", "--output=avail"]).arg(place).output().ok()?;
        let room_bytes: u64 = String::from_utf8_lossy(&told.stdout).lines().last()?.trim().parse().ok()?;
        (room_bytes >= ROOM_BYTES).then(|| place.to_owned())
    };
    PLACE.get_or_init(|| in_memory().unwrap_or_else(std::env::temp_dir)).clone()
}

/// Makes a database that is a copy of `template` and returns its name.
pub fn create_database(cluster: &PrivateCluster, template: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // A template may have no sessions while it is copied, and two copies at once would see each other's.
    static COPYING: Mutex<()> = Mutex::new(());
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let _copying = COPYING.lock().unwrap_or_else(PoisonError::into_inner);
    let _checkpoint = CHECKPOINTS.read().unwrap_or_else(PoisonError::into_inner);
    // Copying files is three times as fast as writing every block to the log, and all that older servers know.
    let version = std::fs::read_to_string(cluster.folder().join("data/PG_VERSION")).unwrap();
    let strategy = if version.trim().parse().unwrap_or(0_u32) >= 15 { "STRATEGY file_copy" } else { "" };
    cluster
        .execute("postgres", &[&format!("CREATE DATABASE {name} TEMPLATE {template} {strategy}")])
        .unwrap();
    name
}

/// Shared by whoever makes or drops a database, which forces a checkpoint of the whole server; taken alone by a test that a
/// checkpoint would disturb (the fate of a lost commit is told only as long as none has come in between).
pub static CHECKPOINTS: RwLock<()> = RwLock::new(());

/// Removes a database and ends its sessions.
pub fn drop_database(cluster: &PrivateCluster, name: &str) {
    let _checkpoint = CHECKPOINTS.read().unwrap_or_else(PoisonError::into_inner);
    cluster.execute("postgres", &[&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")]).unwrap();
}
