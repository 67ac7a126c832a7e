//! When a trouble that two people have answered is another one: what was found is compared, fact by fact.
//!
//! Purpose: an answered difference does not come back every night, and one that has changed is not lost. Invariants: only facts that
//! both findings state are compared, so that it does not matter which step found it first; hints are no facts.

use serde_json::Value;

/// What a finding says beside the trouble itself: how often it was tried, by which rule it was found, and what a person might look at.
const HINTS: [&str; 3] = ["attempt", "rule", "suggestions"];

/// Whether a finding says the same as the one that was answered.
pub fn is_same_trouble(answered: &Value, found: &Value) -> bool {
    let (Some(answered), Some(found)) = (answered.as_object(), found.as_object()) else {
        return answered == found;
    };
    let agrees = |(name, value): (&String, &Value)| {
        HINTS.contains(&name.as_str()) || answered.get(name).is_none_or(|before| before == value)
    };
    found.iter().all(agrees)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::is_same_trouble;

    #[test]
    fn f37_only_what_both_state_makes_another_trouble() {
        let answered = json!({ "rule": "a", "ours": 22_000, "theirs": 21_999, "suggestions": ["x"] });
        for (found, same) in [
            (answered.clone(), true),
            (json!({ "ours": 22_000, "theirs": 21_998 }), false),
            (json!({ "ours": 0, "theirs": 21_999 }), false),
            // Another step found it, and says it in its own way.
            (json!({ "ours": 22_000, "gross": 21_999, "line": "b" }), true),
            (
                json!({ "rule": "b", "ours": 22_000, "theirs": 21_999, "suggestions": ["y"], "attempt": 7 }),
                true,
            ),
            (json!({}), true),
            (json!("other"), false),
        ] {
            assert_eq!(is_same_trouble(&answered, &found), same, "{found}");
        }
    }
}
