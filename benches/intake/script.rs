//! From the statements that the store really sent to a pgbench script of the same statements.
//!
//! The recording holds no values. They are taken by column from the rows that the recorded submission left behind, so
//! that sizes are right; ids, numbers and keys are made anew for every transaction, rising like ours do.

use std::collections::HashMap;
use std::error::Error;

use diesel::prelude::*;
use diesel::sql_types::Text;
use serde_json::{Map, Value};

use crate::CLIENTS;

/// The rows of one case, by table, at some moment.
pub type Rows = HashMap<&'static str, Map<String, Value>>;

/// One of the two transactions of a submission.
pub struct Recorded {
    /// What was sent, from BEGIN to COMMIT.
    pub statements: Vec<String>,
    /// The rows before it.
    pub before: Rows,
    /// The rows after it.
    pub after: Rows,
}

/// A pgbench script and the variables it is started with.
pub struct Script {
    /// The file.
    pub text: String,
    /// Values for `-D`.
    pub variables: Vec<(String, String)>,
}

/// First of the twelve-digit numbers that end the ids.
pub const FIRST: u64 = 100_000_000_000;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    row: String,
}

/// Reads what the database holds of a case; a table without a row is left out.
pub fn rows_of(conn: &mut PgConnection, case: &str) -> Result<Rows, Box<dyn Error>> {
    let tables = [
        ("applications", "id"),
        ("parties", "application_id"),
        ("arrivals", "application_id"),
        ("events", "application_id"),
        ("invoices", "application_id"),
        ("ledger_entries", "application_id"),
    ];
    let by_case = tables.iter().map(|(table, column)| (*table, format!("{table} t WHERE {column} = $1")));
    let key = "idempotency_keys t WHERE resource_id = $1 ORDER BY created_at DESC LIMIT 1".to_owned();
    let mut rows = Rows::new();
    for (table, source) in by_case.chain([("idempotency_keys", key)]) {
        let query = diesel::sql_query(format!("SELECT to_jsonb(t)::text AS row FROM {source}"));
        let found = query.bind::<Text, _>(case).load::<Row>(conn)?;
        if let Some(found) = found.first() {
            rows.insert(table, serde_json::from_str(&found.row)?);
        }
    }
    Ok(rows)
}

impl Script {
    /// Both transactions, one after the other.
    pub fn of(transactions: &[Recorded]) -> Result<Self, Box<dyn Error>> {
        let mut script = Self::new();
        for (index, transaction) in transactions.iter().enumerate() {
            for statement in &transaction.statements {
                script.add(statement, index, transaction)?;
            }
        }
        Ok(script)
    }

    /// Only the statement that stores the new case.
    pub fn of_one_statement(transaction: &Recorded) -> Result<Self, Box<dyn Error>> {
        let mut script = Self::new();
        let insert = transaction.statements.iter().find(|text| text.contains("INTO \"applications\""));
        script.add(insert.ok_or("the recording stores no case")?, 0, transaction)?;
        Ok(script)
    }

    fn new() -> Self {
        let text = format!(
            "\\set n :n + 1\n\\set unique {FIRST} + :n * {CLIENTS} + :client_id\n\\set account {FIRST} + :client_id\n"
        );
        Self { text, variables: Vec::new() }
    }

    /// Appends a statement with an expression in place of each `$n`.
    fn add(&mut self, sql: &str, index: usize, from: &Recorded) -> Result<(), Box<dyn Error>> {
        let mut rest = sql;
        let mut seen = String::new();
        let mut written = String::new();
        while let Some((text, tail)) = rest.split_once('$') {
            let digits = tail.chars().take_while(char::is_ascii_digit).count();
            let (number, tail) = tail.split_at(digits);
            seen.push_str(text);
            written.push_str(text);
            written.push_str(&self.value(sql, &seen, number.parse()?, index, from)?);
            seen.push('?');
            rest = tail;
        }
        written.push_str(rest);
        self.text.push_str(&written);
        self.text.push_str(";\n");
        Ok(())
    }

    /// The expression for parameter `number`, in front of which stands `before`.
    fn value(
        &mut self,
        sql: &str,
        before: &str,
        number: usize,
        index: usize,
        from: &Recorded,
    ) -> Result<String, Box<dyn Error>> {
        let table = table_of(sql).ok_or_else(|| format!("no table: {sql}"))?;
        if before.ends_with("LIMIT ") {
            return Ok("1".to_owned());
        }
        if before.ends_with("ANY(") {
            let id = self.expression(table, "id", index, from.before.get(table))?;
            return Ok(format!("ARRAY[{id}]"));
        }
        let (table, column) = if sql.starts_with("INSERT") {
            let columns = sql.split_once('(').and_then(|(_, tail)| tail.split_once(')'));
            let column = columns.and_then(|(list, _)| list.split(", ").nth(number.checked_sub(1)?));
            (table, column.ok_or("more values than columns")?.trim_matches('"'))
        } else {
            // … "table"."column" = $n, or "column" = $n after SET.
            let name = before.strip_suffix(" = ").and_then(|text| text.rsplit([' ', '(']).next());
            let name = name.ok_or_else(|| format!("parameter {number} of: {sql}"))?;
            name.split_once('.').map_or((table, name.trim_matches('"')), |(table, column)| {
                (table.trim_matches('"'), column.trim_matches('"'))
            })
        };
        let finds = !sql.starts_with("INSERT") && (before.contains(" WHERE ") || sql.starts_with("SELECT"));
        let rows = if finds { &from.before } else { &from.after };
        self.expression(table, column, index, rows.get(table).or_else(|| from.after.get(table)))
    }

    fn expression(
        &mut self,
        table: &str,
        column: &str,
        index: usize,
        row: Option<&Map<String, Value>>,
    ) -> Result<String, Box<dyn Error>> {
        let sample = row.and_then(|row| row.get(column));
        let counter = match (table, column) {
            ("accounts", "id") | (_, "actor_id" | "account_id" | "obligor_account_id") => "account",
            ("applications" | "invoices" | "ledger_entries", "id")
            | ("applications" | "invoices", "number")
            | (_, "application_id" | "resource_id" | "source_id" | "key") => "unique",
            _ => return self.constant(sample.ok_or_else(|| format!("no sample of {table}.{column}"))?),
        };
        let sample = match (table, sample) {
            (_, Some(Value::Null)) => return Ok("NULL".to_owned()),
            (_, Some(Value::String(text))) => text.clone(),
            // Looked for before there is one, or in a table that holds other people's rows too.
            (_, _) if column == "key" => format!("bench-0-{FIRST}"),
            (_, _) => format!("019a0000-0000-7000-8000-{FIRST}"),
        };
        let prefix: String = sample.chars().take(sample.chars().count().saturating_sub(12)).collect();
        // The two keys of a submission differ.
        let prefix = if column == "key" { format!("{prefix}{index}") } else { prefix };
        let prefix = self.variable(&prefix);
        Ok(format!("({prefix}::text || :{counter}::text)"))
    }

    fn constant(&mut self, value: &Value) -> Result<String, Box<dyn Error>> {
        match value {
            Value::Null => Ok("NULL".to_owned()),
            Value::String(text) => Ok(self.variable(text)),
            Value::Number(number) => Ok(self.variable(&number.to_string())),
            other => Err(format!("not a column: {other}").into()),
        }
    }

    /// A variable that holds `value`, so that it is sent as a parameter, as our server sends it.
    fn variable(&mut self, value: &str) -> String {
        let known = self.variables.iter().find(|(_, known)| known == value).map(|(name, _)| name.clone());
        let name = known.unwrap_or_else(|| {
            let name = format!("v{}", self.variables.len());
            self.variables.push((name.clone(), value.to_owned()));
            name
        });
        format!(":{name}")
    }
}

/// The first table a statement names.
fn table_of(sql: &str) -> Option<&str> {
    let (_, tail) = ["INTO \"", "UPDATE \"", "FROM \"", "FROM (\"", "FROM ((\""]
        .iter()
        .find_map(|word| sql.split_once(word))?;
    tail.split_once('"').map(|(table, _)| table)
}
