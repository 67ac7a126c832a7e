//! Which municipalities the answers of a case name: a notice after a disaster holds for some of them.

use serde_json::Value;

use crate::domain::id::TenantCode;
use crate::domain::procedure::{Field, FieldType, ProcedureDefinition};

/// The municipalities in the addresses and places that the form asks for, tables included, each once.
pub(super) fn municipalities_of(definition: &ProcedureDefinition, form: &Value) -> Vec<TenantCode> {
    let mut found = Vec::new();
    collect(&definition.form, form, &mut found);
    found
}

fn collect(fields: &[Field], answers: &Value, found: &mut Vec<TenantCode>) {
    for field in fields {
        let answer = answers.get(&field.name);
        let code = match field.field_type {
            FieldType::Address => answer.and_then(|answer| answer.get("municipality")),
            FieldType::Municipality => answer,
            _ => None,
        };
        let code = code.and_then(Value::as_str).and_then(TenantCode::parse);
        if let Some(code) = code
            && !found.contains(&code)
        {
            found.push(code);
        }
        for row in answer.and_then(Value::as_array).into_iter().flatten() {
            collect(&field.columns, row, found);
        }
    }
}
