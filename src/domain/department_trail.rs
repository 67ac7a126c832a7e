//! Where a case lay: the department that had it when something happened, as its chain of events says.
//!
//! The row of a case names the department of today only. What was said in a case before it moved was said by another one.

use serde_json::Value;

/// The department that has a case after an event with these facts, where it had it from `before`.
pub fn after(before: Option<String>, kind: &str, facts: &Value) -> Option<String> {
    let said = |member: &str| facts.get(member).and_then(Value::as_str).map(str::to_owned);
    match kind {
        "submitted" | "received_by_transfer" | "transferred_within" | "resubmitted" => {
            said("department").or(before)
        }
        // Desks of a proposal move by themselves too; then the case lay elsewhere and stays there.
        "department_succeeded" if before.is_some() && said("from") == before => said("to").or(before),
        _ => before,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn r126_r127_a_case_lies_where_its_last_move_put_it() {
        let steps = [
            ("submitted", json!({ "department": "a" }), "a"),
            ("opinion_asked", json!({ "department": "x" }), "a"),
            ("department_succeeded", json!({ "from": "x", "to": "y" }), "a"),
            ("department_succeeded", json!({ "from": "a", "to": "b" }), "b"),
            ("transferred_within", json!({ "from": "b", "department": "c" }), "c"),
            ("resubmitted", json!({ "department_before": "c", "department": "d" }), "d"),
            ("resubmitted", json!({}), "d"),
        ];
        let mut lies_with = None;
        for (kind, facts, expected) in steps {
            lies_with = after(lies_with, kind, &facts);
            assert_eq!(lies_with.as_deref(), Some(expected), "{kind} {facts}");
        }
        assert_eq!(after(None, "department_succeeded", &json!({ "to": "b" })), None);
    }
}
