//! Many at once. `TEST_ROUNDS` (default 30) sets how often each race is run.

use std::time::Duration;

use diesel::prelude::*;
use madoguchi::store::sql::{for_claim, or_ignore};
use madoguchi::store::{Db, Reads, Root, StoreError};

use super::{TABLES, TestError, applications, hold, note, notes, root};
use crate::support::db::TestDb;

#[expect(clippy::disallowed_methods, reason = "a test's own knob, not a setting of the program")]
fn rounds() -> u32 {
    std::env::var("TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(30)
}

/// What came of trying to claim a note.
#[derive(Debug, PartialEq, Eq)]
enum Claim {
    Won,
    Taken,
}

/// Claims the note `id` as a job would be claimed: look for a free one, then write down its owner.
async fn claim(db: Db, root: Root, id: String, owner: String) -> Claim {
    db.write(root, move |tx| {
        let free = notes::table.filter(notes::id.eq(&id)).filter(notes::owner.is_null()).select(notes::id);
        let Some(found) = for_claim(free).load::<String>(tx.read())?.pop() else {
            return Ok(Claim::Taken);
        };
        let claimed = diesel::update(notes::table.filter(notes::id.eq(found)))
            .set(notes::owner.eq(&owner))
            .execute(tx.change())?;
        assert_eq!(claimed, 1);
        Ok::<_, TestError>(Claim::Won)
    })
    .await
    .unwrap()
}

on_both_databases!(of_two_claims_exactly_one_wins, only TABLES, async |test: TestDb| {
    let other = test.another_node(|_| {});
    for round in 0..rounds() {
        let id = format!("round-{round}");
        let written = id.clone();
        test.db.write(root(1), move |tx| note(tx, &written, 0)).await.unwrap();
        // Different roots, so that on PostgreSQL different writers meet at the row itself.
        let claims = (0..6_u32).map(|number| {
            let node = if number % 2 == 0 { &test.db } else { &other };
            tokio::spawn(claim(node.clone(), root(u128::from(number)), id.clone(), format!("owner-{number}")))
        });
        let mut won = 0;
        for task in claims.collect::<Vec<_>>() {
            won += u32::from(task.await.unwrap() == Claim::Won);
        }
        assert_eq!(won, 1, "round {round}");
    }
    other.shutdown();
});

on_both_databases!(one_root_makes_look_then_change_safe_across_nodes, only TABLES, async |test: TestDb| {
    test.db
        .write(root(7), |tx| {
            let Root::Application(id) = root(7) else { unreachable!() };
            diesel::insert_into(applications::table).values(applications::id.eq(id)).execute(tx.change())?;
            note(tx, "counter", 0)
        })
        .await
        .unwrap();
    let other = test.another_node(|_| {});
    let mut tasks = Vec::new();
    for number in 0..rounds() * 4 {
        let node = if number % 2 == 0 { test.db.clone() } else { other.clone() };
        tasks.push(tokio::spawn(async move {
            node.write(root(7), |tx| {
                let n: i64 = notes::table.find("counter").select(notes::n).first(tx.read())?;
                diesel::update(notes::table.find("counter")).set(notes::n.eq(n + 1)).execute(tx.change())?;
                Ok::<_, TestError>(())
            })
            .await
        }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let counted = test.count("(SELECT n FROM notes)").await;
    assert_eq!(counted, i64::from(rounds() * 4), "no update was lost");
    other.shutdown();
});

on_both_databases!(many_roots_in_any_order_never_deadlock, only TABLES, async |test: TestDb| {
    test.db
        .write_alone(Vec::new(), |tx| {
            for number in 0..12 {
                let Root::Application(id) = root(number) else { unreachable!() };
                diesel::insert_into(applications::table).values(applications::id.eq(id)).execute(tx.change())?;
                note(tx, &format!("n{number}"), 0)?;
            }
            Ok::<_, TestError>(())
        })
        .await
        .unwrap();
    let nodes = [test.db.clone(), test.another_node(|_| {}), test.another_node(|_| {})];
    let mut tasks = Vec::new();
    for number in 0..u128::from(rounds() * 6) {
        let db = nodes[usize::try_from(number % 3).unwrap()].clone();
        // Two rows each, half of the tasks in falling order.
        let (a, b) = (number * 5 % 12, number * 7 % 12);
        tasks.push(tokio::spawn(async move {
            let touch = move |tx: &mut madoguchi::store::Tx<'_>| {
                for row in [a, b] {
                    diesel::update(notes::table.find(format!("n{row}")))
                        .set(notes::n.eq(notes::n + 1))
                        .execute(tx.change())?;
                }
                Ok::<_, TestError>(())
            };
            db.write_alone(vec![root(b), root(a)], touch).await
        }));
        if number % 3 == 0 {
            let db = nodes[usize::try_from(number / 3 % 3).unwrap()].clone();
            tasks.push(tokio::spawn(async move { db.write(root(a), |_tx| Ok::<_, TestError>(())).await }));
        }
        // In waves, so that many rounds do not just fill the queue.
        if tasks.len() >= 400 {
            for task in tasks.drain(..) {
                task.await.unwrap().unwrap();
            }
        }
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let expected = i64::from(rounds() * 6 * 2);
    assert_eq!(test.count("(SELECT CAST(SUM(n) AS BIGINT) FROM notes)").await, expected);
    for node in &nodes {
        assert_eq!(node.statistics().poisoned_batches, 0, "no deadlock, no second try");
        assert_eq!(node.statistics().lost_commits, 0);
    }
    nodes[1].shutdown();
    nodes[2].shutdown();
});

on_both_databases!(of_two_equal_inserts_one_is_ignored, only TABLES, async |test: TestDb| {
    let other = test.another_node(|_| {});
    for round in 0..rounds() {
        let mut inserted = 0;
        let tasks: Vec<_> = [test.db.clone(), other.clone()]
            .into_iter()
            .enumerate()
            .map(|(number, db)| {
                tokio::spawn(async move {
                    db.write(root(u128::try_from(number).unwrap()), move |tx| {
                        let row = (notes::id.eq(format!("same-{round}")), notes::n.eq(1));
                        or_ignore(diesel::insert_into(notes::table).values(row))
                            .execute(tx.change())
                            .map_err(StoreError::from)
                    })
                    .await
                    .unwrap()
                })
            })
            .collect();
        for task in tasks {
            inserted += task.await.unwrap();
        }
        assert_eq!(inserted, 1, "round {round}");
    }
    assert_eq!(other.statistics().poisoned_batches, 0);
    other.shutdown();
});

on_both_databases!(a_lock_that_is_not_granted_in_time_is_busy, only TABLES, async |test: TestDb| {
    let hasty = test.another_node(|settings| settings.lock_timeout = Duration::from_millis(200));
    test.db
        .write(root(0), |tx| {
            let Root::Application(id) = root(0) else { unreachable!() };
            diesel::insert_into(applications::table).values(applications::id.eq(id)).execute(tx.change())?;
            Ok::<_, TestError>(())
        })
        .await
        .unwrap();
    let (release, holder) = hold(&test.db, root(0)).await;
    let answer = hasty.write(root(0), |tx| note(tx, "late", 1)).await;
    assert!(matches!(answer, Err(TestError::Store(StoreError::Busy { .. }))), "{answer:?}");
    drop(release);
    holder.await.unwrap();
    hasty.write(root(0), |tx| note(tx, "later", 1)).await.unwrap();
    hasty.shutdown();
});
