//! Clauses and column types on which the two databases differ, each behind one name.
//!
//! Columns: identifiers, dates and JSON are `TEXT`, instants (microseconds since the epoch) and yen are
//! `BIGINT`. So a row read back equals the row written, on both.

use std::marker::PhantomData;

use diesel::backend::Backend;
use diesel::expression::AppearsOnTable;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_source::QuerySource;

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

/// An `UPDATE` that sets the same columns every time, so that a connection prepares it once; diesel prepares its own
/// anew for each run, because its columns may vary.
#[derive(Clone, Copy, Debug)]
pub struct FixedUpdate<From, Changes, Filter, Shape> {
    from: From,
    changes: Changes,
    filter: Filter,
    shape: PhantomData<Shape>,
}

/// `UPDATE table SET values WHERE filter`; `values` are assignments that are always made, never an `Option` of one.
///
/// ```text
/// fixed_update(notes::table, notes::id.eq(id), (notes::text.eq(text), notes::version.eq(2))).execute(conn)
/// ```
pub fn fixed_update<T, F, V>(table: T, filter: F, values: V) -> FixedUpdate<T::FromClause, V::Changeset, F, V>
where
    T: QuerySource + Copy,
    F: AppearsOnTable<T>,
    V: AsChangeset<Target = T> + QueryId,
{
    FixedUpdate { from: table.from_clause(), changes: values.as_changeset(), filter, shape: PhantomData }
}

impl<From, Changes, Filter, Shape, DB> QueryFragment<DB> for FixedUpdate<From, Changes, Filter, Shape>
where
    DB: Backend,
    From: QueryFragment<DB>,
    Changes: QueryFragment<DB>,
    Filter: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("UPDATE ");
        self.from.walk_ast(out.reborrow())?;
        out.push_sql(" SET ");
        self.changes.walk_ast(out.reborrow())?;
        out.push_sql(" WHERE ");
        self.filter.walk_ast(out.reborrow())
    }
}

/// The types of table, assignments and filter say what the text is: values never change it.
impl<From, Changes, Filter, Shape> QueryId for FixedUpdate<From, Changes, Filter, Shape>
where
    From: 'static,
    Filter: QueryId,
    Shape: QueryId,
{
    type QueryId = FixedUpdate<From, (), Filter::QueryId, Shape::QueryId>;
    const HAS_STATIC_QUERY_ID: bool = Filter::HAS_STATIC_QUERY_ID && Shape::HAS_STATIC_QUERY_ID;
}

impl<From, Changes, Filter, Shape, Conn> RunQueryDsl<Conn> for FixedUpdate<From, Changes, Filter, Shape> {}

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
