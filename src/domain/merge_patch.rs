//! JSON Merge Patch (RFC 7396): members replace, `null` removes, objects merge.

use serde_json::{Map, Value};

/// `target` with `patch` applied.
pub fn merge_patch(target: Value, patch: &Value) -> Value {
    let Value::Object(changes) = patch else { return patch.clone() };
    let mut merged = match target {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    for (name, change) in changes {
        if change.is_null() {
            merged.remove(name);
        } else {
            let before = merged.remove(name).unwrap_or(Value::Null);
            merged.insert(name.clone(), merge_patch(before, change));
        }
    }
    Value::Object(merged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_replace_null_removes_and_objects_merge() {
        for (target, patch, expected) in [
            (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
            (json!({"a":"b","b":"c"}), json!({"a":null}), json!({"b":"c"})),
            (json!({"a":[1,2]}), json!({"a":[3]}), json!({"a":[3]})),
            (json!({"a":{"b":1,"c":2}}), json!({"a":{"b":null,"d":3}}), json!({"a":{"c":2,"d":3}})),
            (json!(["x"]), json!({"a":{"b":null}}), json!({"a":{}})),
        ] {
            assert_eq!(merge_patch(target, &patch), expected);
        }
    }
}
