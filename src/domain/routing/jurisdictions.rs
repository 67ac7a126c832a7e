//! Who is in charge of an area of business in a municipality on a day (管轄, R-172…R-175).

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use crate::domain::fault::Fault;
use crate::domain::id::TenantCode;
use crate::domain::procedure::{Bilingual, JurisdictionRow, JurisdictionTable};

/// The file `jurisdictions.yaml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JurisdictionFile {
    /// The body in charge where no row says otherwise.
    pub prefecture: TenantCode,
    /// One table for each area of business.
    pub tables: Vec<JurisdictionTable>,
}

/// The tables with the names of all bodies.
#[derive(Clone, Debug, Default)]
pub struct Jurisdictions {
    prefecture: Option<TenantCode>,
    bodies: BTreeMap<TenantCode, Bilingual>,
    tables: BTreeMap<String, JurisdictionTable>,
}

/// The body in charge of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InCharge<'a> {
    /// The body.
    pub authority: TenantCode,
    /// Its department, where the table settles it.
    pub department: Option<&'a str>,
    /// The ordinance or law, or where the table was taken from.
    pub basis: &'a str,
}

/// A department that a table names, with the days it must exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedDepartment<'a> {
    /// Its code.
    pub code: &'a str,
    /// The first day.
    pub from: Date,
    /// The last day, when it is known.
    pub to: Option<Date>,
}

impl Jurisdictions {
    /// Joins the tables with the bodies of the prefecture; every fault of the file is named.
    pub fn new(file: JurisdictionFile, bodies: BTreeMap<TenantCode, Bilingual>) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        if !bodies.contains_key(&file.prefecture) {
            faults.push(unknown_body("/prefecture"));
        }
        let mut tables = BTreeMap::new();
        for (index, table) in file.tables.into_iter().enumerate() {
            let pointer = format!("/tables/{index}");
            check_table(&pointer, &table, &bodies, &mut faults);
            if tables.insert(table.area.clone(), table).is_some() {
                let (ja, en) = ("重複しています", "is given twice");
                faults.push(Fault::new(format!("{pointer}/area"), "duplicate", ja, en));
            }
        }
        if faults.is_empty() {
            Ok(Self { prefecture: Some(file.prefecture), bodies, tables })
        } else {
            Err(faults)
        }
    }

    /// Whether there is a table of this area.
    pub fn has_area(&self, area: &str) -> bool {
        self.tables.contains_key(area)
    }

    /// The body in charge of `area` in the municipality with this code, as of `day`; nothing where the code is that of no
    /// body of the prefecture. The prefecture's own code stands for the prefecture as a whole.
    pub fn in_charge(&self, area: &str, municipality: &str, day: Date) -> Option<InCharge<'_>> {
        let place = TenantCode::parse(municipality).filter(|code| self.bodies.contains_key(code))?;
        let table = self.tables.get(area)?;
        let row = table.rows.iter().find(|row| row.municipalities.contains(&place) && row.is_in_force(day));
        match row {
            Some(row) => Some(InCharge {
                authority: row.authority.clone().unwrap_or(place),
                department: row.department.as_deref(),
                basis: &row.basis,
            }),
            None => {
                Some(InCharge { authority: self.prefecture.clone()?, department: None, basis: &table.source })
            }
        }
    }

    /// Whether a body with this code can exist: it is listed, or it lies in a prefecture of which nothing is listed.
    pub fn may_exist(&self, code: &TenantCode) -> bool {
        let prefecture = |code: &TenantCode| code.as_str().get(..2).map(str::to_owned);
        self.bodies.contains_key(code)
            || !self.bodies.keys().any(|listed| prefecture(listed) == prefecture(code))
    }

    /// What a body is called; its code when nobody knows it.
    pub fn name(&self, body: &TenantCode) -> Bilingual {
        let unnamed = || Bilingual { ja: body.to_string(), en: body.to_string() };
        self.bodies.get(body).cloned().unwrap_or_else(unnamed)
    }

    /// The departments of `body` that the table of `area` names.
    pub fn departments<'a>(&'a self, area: &str, body: &'a TenantCode) -> Vec<NamedDepartment<'a>> {
        let rows = self.tables.get(area).into_iter().flat_map(|table| &table.rows);
        rows.filter(|row| row.authority.as_ref().is_none_or(|authority| authority == body))
            .filter_map(|row| {
                let (from, to) = (row.effective_from, row.effective_to);
                Some(NamedDepartment { code: row.department.as_deref()?, from, to })
            })
            .collect()
    }
}

impl JurisdictionRow {
    /// Whether the row is in force for what arrives on `day`.
    pub fn is_in_force(&self, day: Date) -> bool {
        self.effective_from <= day && self.effective_to.is_none_or(|last| day <= last)
    }

    fn meets(&self, other: &Self) -> bool {
        let begins_before_end = |a: &Self, b: &Self| b.effective_to.is_none_or(|end| a.effective_from <= end);
        begins_before_end(self, other) && begins_before_end(other, self)
    }
}

fn check_table(
    pointer: &str,
    table: &JurisdictionTable,
    bodies: &BTreeMap<TenantCode, Bilingual>,
    faults: &mut Vec<Fault>,
) {
    for (name, text) in [("area", &table.area), ("source", &table.source)] {
        if text.trim().is_empty() {
            faults.push(empty(format!("{pointer}/{name}")));
        }
    }
    for (index, row) in table.rows.iter().enumerate() {
        let pointer = format!("{pointer}/rows/{index}");
        if row.basis.trim().is_empty() {
            faults.push(empty(format!("{pointer}/basis")));
        }
        if row.authority.as_ref().is_some_and(|authority| !bodies.contains_key(authority)) {
            faults.push(unknown_body(format!("{pointer}/authority")));
        }
        if row.effective_to.is_some_and(|to| to < row.effective_from) {
            let (ja, en) = ("終わりが始まりより前です", "ends before it begins");
            faults.push(Fault::new(format!("{pointer}/effective_to"), "span", ja, en));
        }
        if row.municipalities.is_empty() {
            faults.push(empty(format!("{pointer}/municipalities")));
        }
        for (place, code) in row.municipalities.iter().enumerate() {
            let pointer = format!("{pointer}/municipalities/{place}");
            if !bodies.contains_key(code) {
                faults.push(unknown_body(pointer.clone()));
            }
            let earlier = table.rows.iter().take(index);
            if earlier.filter(|other| other.meets(row)).any(|other| other.municipalities.contains(code)) {
                let (ja, en) = ("同じ時期に二つの所管があります", "has two authorities at the same time");
                faults.push(Fault::new(pointer, "overlap", ja, en));
            }
        }
    }
}

fn unknown_body(pointer: impl Into<String>) -> Fault {
    Fault::new(pointer, "unknown_body", "団体の一覧にない団体です", "is not a body of the prefecture")
}

fn empty(pointer: String) -> Fault {
    Fault::new(pointer, "empty", "空にできません", "must not be empty")
}
