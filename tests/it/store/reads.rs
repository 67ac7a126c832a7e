//! Reading.

use diesel::prelude::*;
use madoguchi::store::{Reads, StoreError};

use super::{TABLES, TestError, note, note_ids, notes, root};
use crate::support::db::TestDb;

on_both_databases!(a_read_sees_what_a_write_has_answered, only TABLES, async |test: TestDb| {
    for number in 0..50 {
        let id = format!("n{number:02}");
        let written = id.clone();
        test.db.write(root(number), move |tx| note(tx, &written, 1)).await.unwrap();
        assert!(note_ids(&test.db).await.contains(&id));
    }
});

on_both_databases!(a_read_transaction_cannot_change_rows, only TABLES, async |test: TestDb| {
    let refused: Result<usize, StoreError> = test
        .db
        .read(|tx| Ok(diesel::insert_into(notes::table).values((notes::id.eq("a"), notes::n.eq(1))).execute(tx.read())?))
        .await;
    assert!(matches!(refused, Err(StoreError::Query(_))), "{refused:?}");
    assert_eq!(test.count("(SELECT COUNT(*) FROM notes)").await, 0);
});

on_both_databases!(a_panic_in_a_read_is_an_error_and_the_reader_lives_on, only TABLES, async |test: TestDb| {
    for _ in 0..10 {
        let answer: Result<(), StoreError> = test.db.read(|_tx| panic!("on purpose")).await;
        assert!(matches!(answer, Err(StoreError::Inconsistent(_))), "{answer:?}");
    }
    test.db.ping().await.unwrap();
});

on_both_databases!(a_closed_database_refuses_work, only TABLES, async |test: TestDb| {
    let db = test.db.clone();
    tokio::task::spawn_blocking(move || db.shutdown()).await.unwrap();
    let answer = test.db.write(root(1), |tx| note(tx, "a", 1)).await;
    assert!(matches!(answer, Err(TestError::Store(StoreError::Unavailable(_)))), "{answer:?}");
    assert!(matches!(test.db.ping().await, Err(StoreError::Unavailable(_))));
});
