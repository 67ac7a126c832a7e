//! Roots: the row a write locks first, so that two writes about one thing never run side by side.

use uuid::Uuid;

use crate::domain::id::{AccountId, ApplicationId, ExceptionId, RecordFileId, SettlementId};

/// A table whose rows can be roots. The order of the variants is the order in which tables are locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RootTable {
    /// `accounts`.
    Accounts,
    /// `applications`.
    Applications,
    /// `catalogue_state`: one row, which every act of publishing locks.
    CatalogueState,
    /// `merchant_ceilings`: whoever opens a payment under a ceiling locks the account's row.
    MerchantCeilings,
    /// `reconciliation_exceptions`.
    ReconciliationExceptions,
    /// `record_files`.
    RecordFiles,
    /// `settlements`.
    Settlements,
}

impl RootTable {
    /// The name of the table; its rows are found by the column `id` alone, which therefore needs an index.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Applications => "applications",
            Self::CatalogueState => "catalogue_state",
            Self::MerchantCeilings => "merchant_ceilings",
            Self::ReconciliationExceptions => "reconciliation_exceptions",
            Self::RecordFiles => "record_files",
            Self::Settlements => "settlements",
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
    /// Nothing to lock: an insert that constraints alone keep right, such as the inbox. The id only picks the writer.
    Unlocked(Uuid),
}

impl Root {
    /// Publishing: administrators are few, so one root for all of it keeps versions, numbers and dates in step.
    pub const PUBLISHING: Self = Self::Aggregate { table: RootTable::CatalogueState, id: Uuid::nil() };

    /// An exception of the reconciliation.
    pub fn exception(id: ExceptionId) -> Self {
        Self::Aggregate { table: RootTable::ReconciliationExceptions, id: id.0 }
    }

    /// A record file with what bars its disposal.
    pub fn record_file(id: RecordFileId) -> Self {
        Self::Aggregate { table: RootTable::RecordFiles, id: id.0 }
    }

    /// A payout and what is said of its arrival.
    pub fn settlement(id: SettlementId) -> Self {
        Self::Aggregate { table: RootTable::Settlements, id: id.0 }
    }

    /// The row to lock, if any; sorting by it gives every transaction the same order.
    pub(super) fn row(self) -> Option<(RootTable, Uuid)> {
        match self {
            Self::Application(id) => Some((RootTable::Applications, id.0)),
            Self::Account(id) => Some((RootTable::Accounts, id.0)),
            Self::Aggregate { table, id } => Some((table, id)),
            Self::Unlocked(_) => None,
        }
    }

    fn id(self) -> Uuid {
        match self {
            Self::Application(id) => id.0,
            Self::Account(id) => id.0,
            Self::Aggregate { id, .. } | Self::Unlocked(id) => id,
        }
    }

    /// Which of `writers` threads serves this root: always the same one, so they never wait for each other.
    pub(super) fn writer(self, writers: usize) -> usize {
        // The low half of a version 7 UUID is random; the high half is the time.
        let (_, low) = self.id().as_u64_pair();
        let count = u64::try_from(writers.max(1)).unwrap_or(1);
        usize::try_from(low % count).unwrap_or(0)
    }
}

/// The rows to lock, table by table, each list sorted and without doubles.
pub(super) fn sorted(roots: impl IntoIterator<Item = Root>) -> Vec<(RootTable, Vec<String>)> {
    let mut rows: Vec<_> = roots.into_iter().filter_map(Root::row).collect();
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
