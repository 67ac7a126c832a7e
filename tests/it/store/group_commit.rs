//! Closures that share a transaction.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use diesel::prelude::*;
use madoguchi::store::{DatabaseSettings, Db, Reads, Root, StoreError, Tx};

use super::{TABLES, TestError, hold, note, note_ids, notes, root};
use crate::support::db::TestDb;

/// Queues `middle` between six good neighbours so that all share one batch, and returns its answer.
async fn among_neighbours<F>(db: &Db, middle: F) -> Result<(), TestError>
where
    F: Fn(&mut Tx<'_>) -> Result<(), TestError> + Send + 'static,
{
    let (release, holder) = hold(db, root(0)).await;
    let mut neighbours = Vec::new();
    let mut middle = Some(middle);
    let mut answer = None;
    for number in 0..6 {
        if number == 3 {
            let (db, middle) = (db.clone(), middle.take().unwrap());
            answer = Some(tokio::spawn(async move { db.write(root(0), middle).await }));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let db = db.clone();
        neighbours.push(tokio::spawn(async move {
            db.write(root(0), move |tx| note(tx, &format!("good-{number}"), 1)).await
        }));
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(release);
    holder.await.unwrap();
    for neighbour in neighbours {
        neighbour.await.unwrap().unwrap();
    }
    answer.unwrap().await.unwrap()
}

async fn assert_only_neighbours(test: &TestDb) {
    let expected: Vec<String> = (0..6).map(|number| format!("good-{number}")).collect();
    assert_eq!(note_ids(&test.db).await, expected);
}

on_both_databases!(waiting_closures_share_one_commit, only TABLES, async |test: TestDb| {
    let before = test.db.statistics();
    among_neighbours(&test.db, |_tx| Ok(())).await.unwrap();
    let after = test.db.statistics();
    // The holder's own batch and the one of the seven that waited.
    assert_eq!(after.batches - before.batches, 2);
    assert_eq!(after.committed_closures - before.committed_closures, 8);
    assert_eq!(after.poisoned_batches, 0);
    assert_only_neighbours(&test).await;
});

on_both_databases!(a_refusal_before_the_first_change_costs_nothing, only TABLES, async |test: TestDb| {
    let answer = among_neighbours(&test.db, |tx| {
        notes::table.count().get_result::<i64>(tx.read())?;
        Err(TestError::Refused)
    })
    .await;
    assert!(matches!(answer, Err(TestError::Refused)), "{answer:?}");
    let statistics = test.db.statistics();
    assert_eq!((statistics.poisoned_batches, statistics.batches), (0, 2));
    assert_only_neighbours(&test).await;
});

on_both_databases!(a_refused_part_is_undone_and_the_act_goes_on_without_it, only TABLES, async |test: TestDb| {
    let act = |tx: &mut Tx<'_>| {
        note(tx, "before", 1)?;
        let part = tx.part(|tx| {
            note(tx, "half", 1)?;
            tx.part(|tx| note(tx, "quarter", 1))?;
            Err::<(), _>(TestError::Refused)
        });
        assert!(matches!(part, Err(TestError::Refused)), "{part:?}");
        tx.part(|tx| note(tx, "kept", 1))?;
        note(tx, "after", 1)
    };
    test.db.write(root(0), act).await.unwrap();
    assert_eq!(note_ids(&test.db).await, ["after", "before", "kept"]);
    let statistics = test.db.statistics();
    assert_eq!(statistics.poisoned_batches, 0);
    // A part that only read and was refused leaves the closure clean; a failed statement in a part undoes the whole act.
    let clean = test.db.write(root(0), |tx| {
        let read = tx.part(|tx| {
            notes::table.count().get_result::<i64>(tx.read())?;
            Err::<(), _>(TestError::Refused)
        });
        assert!(read.is_err());
        Ok::<_, TestError>(())
    });
    clean.await.unwrap();
    let failed = test.db.write(root(0), |tx| {
        note(tx, "lost", 1)?;
        let _ = tx.part(|tx| note(tx, "negative", -1));
        Ok::<_, TestError>(())
    });
    assert!(failed.await.is_err());
    assert_eq!(note_ids(&test.db).await, ["after", "before", "kept"]);
});

on_both_databases!(a_refusal_after_a_change_undoes_only_itself, only TABLES, async |test: TestDb| {
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let answer = among_neighbours(&test.db, move |tx| {
        counted.fetch_add(1, Ordering::SeqCst);
        note(tx, "bad", 1)?;
        Err(TestError::Refused)
    })
    .await;
    assert!(matches!(answer, Err(TestError::Refused)), "{answer:?}");
    assert_eq!(runs.load(Ordering::SeqCst), 2, "once in the batch, once alone");
    assert_eq!(test.db.statistics().poisoned_batches, 1);
    assert_only_neighbours(&test).await;
});

on_both_databases!(a_swallowed_database_error_still_poisons, only TABLES, async |test: TestDb| {
    let answer = among_neighbours(&test.db, |tx| {
        note(tx, "bad", 1)?;
        // A violated check, hidden from the caller.
        let hidden = note(tx, "worse", -1);
        assert!(hidden.is_err());
        Ok(())
    })
    .await;
    assert!(matches!(answer, Err(TestError::Store(StoreError::Inconsistent(_)))), "{answer:?}");
    assert_eq!(test.db.statistics().poisoned_batches, 1);
    assert_only_neighbours(&test).await;
});

on_both_databases!(a_database_error_reaches_its_caller_as_the_closure_saw_it, only TABLES, async |test: TestDb| {
    let answer = among_neighbours(&test.db, |tx| note(tx, "worse", -1)).await;
    let Err(TestError::Store(StoreError::Query(diesel::result::Error::DatabaseError(kind, _)))) = answer else {
        panic!("{answer:?}");
    };
    assert!(matches!(kind, diesel::result::DatabaseErrorKind::CheckViolation), "{kind:?}");
    assert_only_neighbours(&test).await;
});

on_both_databases!(a_closure_may_make_a_refusal_of_a_database_error, only TABLES, async |test: TestDb| {
    let answer = among_neighbours(&test.db, |tx| note(tx, "worse", -1).map_err(|_| TestError::Refused)).await;
    assert!(matches!(answer, Err(TestError::Refused)), "{answer:?}");
    assert_only_neighbours(&test).await;
});

on_both_databases!(a_panicking_closure_undoes_only_itself, only TABLES, async |test: TestDb| {
    let answer = among_neighbours(&test.db, |tx| {
        note(tx, "bad", 1)?;
        panic!("on purpose");
    })
    .await;
    assert!(matches!(answer, Err(TestError::Store(StoreError::Inconsistent(_)))), "{answer:?}");
    assert_only_neighbours(&test).await;
});

on_both_databases!(a_panic_inside_a_savepoint_leaves_nothing_open, only TABLES, async |test: TestDb| {
    let answer = among_neighbours(&test.db, |tx| {
        tx.change().transaction(|_conn| -> Result<(), TestError> { panic!("on purpose") })
    })
    .await;
    assert!(matches!(answer, Err(TestError::Store(StoreError::Inconsistent(_)))), "{answer:?}");
    assert_only_neighbours(&test).await;
});

on_both_databases!(a_change_through_the_reading_door_is_refused, only TABLES, async |test: TestDb| {
    let answer = among_neighbours(&test.db, |tx| {
        diesel::insert_into(notes::table).values((notes::id.eq("bad"), notes::n.eq(1))).execute(tx.read())?;
        Ok(())
    })
    .await;
    assert!(matches!(answer, Err(TestError::Store(StoreError::Inconsistent(_)))), "{answer:?}");
    assert_only_neighbours(&test).await;
});

on_both_databases!(the_instant_is_one_for_a_batch_and_new_for_the_next, only TABLES, async |test: TestDb| {
    let first = test.db.write(root(0), |tx| Ok::<_, StoreError>(Reads::now(tx))).await.unwrap();
    test.clock.advance(jiff::SignedDuration::from_secs(60));
    let second = test.db.write(root(0), |tx| Ok::<_, StoreError>(tx.now())).await.unwrap();
    assert_eq!(second.duration_since(first), jiff::SignedDuration::from_secs(60));
});

on_both_databases!(a_full_queue_refuses_at_once, only TABLES, async |test: TestDb| {
    let db = test.another_node(|settings: &mut DatabaseSettings| settings.queue = 2);
    let (release, holder) = hold(&db, root(0)).await;
    let waiting: Vec<_> = (0..2)
        .map(|number| {
            let db = db.clone();
            tokio::spawn(async move { db.write(root(0), move |tx| note(tx, &format!("w{number}"), 1)).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let refused = db.write(root(0), |tx| note(tx, "refused", 1)).await;
    assert!(matches!(refused, Err(TestError::Store(StoreError::Busy { .. }))), "{refused:?}");
    drop(release);
    holder.await.unwrap();
    for task in waiting {
        task.await.unwrap().unwrap();
    }
    assert_eq!(note_ids(&test.db).await, ["w0", "w1"]);
    db.shutdown();
});

on_both_databases!(a_caller_who_gave_up_before_the_start_changes_nothing, only TABLES, async |test: TestDb| {
    let (release, holder) = hold(&test.db, root(0)).await;
    let given_up = tokio::time::timeout(
        Duration::from_millis(50),
        test.db.write(root(0), |tx| note(tx, "ghost", 1)),
    )
    .await;
    assert!(given_up.is_err());
    drop(release);
    holder.await.unwrap();
    test.db.write(root(0), |tx| note(tx, "real", 1)).await.unwrap();
    assert_eq!(note_ids(&test.db).await, ["real"]);
});

on_both_databases!(work_that_goes_alone_keeps_its_place_beside_the_others, only TABLES, async |test: TestDb| {
    let roots: Vec<Root> = (0..40).rev().map(root).collect();
    let bulk = test.db.write_alone(roots, |tx| (0..200).try_for_each(|n| note(tx, &format!("bulk-{n}"), n)));
    let small = async {
        for number in 0..40 {
            test.db.write(root(number), move |tx| note(tx, &format!("small-{number}"), 1)).await.unwrap();
        }
    };
    let (bulk, ()) = tokio::join!(bulk, small);
    bulk.unwrap();
    assert_eq!(test.count("(SELECT COUNT(*) FROM notes)").await, 240);
});

on_both_databases!(statements_can_be_recorded_without_their_values, only TABLES, async |test: TestDb| {
    test.db.start_recording("writer");
    test.db.write(root(0), |tx| note(tx, "secret", 1)).await.unwrap();
    let statements = test.db.stop_recording("writer");
    assert!(statements.iter().any(|text| text.starts_with("INSERT INTO")), "{statements:?}");
    assert!(statements.iter().all(|text| !text.contains("secret")), "{statements:?}");
    assert_eq!(statements.last().map(String::as_str), Some("COMMIT"));
});
