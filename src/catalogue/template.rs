//! Templates (雛形): a definition of the prefecture that municipalities take over and make their own.
//!
//! `templates/<code>.v<version>.yaml` is a definition without what is local. A municipality's file says what it extends
//! and overrides fee, office and wording:
//!
//! ```yaml
//! extends: { template: okugai-kokoku, version: 1 }
//! tenant: "022021"
//! version: 1
//! overrides:
//!   department: toshi-keikaku
//!   fees:
//!     kyoka: { basis: 弘前市屋外広告物条例, formula: { amount: 3000 } }
//! ```
//!
//! Overrides merge: members replace, `null` removes, objects merge, and a list whose items have a key (`name`, `code`,
//! `value`, the `ja` of `title`) is patched by an object of key → patch; a list replaces a list. Resolving is pure, and every node of the
//! result knows which file it came from, so that a fault is shown where it was written. A newer template changes nothing
//! by itself: it is offered by `procedures upstream`.
//!
//! Invariants: what makes cases comparable between municipalities cannot be overridden: the legal kind (R-1), the id, and
//! the fields of the form with their types. More fields may be asked for, and every label may be reworded.

mod trace;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use self::trace::{Origin, Source, Traced};
use crate::domain::definition_diff::{KeyedBy, item_key};
use crate::domain::fault::Fault;
use crate::domain::form::escape;
use crate::domain::id::TenantCode;

/// The template a file is built on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateReference {
    /// The code of the template, which is also the id of the procedure.
    pub template: String,
    /// The version of the template.
    pub version: u32,
}

impl TemplateReference {
    /// The file of the template, relative to the configuration folder.
    pub fn file(&self) -> String {
        format!("templates/{}.v{}.yaml", self.template, self.version)
    }
}

/// A file that extends a template (雛形の利用): whose it is, which version of its own it is, and what is different here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// What it is built on.
    pub extends: TemplateReference,
    /// The body whose procedure it is.
    pub tenant: TenantCode,
    /// The body's own version of the procedure, counted from 1; not the version of the template.
    pub version: u32,
    /// What is different here, in the language of a definition: members replace, `null` removes, and a list of the template
    /// whose items have a `name`, `code`, `value` or `title` is patched by an object of that key (of a title, its `ja`). `kind`, `id` and the fields of the
    /// form with their types stay those of the template.
    #[serde(default)]
    pub overrides: Map<String, Value>,
}

/// Members of a template that no municipality may change.
const LOCKED: [&str; 4] = ["id", "kind", "tenant", "version"];

/// Whether a tree is a file that extends a template.
pub fn is_extension(tree: &Value) -> bool {
    tree.get("extends").is_some()
}

/// The whole definition of an extension, every node with its origin; or what may not be overridden, with pointers into
/// the extension's own file (`/overrides/…`).
pub fn resolve(template: &Value, extension: &Extension) -> Result<Traced, Vec<Fault>> {
    let mut faults = Vec::new();
    refuse_locked(template, &extension.overrides, &mut faults);
    let mut whole = Traced::of(template, Source::Template, "");
    if !whole.is_object() {
        faults.push(fault(
            "/extends",
            "template",
            "雛形が定義ではありません",
            "the template is no definition",
        ));
        return Err(faults);
    }
    for (name, change) in &extension.overrides {
        let at = format!("/overrides/{}", escape(name));
        merge_member(&mut whole, name, change, &at, &mut faults);
    }
    let own = |value: Value, pointer: &str| Traced::of(&value, Source::Own, pointer);
    whole.insert("tenant", own(Value::from(extension.tenant.as_str()), "/tenant"));
    whole.insert("version", own(Value::from(extension.version), "/version"));
    if faults.is_empty() { Ok(whole) } else { Err(faults) }
}

fn fault(pointer: &str, code: &'static str, ja: &str, en: &str) -> Fault {
    Fault::new(pointer, code, ja, en)
}

fn refuse_locked(template: &Value, overrides: &Map<String, Value>, faults: &mut Vec<Fault>) {
    for name in LOCKED.into_iter().filter(|name| overrides.contains_key(*name)) {
        faults.push(locked(format!("/overrides/{name}")));
    }
    if let Some(changes) = overrides.get("form") {
        refuse_locked_fields(template.get("form"), changes, "/overrides/form", faults);
    }
}

fn locked(pointer: String) -> Fault {
    let (ja, en) =
        ("雛形の定めたもので、上書きできません", "is settled by the template and cannot be overridden");
    Fault::new(pointer, "template_locked", ja, en)
}

fn refuse_locked_fields(fields: Option<&Value>, changes: &Value, at: &str, faults: &mut Vec<Fault>) {
    let fields = fields.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let Value::Object(changes) = changes else {
        if !fields.is_empty() {
            faults.push(locked(at.to_owned()));
        }
        return;
    };
    for (name, change) in changes {
        let is_named = |field: &&Value| field.get("name").and_then(Value::as_str) == Some(name);
        let Some(field) = fields.iter().find(is_named) else { continue };
        let at = format!("{at}/{}", escape(name));
        if !change.is_object() {
            faults.push(locked(at));
            continue;
        }
        for member in ["name", "type"] {
            if change.get(member).is_some_and(|new| Some(new) != field.get(member)) {
                faults.push(locked(format!("{at}/{member}")));
            }
        }
        if let Some(columns) = change.get("columns") {
            refuse_locked_fields(field.get("columns"), columns, &format!("{at}/columns"), faults);
        }
    }
}

fn merge_member(target: &mut Traced, name: &str, change: &Value, at: &str, faults: &mut Vec<Fault>) {
    if change.is_null() {
        if target.remove(name).is_none() {
            faults.push(absent(at));
        }
        return;
    }
    match target.member_mut(name) {
        Some(inner) => merge(inner, name, change, at, faults),
        None => target.insert(name, Traced::of(change, Source::Own, at)),
    }
}

/// `name` is the member the node is the value of; it says which key the items of an empty list have.
fn merge(target: &mut Traced, name: &str, change: &Value, at: &str, faults: &mut Vec<Fault>) {
    let Value::Object(changes) = change else {
        *target = Traced::of(change, Source::Own, at);
        return;
    };
    if target.is_object() {
        for (name, change) in changes {
            merge_member(target, name, change, &format!("{at}/{}", escape(name)), faults);
        }
    } else if target.items_mut().is_some() {
        for (key, change) in changes {
            merge_item(target, name, key, change, &format!("{at}/{}", escape(key)), faults);
        }
    } else {
        *target = Traced::of(change, Source::Own, at);
    }
}

fn merge_item(list: &mut Traced, name: &str, key: &str, change: &Value, at: &str, faults: &mut Vec<Fault>) {
    let Some(items) = list.items_mut() else { return };
    let keys: Vec<Option<(KeyedBy, String)>> = items.iter().map(|item| item_key(&item.value())).collect();
    if keys.iter().any(Option::is_none) {
        let ja = "この一覧の項目にはキーがありません。一覧全体を書いてください";
        faults.push(fault(
            at,
            "template_list",
            ja,
            "the items of this list have no key; write the whole list",
        ));
        return;
    }
    let matches = |(kind, own): &(KeyedBy, String)| {
        own == key
            || (*kind == KeyedBy::CodeAndDay && own.split_once('@').is_some_and(|(code, _)| code == key))
    };
    let found: Vec<usize> = keys
        .iter()
        .enumerate()
        .filter(|(_, own)| own.as_ref().is_some_and(matches))
        .map(|(index, _)| index)
        .collect();
    match (found.as_slice(), change) {
        ([index], Value::Null) => drop(items.remove(*index)),
        ([index], Value::Object(_)) => {
            if let Some(item) = items.get_mut(*index) {
                merge(item, key, change, at, faults);
            }
        }
        ([], Value::Null) => faults.push(absent(at)),
        ([], Value::Object(_)) => {
            let kind = keys.iter().flatten().next().map(|(kind, _)| *kind);
            items.push(new_item(kind, name, key, change, at));
        }
        ([] | [_], _) => {
            faults.push(fault(
                at,
                "template_list",
                "項目の変更を書いてください",
                "write what of the item changes",
            ));
        }
        _ => {
            let ja = "同じコードの版が複数あります。コード@施行日で指定してください";
            faults.push(fault(
                at,
                "template_list",
                ja,
                "several versions have this code; write code@effective_from",
            ));
        }
    }
}

/// An item that the template does not have; its key is the one it stands under.
fn new_item(kind: Option<KeyedBy>, list: &str, key: &str, change: &Value, at: &str) -> Traced {
    let member = match kind {
        Some(KeyedBy::Title) => "title",
        Some(KeyedBy::Name) => "name",
        Some(KeyedBy::Value) => "value",
        Some(KeyedBy::Code | KeyedBy::CodeAndDay) => "code",
        None => match list {
            "form" | "office_form" | "columns" => "name",
            "choices" => "value",
            "examples" => "title",
            _ => "code",
        },
    };
    let mut item = Traced::of(change, Source::Own, at);
    if item.member_mut(member).is_none() {
        let own = match member {
            "title" => json!({ "ja": key }),
            "code" => Value::from(key.split('@').next().unwrap_or(key)),
            _ => Value::from(key),
        };
        item.insert(member, Traced::of(&own, Source::Own, at));
    }
    item
}

fn absent(at: &str) -> Fault {
    fault(at, "template_absent", "雛形にないものは取り除けません", "the template has nothing to remove here")
}

#[cfg(test)]
mod tests;
