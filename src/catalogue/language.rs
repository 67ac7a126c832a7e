//! The procedure language as a JSON Schema 2020-12, made from the types, and the structural faults of a text against it.
//!
//! The types alone decide what may be written: the schema is generated, published with `procedures schema`, and used to
//! name every unknown, missing or mistyped key at once, where deserialization would stop at the first.

use std::sync::LazyLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::template::Extension;
use crate::domain::fault::Fault;
use crate::domain::form::escape;
use crate::domain::procedure::ProcedureDefinition;

/// A text with more faults than this is no attempt at a definition.
const MAX_FAULTS: usize = 1_000;

/// Where the published schema is, relative to the configuration folder.
pub const SCHEMA_FILE: &str = "procedures/procedure.schema.json";

const TITLE: &str = "手続定義（窓口） / A procedure version of Madoguchi";

const DESCRIPTION: &str = "One YAML file is one immutable version of a procedure: config/procedures/<tenant>/<id>.yaml, further versions as \
     <id>.v<version>.yaml. A file is either the whole definition, or `extends` a template of config/templates and overrides \
     what is local (fee, office, wording). Put `# yaml-language-server: $schema=../procedure.schema.json` on the first line \
     for completion, and run `madoguchi procedures check FILE` for everything a schema cannot say.";

/// The schema of a procedure file: a whole definition, or a file that extends a template.
pub fn schema() -> Value {
    let mut definitions = Map::new();
    let whole = subschema::<ProcedureDefinition>(&mut definitions);
    let extension = subschema::<Extension>(&mut definitions);
    definitions.insert("ProcedureDefinition".to_owned(), whole);
    definitions.insert("Extension".to_owned(), extension);
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": TITLE,
        "description": DESCRIPTION,
        "type": "object",
        "if": { "required": ["extends"] },
        "then": { "$ref": "#/$defs/Extension" },
        "else": { "$ref": "#/$defs/ProcedureDefinition" },
        "$defs": definitions,
    });
    describe_tags(&mut schema);
    schema
}

/// The schema of one type; the types it names are added to `definitions`.
fn subschema<T: schemars::JsonSchema>(definitions: &mut Map<String, Value>) -> Value {
    let generator = SchemaSettings::draft2020_12().with(|settings| settings.meta_schema = None);
    let mut schema = generator.into_generator().into_root_schema_for::<T>().to_value();
    if let Some(Value::Object(named)) = schema.as_object_mut().and_then(|schema| schema.remove("$defs")) {
        definitions.extend(named);
    }
    schema
}

/// The tag of a variant (`kind: flat`) has no doc comment of its own; it says what the variant says.
fn describe_tags(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            let description = members.get("description").cloned();
            if let (Some(description), Some(Value::Object(properties))) =
                (description, members.get_mut("properties"))
            {
                for property in properties.values_mut().filter_map(Value::as_object_mut) {
                    if property.contains_key("const") {
                        property.entry("description").or_insert_with(|| description.clone());
                    }
                }
            }
            members.values_mut().for_each(describe_tags);
        }
        Value::Array(items) => items.iter_mut().for_each(describe_tags),
        _ => {}
    }
}

/// The schema as it is checked in.
pub fn schema_text() -> String {
    // A JSON value always has a text.
    let text = serde_json::to_string_pretty(&schema()).unwrap_or_default();
    format!("{text}\n")
}

static DEFINITION: LazyLock<Option<Validator>> = LazyLock::new(|| validator("ProcedureDefinition"));
static EXTENSION: LazyLock<Option<Validator>> = LazyLock::new(|| validator("Extension"));

fn validator(name: &str) -> Option<Validator> {
    let mut schema = schema();
    let members = schema.as_object_mut()?;
    for conditional in ["if", "then", "else"] {
        members.remove(conditional);
    }
    members.insert("$ref".to_owned(), json!(format!("#/$defs/{name}")));
    jsonschema::draft202012::options().should_validate_formats(true).build(&schema).ok()
}

/// Everything in a whole definition that the types do not allow; empty does not yet mean that it can be read.
pub fn faults_of_definition(tree: &Value) -> Vec<Fault> {
    DEFINITION.as_ref().map_or_else(Vec::new, |validator| faults(validator, tree))
}

/// Everything in a file that extends a template which the types do not allow.
pub fn faults_of_extension(tree: &Value) -> Vec<Fault> {
    EXTENSION.as_ref().map_or_else(Vec::new, |validator| faults(validator, tree))
}

fn faults(validator: &Validator, tree: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    for error in validator.iter_errors(tree).take(MAX_FAULTS) {
        translate(&error, &mut faults);
    }
    faults.dedup();
    faults
}

fn translate(error: &ValidationError<'_>, faults: &mut Vec<Fault>) {
    let pointer = error.instance_path().to_string();
    let mut add = |code, ja: String, en: String| faults.push(Fault::new(pointer.clone(), code, ja, en));
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            for name in unexpected {
                let (ja, en) =
                    (format!("「{name}」というキーはありません"), format!("there is no key {name}"));
                faults.push(Fault::new(format!("{pointer}/{}", escape(name)), "unknown_key", ja, en));
            }
        }
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let (ja, en) = (format!("「{name}」がありません"), format!("the key {name} is missing"));
            faults.push(Fault::new(format!("{pointer}/{}", escape(name)), "missing_key", ja, en));
        }
        ValidationErrorKind::Type { kind } => {
            let (ja, en) = type_names(kind);
            add("wrong_type", format!("{ja}にしてください"), format!("must be of type {en}"));
        }
        ValidationErrorKind::Enum { .. } | ValidationErrorKind::Constant { .. } => {
            let options = options_of(error).join(", ");
            add(
                "unknown_value",
                format!("{options} のどれかにしてください"),
                format!("must be one of {options}"),
            );
        }
        ValidationErrorKind::Format { format } => {
            add("format", format!("{format}の形式ではありません"), format!("is not a {format}"));
        }
        ValidationErrorKind::Minimum { limit } => {
            add("out_of_range", format!("{limit}以上にしてください"), format!("must be at least {limit}"));
        }
        ValidationErrorKind::Maximum { limit } => {
            add("out_of_range", format!("{limit}以下にしてください"), format!("must be at most {limit}"));
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            translate_choice(&pointer, error.instance(), context, faults);
        }
        _ => add("wrong_shape", "この形では書けません".to_owned(), "cannot be written like this".to_owned()),
    }
}

/// None of several shapes fits: tells the faults of the one that was meant.
fn translate_choice(
    pointer: &str,
    instance: &Value,
    shapes: &[Vec<ValidationError<'static>>],
    faults: &mut Vec<Fault>,
) {
    let is_here = |error: &&ValidationError<'_>| error.instance_path().as_str() == pointer;
    let is_other_type = |errors: &Vec<ValidationError<'_>>| {
        errors.iter().filter(is_here).any(|error| matches!(error.kind(), ValidationErrorKind::Type { .. }))
    };
    // A tag (`kind: flat`) or a plain value that is another shape's.
    let is_other_value =
        |errors: &Vec<ValidationError<'_>>| errors.iter().any(|error| !options_of(error).is_empty());
    let typed: Vec<_> = shapes.iter().filter(|errors| !is_other_type(errors)).collect();
    let meant: Vec<_> = typed.iter().filter(|errors| !is_other_value(errors)).collect();
    if let [errors] = meant.as_slice() {
        errors.iter().for_each(|error| translate(error, faults));
        return;
    }
    if typed.is_empty() {
        let wrong = shapes.iter().flatten().filter(is_here).find(|error| {
            matches!(error.kind(), ValidationErrorKind::Type { kind: TypeKind::Single(kind) } if kind.to_string() != "null")
        });
        if let Some(error) = wrong {
            translate(error, faults);
            return;
        }
    }
    // Nothing chooses a shape: the tag is missing, or is no shape's.
    let tag = typed.iter().flat_map(|errors| errors.iter()).find(|error| {
        matches!(error.kind(), ValidationErrorKind::Required { property } if property == "kind")
            && is_here(error)
    });
    if let Some(error) = tag {
        translate(error, faults);
        return;
    }
    let mut options: Vec<String> = shapes.iter().flatten().flat_map(options_of).collect();
    options.dedup();
    let inner = shapes.iter().flatten().find(|error| !options_of(error).is_empty());
    let at = inner.map_or_else(|| pointer.to_owned(), |error| error.instance_path().to_string());
    if options.is_empty() {
        let shown = if instance.is_object() { "object" } else { "value" };
        let (ja, en) = ("この形では書けません", format!("this {shown} has no shape of the language"));
        faults.push(Fault::new(at, "wrong_shape", ja, en));
    } else {
        let options = options.join(", ");
        let (ja, en) = (format!("{options} のどれかにしてください"), format!("must be one of {options}"));
        faults.push(Fault::new(at, "unknown_value", ja, en));
    }
}

/// The plain values an error would have accepted.
fn options_of(error: &ValidationError<'_>) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match error.kind() {
        ValidationErrorKind::Constant { expected_value } => vec![text(expected_value)],
        ValidationErrorKind::Enum { options } => options.as_array().into_iter().flatten().map(text).collect(),
        _ => Vec::new(),
    }
}

/// The types a value may have, in Japanese and in English.
fn type_names(kind: &TypeKind) -> (String, String) {
    let names: Vec<String> = match kind {
        TypeKind::Single(kind) => vec![kind.to_string()],
        TypeKind::Multiple(kinds) => kinds.iter().map(|kind| kind.to_string()).collect(),
    };
    let names: Vec<&str> = names.iter().map(String::as_str).filter(|name| *name != "null").collect();
    let japanese = |name: &&str| match *name {
        "array" => "一覧",
        "boolean" => "真偽値（true・false）",
        "integer" => "整数",
        "number" => "数",
        "object" => "キーと値の組",
        "string" => "文字列",
        _ => "値",
    };
    (names.iter().map(japanese).collect::<Vec<_>>().join("・"), names.join(" / "))
}

#[cfg(test)]
mod tests;
