//! What a closure sees of its transaction.

use jiff::Timestamp;
use uuid::Uuid;

use super::backend::{self, AnyConn};
use super::error::StoreError;
use crate::clock::IdGen;

/// Anything queries can be run on.
pub trait Reads {
    /// The connection, for queries that change nothing.
    fn read(&mut self) -> &mut AnyConn;
    /// The instant of the transaction.
    fn now(&self) -> Timestamp;
}

/// A writing transaction, shared with the other closures of its batch.
pub struct Tx<'a> {
    conn: &'a mut AnyConn,
    ids: &'a dyn IdGen,
    now: Timestamp,
    dirty: Touched,
}

/// Whether a closure asked for the connection to change something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Touched {
    /// Only read: its refusal costs nothing.
    Clean,
    /// Changed something: its refusal undoes the whole batch.
    Dirty,
}

impl<'a> Tx<'a> {
    pub(super) fn new(conn: &'a mut AnyConn, ids: &'a dyn IdGen, now: Timestamp) -> Self {
        Self { conn, ids, now, dirty: Touched::Clean }
    }

    /// The connection, for statements that change something. Refuse before the first call: a refusal after
    /// it makes the store undo the batch and run every closure of it again, alone.
    pub fn change(&mut self) -> &mut AnyConn {
        self.dirty = Touched::Dirty;
        self.conn
    }

    /// Runs one part of an act of several: where it is refused, everything it changed is undone and the act goes on without it.
    /// A failed statement undoes the whole act all the same.
    pub fn part<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        backend::begin_part(self.conn).map_err(StoreError::from)?;
        let done = work(self);
        let ended = match &done {
            Ok(_) => backend::keep_part(self.conn),
            Err(_) => backend::undo_part(self.conn),
        };
        ended.map_err(StoreError::from)?;
        done
    }

    /// The instant of this transaction: read once, after the batch got its locks, and anew when it is run again.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A new UUIDv7 with the instant of this transaction.
    pub fn new_id(&self) -> Uuid {
        self.ids.uuid(self.now)
    }

    /// Fills `bytes` with random bytes fit for keys, nonces and tokens.
    pub fn fill_random(&self, bytes: &mut [u8]) {
        self.ids.fill(bytes);
    }

    pub(super) fn touched(&self) -> Touched {
        self.dirty
    }
}

impl Reads for Tx<'_> {
    fn read(&mut self) -> &mut AnyConn {
        self.conn
    }

    fn now(&self) -> Timestamp {
        self.now
    }
}

/// A read-only transaction: all its queries see the same state of the database.
pub struct ReadTx<'a> {
    conn: &'a mut AnyConn,
    now: Timestamp,
}

impl<'a> ReadTx<'a> {
    pub(super) fn new(conn: &'a mut AnyConn, now: Timestamp) -> Self {
        Self { conn, now }
    }
}

impl Reads for ReadTx<'_> {
    fn read(&mut self) -> &mut AnyConn {
        self.conn
    }

    fn now(&self) -> Timestamp {
        self.now
    }
}
