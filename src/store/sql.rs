//! Clauses and column types on which the two databases differ, each behind one name.
//!
//! Columns: identifiers, dates and JSON are `TEXT`, instants (microseconds since the epoch) and yen are
//! `BIGINT`. So a row read back equals the row written, on both.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};

use super::backend::{AnyConn, MultiBackend};

mod columns;

pub use columns::{IsoDate, Json, Micros};

/// An `INSERT` that leaves an existing row alone: 0 affected rows mean that it was there.
///
/// ```text
/// or_ignore(diesel::insert_into(inbox::table).values(&row)).execute(tx.change())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct OrIgnore<I>(I);

/// Appends `ON CONFLICT DO NOTHING`, whichever unique constraint it is.
pub fn or_ignore<I>(insert: I) -> OrIgnore<I> {
    OrIgnore(insert)
}

impl<I: QueryFragment<MultiBackend>> QueryFragment<MultiBackend> for OrIgnore<I> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(" ON CONFLICT DO NOTHING");
        Ok(())
    }
}

impl<I> QueryId for OrIgnore<I> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<I> RunQueryDsl<AnyConn> for OrIgnore<I> {}

/// A `SELECT` of rows to claim: rows another transaction has locked are passed over.
#[derive(Clone, Copy, Debug)]
pub struct ForClaim<Q>(Q);

/// Appends `FOR UPDATE SKIP LOCKED` on PostgreSQL; on SQLite the only writer needs no lock.
pub fn for_claim<Q>(query: Q) -> ForClaim<Q> {
    ForClaim(query)
}

impl<Q: QueryFragment<MultiBackend>> QueryFragment<MultiBackend> for ForClaim<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        self.0.walk_ast(out.reborrow())?;
        if matches!(out.backend(), MultiBackend::Pg(_)) {
            out.push_sql(" FOR UPDATE SKIP LOCKED");
        }
        Ok(())
    }
}

impl<Q> QueryId for ForClaim<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for ForClaim<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> RunQueryDsl<AnyConn> for ForClaim<Q> {}
