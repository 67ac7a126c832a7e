//! Reading a merchant's requests as KOMOJU does: known fields are checked, unknown ones ignored.

use reqwest::Url;
use serde_json::{Map, Value};

use crate::simulator::core::Reply;
use crate::simulator::engine::NewSession;
use crate::simulator::model::{CaptureMode, Vendor};

use super::wire::error;

/// The methods the hosted page can play.
const METHODS: [&str; 4] = ["credit_card", "nanaco", "konbini", "pay_easy"];

/// Longest and usual life of a session, in seconds.
const SESSION_LIFE_SECONDS: u64 = 86_400;

/// An amount and a reason, for captures and refunds.
#[derive(Debug, Default)]
pub struct AmountRequest {
    /// Yen; `None` means all.
    pub amount: Option<u64>,
    /// Free text.
    pub description: Option<String>,
}

/// Reads `POST /sessions`.
pub fn new_session(body: &[u8]) -> Result<NewSession, Reply> {
    let fields = object(body)?;
    let data = match fields.get("payment_data") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(data)) => data.clone(),
        Some(_) => return Err(invalid("payment_data", "must be an object")),
    };
    match text(&fields, "mode")?.as_deref() {
        None | Some("payment") => {}
        Some(_) => return Err(invalid("mode", "only \"payment\" is simulated")),
    }
    if text(&fields, "currency")?.as_deref() != Some("JPY") {
        return Err(invalid("currency", "must be JPY"));
    }
    let capture = match text(&data, "capture")?.as_deref() {
        None | Some("auto") => CaptureMode::Auto,
        Some("manual") => CaptureMode::Manual,
        Some(_) => return Err(invalid("payment_data.capture", "must be auto or manual")),
    };
    let amount = match number(&fields, "amount")? {
        None => return Err(missing("amount")),
        Some(0) => return Err(invalid("amount", "must be positive")),
        Some(amount) => amount,
    };
    Ok(NewSession {
        vendor: Vendor::Komoju,
        amount,
        return_url: return_url(&fields)?,
        payment_types: payment_types(&fields)?,
        locale: text(&fields, "default_locale")?.unwrap_or_else(|| "ja".to_owned()),
        email: text(&fields, "email")?,
        external_order_num: text(&data, "external_order_num")?.filter(|order| !order.is_empty()),
        capture,
        metadata: metadata(&fields)?,
        line_items: fields.get("line_items").cloned().unwrap_or_else(|| Value::Array(Vec::new())),
        expires_in_seconds: life(&fields)?,
    })
}

/// Reads the body of a capture or a refund; an empty body means all.
pub fn amount_request(body: &[u8]) -> Result<AmountRequest, Reply> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(AmountRequest::default());
    }
    let fields = object(body)?;
    Ok(AmountRequest { amount: number(&fields, "amount")?, description: text(&fields, "description")? })
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Reply> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) | Err(_) => Err(error(400, "bad_request", "The request body is not a JSON object.", None)),
    }
}

fn text(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, Reply> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(invalid(name, "must be a string")),
    }
}

fn number(fields: &Map<String, Value>, name: &str) -> Result<Option<u64>, Reply> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or_else(|| invalid(name, "must be a whole number")),
    }
}

fn return_url(fields: &Map<String, Value>) -> Result<String, Reply> {
    let url = text(fields, "return_url")?.ok_or_else(|| missing("return_url"))?;
    match Url::parse(&url) {
        Ok(parsed) if matches!(parsed.scheme(), "http" | "https") => Ok(url),
        Ok(_) | Err(_) => Err(invalid("return_url", "must be an http or https URL")),
    }
}

fn payment_types(fields: &Map<String, Value>) -> Result<Vec<String>, Reply> {
    let listed = match fields.get("payment_types") {
        None | Some(Value::Null) => return Ok(METHODS.map(str::to_owned).to_vec()),
        Some(Value::Array(listed)) if !listed.is_empty() => listed,
        Some(_) => return Err(invalid("payment_types", "must be a list of methods")),
    };
    listed
        .iter()
        .map(|method| match method.as_str() {
            Some(method) if METHODS.contains(&method) => Ok(method.to_owned()),
            _ => Err(invalid("payment_types", "names a method that is not enabled")),
        })
        .collect()
}

fn metadata(fields: &Map<String, Value>) -> Result<Map<String, Value>, Reply> {
    let pairs = match fields.get("metadata") {
        None | Some(Value::Null) => return Ok(Map::new()),
        Some(Value::Object(pairs)) => pairs,
        Some(_) => return Err(invalid("metadata", "must be an object")),
    };
    let fits = |(key, value): (&String, &Value)| {
        key.chars().count() <= 30 && value.as_str().is_some_and(|text| text.chars().count() <= 2_000)
    };
    if pairs.iter().all(fits) {
        Ok(pairs.clone())
    } else {
        Err(invalid("metadata", "keys up to 30 and text values up to 2000 characters"))
    }
}

fn life(fields: &Map<String, Value>) -> Result<u32, Reply> {
    match number(fields, "expires_in_seconds")?.unwrap_or(SESSION_LIFE_SECONDS) {
        seconds @ 1..=SESSION_LIFE_SECONDS => {
            u32::try_from(seconds).map_err(|_| invalid("expires_in_seconds", "is too large"))
        }
        _ => Err(invalid("expires_in_seconds", "must be from 1 to 86400")),
    }
}

fn missing(param: &str) -> Reply {
    error(400, "missing_parameter", &format!("A required parameter ({param}) is missing."), Some(param))
}

fn invalid(param: &str, why: &str) -> Reply {
    error(400, "invalid_parameter", &format!("{param} {why}."), Some(param))
}
