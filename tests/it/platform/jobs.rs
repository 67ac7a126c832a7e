//! The queue and its worker.

use jiff::{SignedDuration, Timestamp};
use madoguchi::jobs::Worker;
use madoguchi::store::jobs::{
    ClaimedJob, Ending, Enqueued, Recorded, claim_due, depth, enqueue, enqueue_again, record,
};
use madoguchi::store::Db;

use super::{core, mails};
use crate::support::db::TestDb;

const LEASE: SignedDuration = SignedDuration::from_secs(60);

async fn ask(db: &Db, kind: &'static str, subject: &'static str, at: Timestamp) -> Enqueued {
    db.write_alone(vec![], move |tx| enqueue(tx, "020001", kind, subject, at)).await.unwrap()
}

async fn claim(db: &Db) -> Vec<ClaimedJob> {
    db.write_alone(vec![], |tx| claim_due(tx, 10, LEASE)).await.unwrap()
}

async fn end(db: &Db, job: &ClaimedJob, ending: Ending) -> Recorded {
    let job = job.clone();
    db.write_alone(vec![], move |tx| record(tx, &job, &ending)).await.unwrap()
}

fn now(db: &TestDb) -> Timestamp {
    use madoguchi::clock::Clock;
    db.clock.now()
}

on_both_databases!(what_is_asked_for_twice_is_one_job, async |db: TestDb| {
    assert_eq!(ask(&db.db, "kind", "a", now(&db)).await, Enqueued::New);
    assert_eq!(ask(&db.db, "kind", "a", now(&db)).await, Enqueued::AlreadyThere);
    assert_eq!(ask(&db.db, "kind", "b", now(&db)).await, Enqueued::New);
    let claimed = claim(&db.db).await;
    assert_eq!(claimed.len(), 2);
    for job in &claimed {
        assert_eq!(end(&db.db, job, Ending::Done).await, Recorded::Stored);
    }
    assert_eq!(ask(&db.db, "kind", "a", now(&db)).await, Enqueued::AlreadyThere);
    assert_eq!(claim(&db.db).await, []);
});

on_both_databases!(a_claimed_job_is_nobody_elses_until_its_lease_ends, async |db: TestDb| {
    ask(&db.db, "kind", "a", now(&db)).await;
    let first = claim(&db.db).await;
    assert_eq!(claim(&db.db).await, []);
    db.clock.advance(SignedDuration::from_secs(61));
    let second = claim(&db.db).await;
    assert_eq!((second.len(), second[0].lease_no), (1, first[0].lease_no + 1));
    assert_eq!(end(&db.db, &first[0], Ending::Done).await, Recorded::LeaseLost);
    assert_eq!(end(&db.db, &second[0], Ending::Done).await, Recorded::Stored);
    assert_eq!(end(&db.db, &second[0], Ending::Done).await, Recorded::LeaseLost);
});

on_both_databases!(a_job_asked_for_again_runs_again_and_discards_the_running_result, async |db: TestDb| {
    ask(&db.db, "kind", "a", now(&db)).await;
    let running = claim(&db.db).await;
    let at = now(&db);
    let again = db.db.write_alone(vec![], move |tx| enqueue_again(tx, "020001", "kind", "a", at)).await;
    assert_eq!(again.unwrap(), Enqueued::AlreadyThere);
    assert_eq!(end(&db.db, &running[0], Ending::Done).await, Recorded::LeaseLost);
    assert_eq!(claim(&db.db).await.len(), 1);
});

on_both_databases!(a_job_runs_when_it_is_due_and_a_failure_waits, async |db: TestDb| {
    let later = now(&db).checked_add(SignedDuration::from_secs(10)).unwrap();
    ask(&db.db, "kind", "a", later).await;
    assert_eq!(claim(&db.db).await, []);
    db.clock.advance(SignedDuration::from_secs(10));
    let claimed = claim(&db.db).await;
    let at = now(&db).checked_add(SignedDuration::from_secs(5)).unwrap();
    end(&db.db, &claimed[0], Ending::Retry { at, error: "no".to_owned() }).await;
    assert_eq!(claim(&db.db).await, []);
    db.clock.advance(SignedDuration::from_secs(5));
    assert_eq!(claim(&db.db).await[0].attempts, 1);
});

on_both_databases!(
    the_worker_runs_what_is_due_once_and_gives_up_on_what_it_does_not_know,
    async |db: TestDb| {
        let core = core(&db).await;
        let worker = Worker::new(core.clone());
        ask(&db.db, "no_such_work", "x", now(&db)).await;
        // The unknown job and the periodic ones of this day.
        assert!(worker.drain().await.unwrap() >= 2);
        assert_eq!(worker.drain().await.unwrap(), 0);
        let queue = db.db.read(|tx| depth(tx)).await.unwrap();
        assert_eq!((queue.due, queue.failed), (0, 1));
    }
);

on_both_databases!(the_owner_of_a_taken_address_gets_one_mail, async |db: TestDb| {
    use madoguchi::domain::account::AccountKind;
    use madoguchi::service::account::{Register, register};
    let core = core(&db).await;
    let wish = || Register {
        email: "taro@example.jp".to_owned(),
        password: "correct horse".to_owned().into(),
        name: "青森 太郎".to_owned(),
        kind: AccountKind::Resident,
        corporate_number: None,
    };
    let worker = Worker::new(core.clone());
    register(&core, wish()).await.unwrap();
    worker.drain().await.unwrap();
    assert_eq!(mails(&core.settings.mail.directory), 0);
    register(&core, wish()).await.unwrap();
    register(&core, wish()).await.unwrap();
    worker.drain().await.unwrap();
    worker.drain().await.unwrap();
    assert_eq!(mails(&core.settings.mail.directory), 1);
});
