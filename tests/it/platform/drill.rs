//! The drill socket of a running process.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use madoguchi::clock::{Clock, SystemClock};
use madoguchi::drill::socket::{Reach, listen};
use madoguchi::drill::{CrashPoint, Drill};
use serde_json::{Value, json};

use crate::support::db::new_folder;

struct Talk {
    reader: BufReader<UnixStream>,
}

impl Talk {
    fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.reader.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn say(&mut self, order: &Value) -> Value {
        self.reader.get_mut().write_all(format!("{order}\n").as_bytes()).unwrap();
        self.hear()
    }
}

#[test]
fn a_test_arms_a_point_moves_the_clock_and_drains_over_the_socket() {
    let path = new_folder().join("drill.sock");
    let (drill, clock) = (Arc::new(Drill::default()), Arc::new(SystemClock::default()));
    let drained = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&drained);
    let reach = Reach {
        drill: Arc::clone(&drill),
        clock: Arc::clone(&clock),
        drain_jobs: Arc::new(move || Ok(count.fetch_add(1, Ordering::SeqCst) + 1)),
    };
    listen(&path, reach).unwrap();
    let mut talk = Talk { reader: BufReader::new(UnixStream::connect(&path).unwrap()) };

    assert_eq!(talk.say(&json!({ "drain_jobs": true })), json!({ "drained": 1 }));
    assert!(talk.say(&json!({ "arm": "nowhere" }))["error"].is_string());
    assert!(talk.say(&json!({ "drain_jobs": false }))["error"].is_string());
    assert!(talk.say(&json!({ "surprise": 1 }))["error"].is_string());

    let before: Timestamp = clock.now();
    talk.say(&json!({ "shift_clock_ms": 86_400_000 }));
    assert!(clock.now().duration_since(before).as_hours() >= 23);

    assert_eq!(talk.say(&json!({ "arm": "submit-after-commit" })), json!({ "armed": "submit-after-commit" }));
    drill.reach(CrashPoint::SubmitBeforeCommit);
    std::thread::spawn(move || drill.reach(CrashPoint::SubmitAfterCommit));
    assert_eq!(talk.hear(), json!({ "parked": "submit-after-commit" }));
    let hits = talk.say(&json!({ "hits": true }));
    assert_eq!(hits["hits"]["submit-before-commit"], 1);
    assert_eq!(hits["hits"]["submit-after-commit"], 1);
    assert_eq!(hits["hits"]["notification-before-record"], 0);
}
