//! A COMMIT whose answer never arrives.
//!
//! The fault is made for real: a proxy between the store and PostgreSQL passes COMMIT on, waits for the
//! server's answer, and then cuts the line instead of handing the answer over.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use madoguchi::store::{CommitPoint, DatabaseUrl, Db, StoreError, Tx};

use super::{TABLES, TestError, hold, note, note_ids, root};
use crate::support::cluster::{CHECKPOINTS, cluster};
use crate::support::db::{Contents, TestDb, execute, run};

/// What the proxy does to the next COMMIT.
const PASS: u8 = 0;
const CUT_BEFORE: u8 = 1;
const CUT_AFTER: u8 = 2;
/// Cuts after the server's answer and lets nobody in again.
const CUT_AFTER_AND_CLOSE: u8 = 3;
const CLOSED: u8 = 4;

/// Starts a proxy to the private server and returns its port and its switch.
fn proxy(target: u16) -> (u16, Arc<AtomicU8>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let switch = Arc::new(AtomicU8::new(PASS));
    let shared = Arc::clone(&switch);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            if shared.load(Ordering::SeqCst) == CLOSED {
                continue;
            }
            let server = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).unwrap();
            let (up, down) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            let switch = Arc::clone(&shared);
            std::thread::spawn(move || forward(up, server, &switch));
            let switch = Arc::clone(&shared);
            std::thread::spawn(move || backward(down, client, &switch));
        }
    });
    (port, switch)
}

/// Client to server. Diesel sends COMMIT as a simple query, alone in its packet.
fn forward(mut client: TcpStream, mut server: TcpStream, switch: &AtomicU8) {
    let mut buffer = [0_u8; 16_384];
    while let Ok(length @ 1..) = client.read(&mut buffer) {
        let commit = buffer[..length].windows(6).any(|window| window == b"COMMIT");
        if commit && switch.compare_exchange(CUT_BEFORE, PASS, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            break;
        }
        if server.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}

/// Server to client; the answer to COMMIT holds the tag `COMMIT`.
fn backward(mut server: TcpStream, mut client: TcpStream, switch: &AtomicU8) {
    let mut buffer = [0_u8; 16_384];
    while let Ok(length @ 1..) = server.read(&mut buffer) {
        if buffer[..length].windows(6).any(|window| window == b"COMMIT") {
            let cut = switch.compare_exchange(CUT_AFTER, PASS, Ordering::SeqCst, Ordering::SeqCst);
            let close =
                switch.compare_exchange(CUT_AFTER_AND_CLOSE, CLOSED, Ordering::SeqCst, Ordering::SeqCst);
            if cut.is_ok() || close.is_ok() {
                break;
            }
        }
        if client.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}

/// Runs `test` with a node that reaches the database through the proxy.
#[expect(
    clippy::await_holding_lock,
    reason = "each test has a runtime of its own, and the lock must outlast its awaits"
)]
fn through_proxy(test: impl AsyncFnOnce(&TestDb, &Db, Arc<AtomicU8>)) {
    let Some(direct) = TestDb::postgres(Contents::Only(TABLES)) else { return };
    run(direct, async |direct| {
        // Given back before `direct` goes: dropping that database is a checkpoint too.
        let _no_checkpoint = CHECKPOINTS.write().unwrap_or_else(PoisonError::into_inner);
        let (port, switch) = proxy(cluster().unwrap().port());
        let node = direct.another_node(|settings| {
            let DatabaseUrl::Postgres(url) = &settings.url else { unreachable!() };
            let old = format!(":{}/", cluster().unwrap().port());
            settings.url = DatabaseUrl::Postgres(url.replace(&old, &format!(":{port}/")));
            settings.fate_timeout = Duration::from_secs(1);
        });
        test(&direct, &node, Arc::clone(&switch)).await;
        switch.store(PASS, Ordering::SeqCst);
        node.shutdown();
    });
}

/// Writes five notes that share one batch; the first run of the first one sets the switch, so that the COMMIT
/// it meets is the batch's own. Returns the answers.
async fn five_notes(node: &Db, switch: &Arc<AtomicU8>, fault: u8) -> Vec<Result<(), TestError>> {
    let (release, holder) = hold(node, root(0)).await;
    let armed = Arc::new(AtomicU8::new(fault));
    let tasks: Vec<_> = (0..5)
        .map(|number| {
            let (node, switch, armed) = (node.clone(), Arc::clone(switch), Arc::clone(&armed));
            tokio::spawn(async move {
                let write = move |tx: &mut Tx<'_>| {
                    let fault = armed.swap(PASS, Ordering::SeqCst);
                    if fault != PASS {
                        switch.store(fault, Ordering::SeqCst);
                    }
                    note(tx, &format!("n{number}"), 1)
                };
                node.write(root(0), write).await
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(release);
    holder.await.unwrap();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

const ALL: [&str; 5] = ["n0", "n1", "n2", "n3", "n4"];

#[test]
fn a_commit_that_was_stored_is_delivered_as_stored() {
    through_proxy(async |direct, node, switch| {
        let answers = five_notes(node, &switch, CUT_AFTER).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        assert_eq!(note_ids(&direct.db).await, ALL);
        let statistics = node.statistics();
        assert_eq!((statistics.lost_commits, statistics.poisoned_batches), (1, 0));
    });
}

#[test]
fn a_commit_that_never_arrived_is_run_again() {
    through_proxy(async |direct, node, switch| {
        let answers = five_notes(node, &switch, CUT_BEFORE).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        assert_eq!(note_ids(&direct.db).await, ALL);
        let statistics = node.statistics();
        assert_eq!((statistics.lost_commits, statistics.poisoned_batches), (1, 1));
    });
}

#[test]
fn a_commit_nobody_can_ask_about_is_unknown_never_failed() {
    through_proxy(async |direct, node, switch| {
        let answers = five_notes(node, &switch, CUT_AFTER_AND_CLOSE).await;
        for answer in &answers {
            assert!(matches!(answer, Err(TestError::Store(StoreError::OutcomeUnknown))), "{answer:?}");
        }
        // It was stored all the same, which is why it may not be called failed.
        assert_eq!(note_ids(&direct.db).await, ALL);
        // And once the way is open again the writer works as before.
        switch.store(PASS, Ordering::SeqCst);
        node.write(root(0), |tx| note(tx, "later", 1)).await.unwrap();
    });
}

#[test]
fn a_session_ended_before_its_commit_is_run_again() {
    let Some(direct) = TestDb::postgres(Contents::Only(TABLES)) else { return };
    run(direct, async |direct| {
        let url = direct.settings.url.clone();
        let once = AtomicU8::new(1);
        let node = direct.another_node(|settings| {
            settings.commit_hook = Some(Arc::new(move |point| {
                if point == CommitPoint::BeforeCommit && once.swap(0, Ordering::SeqCst) == 1 {
                    execute(
                        &url,
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                         WHERE datname = current_database() AND application_name LIKE 'madoguchi-writer%' \
                         AND state = 'idle in transaction'",
                    );
                }
            }));
        });
        node.write(root(0), |tx| note(tx, "once", 1)).await.unwrap();
        assert_eq!(note_ids(&direct.db).await, ["once"]);
        node.shutdown();
    });
}
