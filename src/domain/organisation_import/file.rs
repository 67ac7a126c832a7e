//! The two formats of an organisation's file, which carry the same: CSV with one record a row, and a tree (YAML) of three lists.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::{Map, Value};

use super::{Appointed, Place, StatedDepartment, StatedHolding, StatedOfficer, Statement};
use crate::domain::fault::Fault;
use crate::domain::policy::Role;
use crate::domain::procedure::is_slug;

/// The columns of a CSV file; rows leave empty what their kind of record has not.
pub const COLUMNS: [&str; 14] = [
    "record",
    "code",
    "name_ja",
    "name_en",
    "parent",
    "successor",
    "email",
    "name",
    "department",
    "role",
    "title",
    "appointment",
    "valid_from",
    "valid_to",
];

/// The lists of a tree with the kind of their records and what each may hold.
const LISTS: [(&str, &str, &[&str]); 3] = [
    (
        "departments",
        "department",
        &["code", "name_ja", "name_en", "parent", "successor", "valid_from", "valid_to"],
    ),
    ("officers", "officer", &["email", "name"]),
    (
        "holdings",
        "holding",
        &["email", "department", "role", "title", "appointment", "valid_from", "valid_to"],
    ),
];

/// The longest text of a field, in characters.
const LONGEST: usize = 200;

/// A record before its fields are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRecord {
    /// `department`, `officer` or `holding`.
    pub kind: String,
    /// Where it stands.
    pub place: Place,
    /// What its fields say; empty ones are left out.
    pub fields: BTreeMap<String, String>,
}

fn fault(
    place: &str,
    field: &str,
    code: &'static str,
    ja: impl Into<String>,
    en: impl Into<String>,
) -> Fault {
    let pointer = if field.is_empty() { place.to_owned() } else { format!("{place}/{field}") };
    Fault::new(pointer, code, ja.into(), en.into())
}

/// The rows of a CSV file (RFC 4180: quotes double within quotes, and a quoted field may hold line breaks), each with the number of
/// its first line. None when a quote is not closed.
fn rows(text: &str) -> Option<Vec<(usize, Vec<String>)>> {
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut first, mut is_quoted) = (1, 1, false);
    let mut letters = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => row.push(std::mem::take(&mut field)),
            '\r' if !is_quoted => {}
            '\n' => {
                line += 1;
                if is_quoted {
                    field.push('\n');
                    continue;
                }
                row.push(std::mem::take(&mut field));
                rows.push((first, std::mem::take(&mut row)));
                first = line;
            }
            other => field.push(other),
        }
    }
    if !field.is_empty() || !row.is_empty() {
        row.push(field);
        rows.push((first, row));
    }
    (!is_quoted).then_some(rows)
}

/// The records of a CSV file.
pub fn raw_csv(text: &str) -> Result<Vec<RawRecord>, Vec<Fault>> {
    let unclosed =
        || vec![fault("/rows/1", "", "quote", "引用符が閉じていません。", "A quote is not closed.")];
    let mut rows = rows(text).ok_or_else(unclosed)?.into_iter();
    let (_, header) = rows.next().unwrap_or_default();
    let header: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
    let mut faults = Vec::new();
    for column in COLUMNS.iter().filter(|column| !header.iter().any(|name| name == *column)) {
        faults.push(fault(
            "/rows/1",
            column,
            "missing_column",
            "この列がありません。",
            "This column is missing.",
        ));
    }
    for (index, name) in header.iter().enumerate() {
        if !COLUMNS.contains(&name.as_str()) {
            let (ja, en) = ("知らない列です。", "This column is not known.");
            faults.push(fault("/rows/1", name, "unknown_column", ja, en));
        } else if header.iter().take(index).any(|before| before == name) {
            faults.push(fault(
                "/rows/1",
                name,
                "duplicate",
                "列が重複しています。",
                "This column stands twice.",
            ));
        }
    }
    let mut records = Vec::new();
    for (line, cells) in rows {
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let place = format!("/rows/{line}");
        if cells.len() != header.len() {
            let (ja, en) =
                ("列の数が見出しと違います。", "This row has another number of columns than the header.");
            faults.push(fault(&place, "", "columns", ja, en));
            continue;
        }
        let named = header.iter().cloned().zip(cells.iter().map(|cell| cell.trim().to_owned()));
        let mut fields: BTreeMap<String, String> = named.filter(|(_, text)| !text.is_empty()).collect();
        let kind = fields.remove("record").unwrap_or_default();
        records.push(RawRecord { kind, place, fields });
    }
    if faults.is_empty() { Ok(records) } else { Err(faults) }
}

/// The records of a tree with the lists `departments`, `officers` and `holdings`.
pub fn raw_tree(tree: &Value) -> Result<Vec<RawRecord>, Vec<Fault>> {
    let empty = Map::new();
    let members = match tree {
        Value::Null => &empty,
        Value::Object(members) => members,
        _ => {
            let (ja, en) = (
                "departments、officers、holdings の一覧が必要です。",
                "Lists named departments, officers and holdings are wanted.",
            );
            return Err(vec![fault("", "", "shape", ja, en)]);
        }
    };
    let mut faults = Vec::new();
    for name in members.keys().filter(|name| !LISTS.iter().any(|(list, _, _)| list == name)) {
        faults.push(fault("", name, "unknown_list", "知らない項目です。", "This list is not known."));
    }
    let mut records = Vec::new();
    for (list, kind, _) in LISTS {
        let items = match members.get(list) {
            None | Some(Value::Null) => continue,
            Some(Value::Array(items)) => items,
            Some(_) => {
                faults.push(fault("", list, "shape", "一覧にしてください。", "This must be a list."));
                continue;
            }
        };
        for (index, item) in items.iter().enumerate() {
            let place = format!("/{list}/{index}");
            let Value::Object(item) = item else {
                faults.push(fault(&place, "", "shape", "項目の組にしてください。", "This must be a record."));
                continue;
            };
            let mut fields = BTreeMap::new();
            for (name, value) in item {
                match value {
                    Value::Null => {}
                    Value::String(text) if text.trim().is_empty() => {}
                    Value::String(text) => drop(fields.insert(name.clone(), text.trim().to_owned())),
                    _ => faults.push(fault(
                        &place,
                        name,
                        "shape",
                        "文字列にしてください。",
                        "This must be text.",
                    )),
                }
            }
            records.push(RawRecord { kind: kind.to_owned(), place, fields });
        }
    }
    if faults.is_empty() { Ok(records) } else { Err(faults) }
}

/// Reads the fields of one record and keeps the faults.
struct Reader<'a> {
    record: &'a RawRecord,
    faults: &'a mut Vec<Fault>,
}

impl Reader<'_> {
    fn fault(&mut self, field: &str, code: &'static str, ja: &str, en: &str) {
        self.faults.push(fault(&self.record.place, field, code, ja, en));
    }

    fn optional(&self, field: &str) -> Option<String> {
        self.record.fields.get(field).cloned()
    }

    fn text(&mut self, field: &str) -> String {
        let text = self.optional(field).unwrap_or_default();
        if text.is_empty() {
            self.fault(field, "required", "入力してください。", "This is required.");
        } else if text.chars().count() > LONGEST {
            self.fault(
                field,
                "too_long",
                "200文字以内にしてください。",
                "At most 200 characters are possible.",
            );
        }
        text
    }

    fn code(&mut self, field: &str) -> String {
        let text = self.text(field);
        if !text.is_empty() && !is_slug(&text) {
            let (ja, en) =
                ("英小文字で始まる識別子にしてください。", "This must be a lower-case identifier.");
            self.fault(field, "slug", ja, en);
        }
        text
    }

    fn optional_day(&mut self, field: &str) -> Option<Date> {
        let text = self.optional(field)?;
        let day = text.parse().ok();
        if day.is_none() {
            let (ja, en) = ("YYYY-MM-DD の日付にしてください。", "This must be a day, YYYY-MM-DD.");
            self.fault(field, "date", ja, en);
        }
        day
    }

    /// The first and the last day; `None` where there is no usable first one.
    fn term(&mut self) -> Option<(Date, Option<Date>)> {
        let before = self.faults.len();
        let (from, to) = (self.optional_day("valid_from"), self.optional_day("valid_to"));
        if from.is_none() && self.faults.len() == before {
            self.fault("valid_from", "required", "入力してください。", "This is required.");
        }
        if from.zip(to).is_some_and(|(from, to)| to < from) {
            self.fault("valid_to", "span", "終わりが始まりより前です。", "It ends before it begins.");
        }
        from.map(|from| (from, to))
    }

    fn email(&mut self) -> String {
        let email = self.text("email").to_lowercase();
        let parts = email.split_once('@');
        if !email.is_empty() && !parts.is_some_and(|(name, host)| !name.is_empty() && host.contains('.')) {
            self.fault("email", "email", "メールアドレスにしてください。", "This must be an e-mail address.");
        }
        email
    }

    fn role(&mut self) -> Option<Role> {
        let text = self.text("role");
        let role = Role::parse(&text);
        if role.is_none() && !text.is_empty() {
            let names = Role::ALL.map(Role::as_str).join(", ");
            let ja = format!("{names} のいずれかにしてください。");
            self.faults.push(fault(
                &self.record.place,
                "role",
                "role",
                ja,
                format!("This must be one of {names}."),
            ));
        }
        role
    }

    fn appointment(&mut self) -> Appointed {
        let said = self.optional("appointment");
        if let Some(appointed) = said.as_deref().map_or(Some(Appointed::Regular), Appointed::parse) {
            return appointed;
        }
        let (ja, en) = ("regular か fixed_term にしてください。", "This must be regular or fixed_term.");
        self.fault("appointment", "appointment", ja, en);
        Appointed::Regular
    }

    fn refuse_others(&mut self, known: &[&str]) {
        let others: Vec<&String> =
            self.record.fields.keys().filter(|name| !known.contains(&name.as_str())).collect();
        for name in others {
            let (ja, en) = ("この種類の記録にはない項目です。", "A record of this kind has no such field.");
            self.faults.push(fault(&self.record.place, name, "unknown_field", ja, en));
        }
    }
}

/// Reads the fields of all records, or tells everything that cannot be read.
pub fn read(records: &[RawRecord]) -> Result<Statement, Vec<Fault>> {
    let (mut statement, mut faults) = (Statement::default(), Vec::new());
    for record in records {
        let mut reader = Reader { record, faults: &mut faults };
        let place = record.place.clone();
        let Some((_, _, known)) = LISTS.iter().find(|(_, kind, _)| *kind == record.kind) else {
            let (ja, en) = (
                "department、officer、holding のいずれかにしてください。",
                "This must be department, officer or holding.",
            );
            reader.fault("record", "record", ja, en);
            continue;
        };
        reader.refuse_others(known);
        match record.kind.as_str() {
            "department" => {
                let (code, name_ja, name_en) =
                    (reader.code("code"), reader.text("name_ja"), reader.text("name_en"));
                let (parent, successor) = (reader.optional("parent"), reader.optional("successor"));
                if let Some((valid_from, valid_to)) = reader.term() {
                    let stated = StatedDepartment {
                        place,
                        code,
                        name_ja,
                        name_en,
                        parent,
                        valid_from,
                        valid_to,
                        successor,
                    };
                    statement.departments.push(stated);
                }
            }
            "officer" => {
                let (email, name) = (reader.email(), reader.text("name"));
                statement.officers.push(StatedOfficer { place, email, name });
            }
            _ => {
                let (officer, department) = (reader.email(), reader.text("department"));
                let (role, title) = (reader.role(), reader.text("title"));
                let appointment = reader.appointment();
                if let (Some((valid_from, valid_to)), Some(role)) = (reader.term(), role) {
                    let stated = StatedHolding {
                        place,
                        officer,
                        department,
                        role,
                        title,
                        appointment,
                        valid_from,
                        valid_to,
                    };
                    statement.holdings.push(stated);
                }
            }
        }
    }
    if faults.is_empty() { Ok(statement) } else { Err(faults) }
}

/// The fields of every record, in the order of the lists; empty ones are left out.
fn records(statement: &Statement) -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    let departments = statement.departments.iter().map(|it| {
        let fields = vec![
            ("code", it.code.clone()),
            ("name_ja", it.name_ja.clone()),
            ("name_en", it.name_en.clone()),
            ("parent", it.parent.clone().unwrap_or_default()),
            ("successor", it.successor.clone().unwrap_or_default()),
            ("valid_from", it.valid_from.to_string()),
            ("valid_to", day(it.valid_to)),
        ];
        ("department", fields)
    });
    let officers = statement.officers.iter();
    let officers =
        officers.map(|it| ("officer", vec![("email", it.email.clone()), ("name", it.name.clone())]));
    let holdings = statement.holdings.iter().map(|it| {
        let fixed_term = if it.appointment == Appointed::FixedTerm { "fixed_term" } else { "" };
        let fields = vec![
            ("email", it.officer.clone()),
            ("department", it.department.clone()),
            ("role", it.role.as_str().to_owned()),
            ("title", it.title.clone()),
            ("appointment", fixed_term.to_owned()),
            ("valid_from", it.valid_from.to_string()),
            ("valid_to", day(it.valid_to)),
        ];
        ("holding", fields)
    });
    departments.chain(officers).chain(holdings).collect()
}

/// A statement as a CSV file.
pub fn write_csv(statement: &Statement) -> String {
    let mut text = COLUMNS.join(",") + "\n";
    for (kind, fields) in records(statement) {
        let cell = |column: &&str| {
            let found =
                fields.iter().find(|(name, _)| name == column).map_or("", |(_, value)| value.as_str());
            let found = if *column == "record" { kind } else { found };
            let plain = !found.contains([',', '"', '\n']);
            if plain { found.to_owned() } else { format!("\"{}\"", found.replace('"', "\"\"")) }
        };
        text += &(COLUMNS.iter().map(cell).collect::<Vec<_>>().join(",") + "\n");
    }
    text
}

/// A statement as a tree, for YAML.
pub fn write_tree(statement: &Statement) -> Value {
    let mut tree = Map::new();
    for (list, kind, _) in LISTS {
        let of_kind = records(statement).into_iter().filter(|(record, _)| *record == kind);
        let items = of_kind.map(|(_, fields)| {
            let present = fields.into_iter().filter(|(_, text)| !text.is_empty());
            Value::Object(present.map(|(name, text)| (name.to_owned(), Value::String(text))).collect())
        });
        tree.insert(list.to_owned(), Value::Array(items.collect()));
    }
    Value::Object(tree)
}
