//! Answers that an outgoing system cannot take as they are: said, never changed.

use serde_json::Value;

use super::parts::{self, PartKind};
use super::{CompiledForm, escape, known};
use crate::domain::charset::Charset;
use crate::domain::procedure::{Bilingual, Field, FieldType};
use crate::domain::validity::Warning;

/// A field whose answer goes to a system with a small character set.
#[derive(Debug)]
pub(super) struct Outgoing {
    field: String,
    /// Of a table, the column.
    column: Option<String>,
    charset: Charset,
}

/// Whether answers of a type are words, which may hold any character.
pub(crate) fn has_words(field_type: FieldType) -> bool {
    matches!(field_type, FieldType::Text | FieldType::PersonName | FieldType::Address)
}

/// The fields that name a character set.
pub(super) fn of(fields: &[Field]) -> Vec<Outgoing> {
    let mut found = Vec::new();
    for field in fields {
        let own = field.charset.map(|charset| (None, charset));
        let columns = field.columns.iter();
        let columns = columns.filter_map(|column| Some((Some(column.name.clone()), column.charset?)));
        found.extend(own.into_iter().chain(columns).map(|(column, charset)| Outgoing {
            field: field.name.clone(),
            column,
            charset,
        }));
    }
    found
}

impl CompiledForm {
    /// A warning for each answer with characters that its outgoing system lacks; pointers go into the answers. Such an
    /// answer is kept as typed, and how it is written there is for a person to confirm.
    pub fn charset_warnings(&self, answers: &Value) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for outgoing in &self.outgoing {
            let Some(answer) = answers.get(&outgoing.field) else { continue };
            let pointer = format!("/{}", escape(&outgoing.field));
            let mut look = |pointer: String, text: Option<&Value>| {
                let lacking = text.and_then(Value::as_str).map(|text| outgoing.charset.lacks(text));
                let lacking = lacking.unwrap_or_default();
                if !lacking.is_empty() {
                    warnings.push(self.charset_warning(pointer, outgoing.charset, &lacking));
                }
            };
            if let Some(column) = &outgoing.column {
                for (index, row) in answer.as_array().into_iter().flatten().enumerate() {
                    look(format!("{pointer}/{index}/{}", escape(column)), row.get(column));
                }
                continue;
            }
            look(pointer.clone(), Some(answer));
            let field_type = self.fields.get(&outgoing.field).map(|known| known.field_type);
            let parts = field_type.map_or(&[][..], parts::of).iter();
            for part in parts.filter(|part| part.kind == PartKind::Words) {
                look(format!("{pointer}/{}", part.name), answer.get(part.name));
            }
        }
        warnings
    }

    fn charset_warning(&self, pointer: String, charset: Charset, lacking: &[&str]) -> Warning {
        let (label_ja, label_en) = known::words(&self.fields, &pointer);
        let (title, characters) = (charset.title(), lacking.join(" "));
        let ja = format!(
            "{label_ja}の「{characters}」は、送付先のシステムの文字集合（{title}）にありません。入力のまま受け付け、代わりの文字を使う場合は職員が確認します。"
        );
        let en = format!(
            "{label_en}: the receiving system ({title}) lacks {characters}. It is kept as typed; staff will confirm any other \
             spelling."
        );
        let basis = format!("{title}（縮退は人が確認する）");
        Warning { code: "outside_charset", pointer, message: Bilingual { ja, en }, basis }
    }
}
