//! Finding procedures (手続の検索): words of title, law, department and keywords, folded once when a version is loaded.

use std::ops::Bound;
use std::sync::Arc;

use jiff::civil::Date;

use super::{Catalogue, CatalogueProcedure};
use crate::domain::id::TenantCode;
use crate::domain::municipality::fold_for_search;

/// A page of procedures.
#[derive(Debug)]
pub struct ProcedurePage<'a> {
    /// By id.
    pub items: Vec<&'a Arc<CatalogueProcedure>>,
    /// The id after which the next page begins; none on the last.
    pub next: Option<String>,
}

impl Catalogue {
    /// The procedures of a tenant in force on `day` that contain every word of `query`; widths, case and variants of
    /// characters are folded. An empty query finds all.
    pub fn search(&self, tenant: &TenantCode, query: &str, day: Date) -> Vec<&Arc<CatalogueProcedure>> {
        self.search_page(tenant, query, day, None, usize::MAX).items
    }

    /// As [`Catalogue::search`]: at most `limit` of those whose id comes after `after`.
    pub fn search_page(
        &self,
        tenant: &TenantCode,
        query: &str,
        day: Date,
        after: Option<&str>,
        limit: usize,
    ) -> ProcedurePage<'_> {
        let nothing = ProcedurePage { items: Vec::new(), next: None };
        let Some(procedures) = self.procedures.get(tenant) else { return nothing };
        let words: Vec<String> = query.split_whitespace().map(fold_for_search).collect();
        let rest = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let mut found = procedures
            .range::<str, _>(rest)
            .filter_map(|(_, versions)| self.in_force(versions, day))
            .filter(|procedure| words.iter().all(|word| procedure.search_text.contains(word.as_str())));
        let items: Vec<_> = found.by_ref().take(limit).collect();
        let next = found.next().and(items.last()).map(|last| last.definition.id.clone());
        ProcedurePage { items, next }
    }
}
