//! Signed checkpoints: what is cut off or rewritten after the sealing is found and named, on both databases.

use jiff::SignedDuration;
use madoguchi::domain::audit::{CHAIN_START, ChainHash, EventRecord, link};
use madoguchi::domain::checkpoint::{Leaf, unpack};
use madoguchi::jobs::Worker;
use madoguchi::service::access;
use madoguchi::service::audit::{CheckpointFault, Touched};
use madoguchi::service::audit_checkpoints::Witness;
use madoguchi::service::checkpoint::{Sealed, seal};
use madoguchi::store::access_log::AccessRow;
use madoguchi::store::checkpoints::CheckpointRow;
use madoguchi::store::{access_log, checkpoints, events};

use super::{
    APPLICATION, ApplicationId, BrokenChain, Kind, NOTIFICATION, Stage, TestDb, audit, execute, rounds,
    tenant,
};
use crate::support::core::core_over;

fn second() -> SignedDuration {
    SignedDuration::from_secs(1)
}

/// SQL of some bytes.
fn blob(kind: Kind, bytes: &[u8]) -> String {
    let hex = data_encoding::HEXLOWER.encode(bytes);
    match kind {
        Kind::Sqlite => format!("X'{hex}'"),
        Kind::Postgres => format!("decode('{hex}', 'hex')"),
    }
}

impl Stage {
    /// Seals what was recorded up to now.
    async fn seal(&self) -> Sealed {
        self.db.clock.advance(second());
        seal(&self.core, &tenant()).await.unwrap()
    }

    async fn checkpoints(&self) -> Vec<CheckpointRow> {
        self.core.db.read(|tx| checkpoints::page(tx, &tenant(), 0, 1_000)).await.unwrap()
    }

    async fn leaves(&self, index: usize) -> Vec<Leaf> {
        unpack(&self.checkpoints().await[index].leaves).unwrap()
    }

    /// Runs statements as somebody who may do everything with the database.
    fn tamper(&self, table: &str, statements: &str) {
        let free = match self.db.kind {
            Kind::Sqlite => format!("DROP TRIGGER {table}_no_update; DROP TRIGGER {table}_no_delete;"),
            Kind::Postgres => format!("DROP TRIGGER {table}_append_only ON {table};"),
        };
        execute(&self.db.settings.url, &format!("{free} {statements}"));
    }

    async fn read_by_clerk(&self, case: ApplicationId) {
        access::record(&self.ctx(self.clerk.account), &tenant(), self.clerk.officer, "test", &[case])
            .await
            .unwrap();
    }

    async fn accesses(&self) -> Vec<AccessRow> {
        self.core.db.read(|tx| access_log::page(tx, &tenant(), None, 100)).await.unwrap()
    }
}

on_both_databases!(what_grew_is_sealed_once_and_what_did_not_is_left_out, async |db: TestDb| {
    let stage = Stage::set(db).await;
    assert_eq!(stage.seal().await, Sealed::Made(0));
    let (one, two) = (stage.submitted(APPLICATION).await, stage.submitted(NOTIFICATION).await);
    stage.read_by_clerk(one).await;
    // What is recorded in the very instant of the look is left for the next one.
    assert_eq!(seal(&stage.core, &tenant()).await.unwrap(), Sealed::Made(0));
    assert_eq!(stage.seal().await, Sealed::Made(1));
    assert_eq!(stage.seal().await, Sealed::Made(0));
    assert_eq!(stage.leaves(0).await.len(), 3);
    stage.claim(stage.clerk, two).await.unwrap();
    assert_eq!(stage.seal().await, Sealed::Made(1));
    let grown = stage.leaves(1).await;
    assert_eq!(grown.iter().map(|leaf| leaf.length).collect::<Vec<_>>(), [2]);
    // Long after, the first checkpoint's chains are not sealed anew.
    stage.db.clock.advance(SignedDuration::from_hours(5));
    assert_eq!(stage.seal().await, Sealed::Made(0));
    let report = audit::verify(&stage.core, &tenant(), &[]).await.unwrap();
    assert_eq!((report.broken, report.checkpoints), (vec![], 2));
});

on_both_databases!(
    an_event_that_becomes_visible_late_is_sealed_by_the_next_checkpoint,
    async |db: TestDb| {
        let stage = Stage::set(db).await;
        stage.submitted(APPLICATION).await;
        stage.db.clock.advance(SignedDuration::from_mins(5));
        assert_eq!(stage.seal().await, Sealed::Made(1));
        // As if it had waited for its commit since before the look.
        stage.db.clock.advance(SignedDuration::from_mins(-3));
        stage.submitted(APPLICATION).await;
        stage.db.clock.advance(SignedDuration::from_mins(3));
        assert_eq!(stage.seal().await, Sealed::Made(1));
        assert_eq!(stage.leaves(1).await.len(), 1);
        assert_eq!(stage.audit().await, vec![]);
    }
);

on_both_databases!(events_cut_from_the_end_of_a_sealed_case_are_named, async |db: TestDb| {
    let stage = Stage::set(db).await;
    let row = stage.claimed(APPLICATION).await;
    stage.seal().await;
    let chain = stage.core.db.read(move |tx| events::of_case(tx, &tenant(), row.id)).await.unwrap();
    let head = blob(stage.db.kind, &chain[0].hash);
    stage.tamper(
        "events",
        &format!(
            "DELETE FROM events WHERE application_id = '{0}' AND seq = 2; \
             UPDATE applications SET event_count = 1, event_head = {head} WHERE id = '{0}'",
            row.id
        ),
    );
    let (application, touched) = (row.id, Touched::Cut);
    assert_eq!(
        stage.audit().await,
        [BrokenChain::SealedCase { application, seq: 2, checkpoint_no: 1, touched }]
    );
});

on_both_databases!(an_event_rewritten_with_new_hashes_after_the_sealing_is_named, async |db: TestDb| {
    let stage = Stage::set(db).await;
    let untouched = stage.submitted(APPLICATION).await;
    let row = stage.claimed(APPLICATION).await;
    stage.seal().await;
    let chain = stage.core.db.read(move |tx| events::of_case(tx, &tenant(), row.id)).await.unwrap();
    let (mut head, mut statements) = (CHAIN_START, Vec::new());
    for event in &chain {
        let record = EventRecord {
            tenant: &tenant(),
            application: row.id,
            seq: event.seq,
            kind: &event.kind,
            actor: (&event.actor_kind, "nobody"),
            at: event.at.0,
            facts: &event.facts,
            sealed_detail: event.sealed_detail.as_deref(),
        };
        let hash = link(&head, &record);
        let (prev, this) = (blob(stage.db.kind, &head), blob(stage.db.kind, &hash));
        statements.push(format!(
            "UPDATE events SET actor_id = 'nobody', prev_hash = {prev}, hash = {this} \
             WHERE application_id = '{}' AND seq = {};",
            row.id, event.seq
        ));
        head = hash;
    }
    let last = blob(stage.db.kind, &head);
    statements.push(format!("UPDATE applications SET event_head = {last} WHERE id = '{}'", row.id));
    stage.tamper("events", &statements.concat());
    let (application, touched) = (row.id, Touched::Rewritten);
    let found = BrokenChain::SealedCase { application, seq: 2, checkpoint_no: 1, touched };
    assert_eq!(stage.audit().await, std::slice::from_ref(&found));
    // What goes on from the rewritten end is sealed too, and the break stays named, once.
    stage.claim(stage.clerk, untouched).await.unwrap();
    assert_eq!(stage.seal().await, Sealed::Made(1));
    assert_eq!(stage.audit().await, [found]);
});

on_both_databases!(an_access_log_cut_or_rewritten_after_the_sealing_is_named, async |db: TestDb| {
    let stage = Stage::set(db).await;
    let case = stage.submitted(APPLICATION).await;
    stage.read_by_clerk(case).await;
    stage.read_by_clerk(case).await;
    stage.seal().await;
    let rows = stage.accesses().await;
    let mut last = rows[1].clone();
    last.actor_id = "nobody".to_owned();
    let prev: ChainHash = last.prev_hash.as_slice().try_into().unwrap();
    let hash = blob(stage.db.kind, &last.link(&prev));
    stage.tamper(
        "access_log",
        &format!("UPDATE access_log SET actor_id = 'nobody', hash = {hash} WHERE seq = 2"),
    );
    let found =
        |touched| BrokenChain::SealedAccessLog { node: last.node.clone(), seq: 2, checkpoint_no: 1, touched };
    assert_eq!(stage.audit().await, [found(Touched::Rewritten)]);
    execute(&stage.db.settings.url, "DELETE FROM access_log WHERE seq = 2");
    assert_eq!(stage.audit().await, [found(Touched::Cut)]);
});

on_both_databases!(an_altered_checkpoint_is_named, async |db: TestDb| {
    let stage = Stage::set(db).await;
    for _ in 0..2 {
        stage.submitted(APPLICATION).await;
        stage.seal().await;
    }
    let fault = |checkpoint_no, fault| BrokenChain::Checkpoint { checkpoint_no, fault };
    let original = stage.checkpoints().await[0].clone();
    let kind = stage.db.kind;
    stage.tamper("checkpoints", "SELECT 1");
    let change = |set: &str| {
        execute(&stage.db.settings.url, &format!("UPDATE checkpoints SET {set} WHERE checkpoint_no = 1"));
    };
    let flipped = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        blob(kind, &bytes)
    };
    let cases = [
        ("leaves", flipped(&original.leaves), blob(kind, &original.leaves), vec![CheckpointFault::Altered]),
        (
            "signature",
            flipped(&original.signature),
            blob(kind, &original.signature),
            vec![CheckpointFault::NotSigned],
        ),
        (
            "covered_until",
            "covered_until + 1".to_owned(),
            original.covered_until.0.as_microsecond().to_string(),
            vec![CheckpointFault::Altered, CheckpointFault::NotSigned],
        ),
        (
            "root",
            flipped(&original.root),
            blob(kind, &original.root),
            vec![CheckpointFault::Altered, CheckpointFault::NotSigned],
        ),
        ("hash", flipped(&original.hash), blob(kind, &original.hash), vec![CheckpointFault::Altered]),
    ];
    for (column, wrong, right, faults) in cases {
        change(&format!("{column} = {wrong}"));
        let mut expected: Vec<_> = faults.into_iter().map(|one| fault(1, one)).collect();
        if column == "hash" {
            expected.push(fault(2, CheckpointFault::NotLinked));
        }
        assert_eq!(stage.audit().await, expected, "{column}");
        change(&format!("{column} = {right}"));
        assert_eq!(stage.audit().await, vec![], "{column}");
    }
});

on_both_databases!(a_removed_checkpoint_is_named_wherever_it_stood, async |db: TestDb| {
    let stage = Stage::set(db).await;
    for _ in 0..3 {
        stage.submitted(APPLICATION).await;
        stage.seal().await;
    }
    let rows = stage.checkpoints().await;
    let witness = Witness { checkpoint_no: 3, hash: rows[2].hash.as_slice().try_into().unwrap() };
    let witnesses = [witness.clone()];
    let report = audit::verify(&stage.core, &tenant(), &witnesses).await.unwrap();
    assert_eq!((report.broken, report.newest_checkpoint), (vec![], Some((3, witness.hash))));
    let missing = |checkpoint_no| BrokenChain::Checkpoint { checkpoint_no, fault: CheckpointFault::Missing };

    // From the end: a witness knows at once, everybody once the rows have waited too long for their sealing.
    stage.tamper("checkpoints", "DELETE FROM checkpoints WHERE checkpoint_no = 3");
    assert_eq!(stage.audit().await, vec![]);
    let report = audit::verify(&stage.core, &tenant(), &witnesses).await.unwrap();
    assert_eq!(report.broken, [missing(3)]);
    stage.db.clock.advance(SignedDuration::from_mins(31));
    assert!(matches!(stage.audit().await[..], [BrokenChain::NotSealed { .. }]));
    // Sealing again hides it from all but the witness.
    assert_eq!(stage.seal().await, Sealed::Made(1));
    assert_eq!(stage.audit().await, vec![]);
    let report = audit::verify(&stage.core, &tenant(), &witnesses).await.unwrap();
    let fault = CheckpointFault::NotAsWitnessed;
    assert_eq!(report.broken, [BrokenChain::Checkpoint { checkpoint_no: 3, fault }]);

    execute(&stage.db.settings.url, "DELETE FROM checkpoints WHERE checkpoint_no = 2");
    assert_eq!(stage.audit().await, [missing(2)]);
    execute(&stage.db.settings.url, "DELETE FROM checkpoints WHERE checkpoint_no = 1");
    assert_eq!(stage.audit().await, [missing(1)]);
});

on_both_databases!(checkpoints_of_another_installation_are_not_signed_by_ours, async |db: TestDb| {
    let stage = Stage::set(db).await;
    stage.submitted(APPLICATION).await;
    stage.seal().await;
    assert_eq!(stage.audit().await, vec![]);
    let stranger = madoguchi::seal::Keyring::new(&[8; 32]);
    let row = stage.checkpoints().await.remove(0);
    let forged = blob(stage.db.kind, &stranger.checkpoints().sign(&row.hash));
    stage.tamper("checkpoints", &format!("UPDATE checkpoints SET signature = {forged}"));
    let fault = CheckpointFault::NotSigned;
    assert_eq!(stage.audit().await, [BrokenChain::Checkpoint { checkpoint_no: 1, fault }]);
});

on_both_databases!(two_nodes_that_seal_at_once_make_one_chain_of_checkpoints, async |db: TestDb| {
    let stage = Stage::set(db).await;
    let other = core_over(stage.db.another_node(|_| {}), stage.db.clock.clone(), |_| {});
    for _ in 0..rounds() {
        stage.submitted(APPLICATION).await;
        stage.db.clock.advance(second());
        let (of, same) = (tenant(), tenant());
        let (one, two) = tokio::join!(seal(&stage.core, &of), seal(&other, &same));
        let made = [one.unwrap(), two.unwrap()];
        assert_eq!(made.iter().filter(|sealed| **sealed == Sealed::Made(1)).count(), 1, "{made:?}");
    }
    assert_eq!(stage.checkpoints().await.len(), rounds());
    assert_eq!(stage.audit().await, vec![]);
    other.db.shutdown();
});

on_both_databases!(the_job_seals_each_period_once_however_many_workers_there_are, async |db: TestDb| {
    let stage = Stage::set(db).await;
    let workers = [Worker::new(stage.core.clone()), Worker::new(stage.core.clone())];
    for round in 1..=3 {
        stage.submitted(APPLICATION).await;
        stage.db.clock.advance(SignedDuration::from_mins(10));
        for worker in &workers {
            worker.drain().await.unwrap();
        }
        assert_eq!(stage.checkpoints().await.len(), round);
    }
    stage.db.clock.advance(SignedDuration::from_mins(10));
    workers[0].drain().await.unwrap();
    assert_eq!(stage.checkpoints().await.len(), 3);
    assert_eq!(stage.audit().await, vec![]);
});

on_both_databases!(more_chains_than_one_checkpoint_takes_are_sealed_by_several, async |db: TestDb| {
    let stage = Stage::set(db).await;
    stage.submitted(APPLICATION).await;
    let copy = |first: u32, last: u32| {
        // Copies of the case and its event, under ids of their own.
        let numbers =
            format!("WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last})");
        let id = "'00000000-0000-7000-8000-' || substr('000000000000' || i, length('' || i) + 1)";
        execute(
            &stage.db.settings.url,
            &format!(
                "INSERT INTO applications {numbers} SELECT tenant_id, {id}, NULL, procedure, procedure_version, kind, \
                 state, department, assignee_id, correction_id, proposal_id, wrapped_key, sealed_form, form_revision, \
                 attachment_codes, NULL, due_on, event_count, event_head, version, created_at, updated_at, NULL, NULL, paused_for \
                 FROM applications, n WHERE number IS NOT NULL; \
                 INSERT INTO events {numbers} SELECT tenant_id, {id}, seq, kind, actor_kind, actor_id, \
                 at + {first} * 1000, facts, sealed_detail, prev_hash, hash FROM events, n \
                 WHERE application_id IN (SELECT id FROM applications WHERE number IS NOT NULL)"
            ),
        );
    };
    let counts = async || stage.checkpoints().await.iter().map(|row| row.leaf_count).collect::<Vec<_>>();

    // As many as one takes: a second one without leaves says that this was all.
    copy(1, 9_999);
    assert_eq!(stage.seal().await, Sealed::Made(2));
    assert_eq!(counts().await, [10_000, 0]);
    assert_eq!(stage.seal().await, Sealed::Made(0));
    // A crash between the two: the next look says it.
    stage.tamper("checkpoints", "DELETE FROM checkpoints WHERE checkpoint_no = 2");
    assert_eq!(stage.seal().await, Sealed::Made(1));
    assert_eq!(counts().await, [10_000, 0]);

    // More than one takes, and a crash between the two: what is left is sealed by the next look, and nothing twice.
    stage.db.clock.advance(SignedDuration::from_mins(30));
    copy(10_000, 20_499);
    assert_eq!(stage.seal().await, Sealed::Made(2));
    assert_eq!(counts().await, [10_000, 0, 10_000, 500]);
    let rows = stage.checkpoints().await;
    assert_eq!(rows[1].covered_until, rows[2].covered_until, "only the last says that all is sealed");
    assert!(rows[2].covered_until < rows[3].covered_until);
    execute(&stage.db.settings.url, "DELETE FROM checkpoints WHERE checkpoint_no = 4");
    assert_eq!(stage.seal().await, Sealed::Made(1));
    assert_eq!(counts().await, [10_000, 0, 10_000, 500]);
    assert_eq!(stage.seal().await, Sealed::Made(0));
});
