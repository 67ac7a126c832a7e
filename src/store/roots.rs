//! Roots: the row a write locks first, so that two writes about one thing never run side by side.

use uuid::Uuid;

use crate::domain::id::{AccountId, ApplicationId};

/// A table whose rows can be roots. The order of the variants is the order in which tables are locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RootTable {
    /// `accounts`.
    Accounts,
    /// `applications`.
    Applications,
}

impl RootTable {
    /// The name of the table; its rows are found by the column `id` alone, which therefore needs an index.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Applications => "applications",
        }
    }
}

/// What a write is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Root {
    /// A case and everything that carries its id.
    Application(ApplicationId),
    /// A person or business; also the root of a draft that does not exist yet.
    Account(AccountId),
    /// Another aggregate that stands for itself.
    Aggregate {
        /// Its table.
        table: RootTable,
        /// Its id.
        id: Uuid,
    },
}

impl Root {
    /// The row to lock; sorting by it gives every transaction the same order.
    pub(super) fn row(self) -> (RootTable, Uuid) {
        match self {
            Self::Application(id) => (RootTable::Applications, id.0),
            Self::Account(id) => (RootTable::Accounts, id.0),
            Self::Aggregate { table, id } => (table, id),
        }
    }

    /// Which of `writers` threads serves this root: always the same one, so they never wait for each other.
    pub(super) fn writer(self, writers: usize) -> usize {
        let (_, id) = self.row();
        // The low half of a version 7 UUID is random; the high half is the time.
        let (_, low) = id.as_u64_pair();
        let count = u64::try_from(writers.max(1)).unwrap_or(1);
        usize::try_from(low % count).unwrap_or(0)
    }
}

/// The rows to lock, table by table, each list sorted and without doubles.
pub(super) fn sorted(roots: impl IntoIterator<Item = Root>) -> Vec<(RootTable, Vec<String>)> {
    let mut rows: Vec<_> = roots.into_iter().map(Root::row).collect();
    rows.sort_unstable();
    rows.dedup();
    let mut tables: Vec<(RootTable, Vec<String>)> = Vec::new();
    for (table, id) in rows {
        match tables.last_mut() {
            Some((last, ids)) if *last == table => ids.push(id.to_string()),
            _ => tables.push((table, vec![id.to_string()])),
        }
    }
    tables
}
