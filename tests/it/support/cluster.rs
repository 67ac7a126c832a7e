//! One private PostgreSQL server for the whole test run; its watchdog removes it when the run ends.

use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, RwLock};

use madoguchi::store::private_cluster::{ClusterError, Durability, PrivateCluster};

/// The server, or `None` where PostgreSQL is not installed; that is said once, on one line.
pub fn cluster() -> Option<&'static PrivateCluster> {
    static CLUSTER: OnceLock<Option<PrivateCluster>> = OnceLock::new();
    CLUSTER
        .get_or_init(|| match PrivateCluster::start(&std::env::temp_dir(), Durability::None, 200) {
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

/// Makes a database that is a copy of `template` and returns its name.
pub fn create_database(cluster: &PrivateCluster, template: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // A template may have no sessions while it is copied, and two copies at once would see each other's.
    static COPYING: Mutex<()> = Mutex::new(());
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let _copying = COPYING.lock().unwrap_or_else(PoisonError::into_inner);
    cluster.execute("postgres", &[&format!("CREATE DATABASE {name} TEMPLATE {template}")]).unwrap();
    name
}

/// Shared by whoever drops a database, which forces a checkpoint of the whole server; taken alone by a test that a
/// checkpoint would disturb (the fate of a lost commit is told only as long as none has come in between).
pub static CHECKPOINTS: RwLock<()> = RwLock::new(());

/// Removes a database and ends its sessions.
pub fn drop_database(cluster: &PrivateCluster, name: &str) {
    let _checkpoint = CHECKPOINTS.read().unwrap_or_else(PoisonError::into_inner);
    cluster.execute("postgres", &[&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")]).unwrap();
}
