//! A cut of the storm: payers, faults and SIGKILLs at the real server, and the gateway's ledger as the judge.
//!
//! `TEST_ROUNDS` multiplies the runs; without it the cut is left out, for it takes minutes. `cargo run --release -- storm` is
//! the whole.

use std::process::Command;

use madoguchi::store::DatabaseUrl;
use serde_json::{Value, json};

use crate::support::db::TestDb;
use crate::support::traces::rounds;

/// Runs on each database; both together are 300.
const RUNS: usize = 150;

/// Faults that befall some run of a storm of this length however fast the machine is: a refund by hand, a contested payment, a
/// gate that is shut.
const OFTEN: [&str; 3] = ["F27", "F32", "F39"];

/// What has to be 0 after the healing.
const BARS: [&str; 8] = [
    "double_charges",
    "lost_payments",
    "wrong_final_states",
    "unresolved_unknown",
    "over_refunds",
    "unbalanced_postings",
    "receipts_missing",
    "receipts_duplicated",
];

on_both_databases!(the_money_survives_a_storm, async |db: TestDb| {
    let url = match &db.settings.url {
        DatabaseUrl::SqliteFile(path) => format!("sqlite:{}", path.display()),
        DatabaseUrl::Postgres(url) => url.clone(),
    };
    let runs = RUNS * rounds(0);
    if runs == 0 {
        return;
    }
    let mut storm = Command::new(env!("CARGO_BIN_EXE_madoguchi"));
    storm.args(["storm", "--runs", &runs.to_string(), "--seed", "4", "--runs-per-kill", "12"]);
    storm.args(["--payers", "40", "--database", &url]);
    let output = tokio::task::spawn_blocking(move || storm.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{said}"));
    for bar in BARS {
        assert_eq!(report[bar], json!(0), "{bar}\n{said}");
        assert!(report["naive"][bar].is_u64(), "the careless adapter is judged by the same");
    }
    assert!(output.status.success(), "{said}");
    assert_eq!(report["runs"], json!(runs));
    assert!(report["paid_by_link"].as_u64() > Some(0), "{report}");
    let naive = &report["naive"];
    assert_eq!(naive["runs"], json!(runs), "the careless adapter goes through the same plans");
    for name in ["kills_by_point", "faults_by_id"] {
        let of = naive[name].as_object().unwrap_or_else(|| panic!("{name}: {report}"));
        assert!(of.values().any(|count| count.as_u64() > Some(0)), "{name}: {report}");
    }
    for (point, kills) in report["kills_by_point"].as_object().unwrap() {
        assert!(kills.as_u64().unwrap() > 0, "nobody was killed at {point}: {report}");
    }
    let hits = report["faults_by_id"].as_object().unwrap();
    let happened = hits.values().filter(|count| count.as_u64() > Some(0)).count();
    assert!(happened >= 22, "{happened}: {report}");
    for id in OFTEN {
        assert!(hits.get(id).and_then(Value::as_u64) > Some(0), "{id} never happened: {report}");
    }
    let naive: u64 = BARS.iter().map(|bar| report["naive"][bar].as_u64().unwrap()).sum();
    assert!(naive > 0, "in a storm that spares the careless, faultlessness means nothing");
});
