//! What is applied for: the examples of a procedure, asked for once. They are the same for everybody and weigh more than the
//! rest of a run together, so that asking anew for each run would measure nothing but this question.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use serde_json::Value;
use tokio::sync::Mutex;

use super::StormError;
use super::client::Counter;

/// The examples that businesses can submit, by procedure.
#[derive(Debug, Default)]
pub struct Examples(Mutex<BTreeMap<&'static str, Vec<Value>>>);

impl Examples {
    /// Example `index` of a procedure; null where there is none.
    pub async fn of(
        &self,
        counter: &Counter,
        procedure: &'static str,
        index: usize,
    ) -> Result<Value, StormError> {
        let mut known = self.0.lock().await;
        if !known.contains_key(procedure) {
            let described =
                counter.get(counter.people().applicant, &format!("procedures/{procedure}")).await?;
            let examples = described.body.get("examples").and_then(Value::as_array).into_iter().flatten();
            let is_for_business =
                |it: &&Value| it.get("applicant_kind").and_then(Value::as_str) == Some("business");
            known.insert(procedure, examples.filter(is_for_business).cloned().collect());
        }
        Ok(known.get(procedure).and_then(|examples| examples.get(index)).cloned().unwrap_or_default())
    }
}

/// A file of an example as `multipart/form-data` with the boundary `B`.
pub fn multipart(file: &Value) -> Vec<u8> {
    let text = |field: &str| file.get(field).and_then(Value::as_str).unwrap_or_default();
    let head = format!(
        "--B\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\n{}\r\n--B\r\nContent-Disposition: form-data; \
         name=\"file\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
        text("code"),
        text("filename"),
        text("media_type")
    );
    let content = BASE64.decode(text("content_base64").as_bytes()).unwrap_or_default();
    [head.as_bytes(), &content, b"\r\n--B--\r\n"].concat()
}
