//! Reading a merchant's form as Stripe does: known fields are checked, unknown ones ignored.

use jiff::Timestamp;
use reqwest::Url;
use serde_json::{Map, Value};

use crate::simulator::core::Reply;
use crate::simulator::engine::NewSession;
use crate::simulator::model::{CaptureMode, Vendor};

use super::wire::error;

/// Shortest, longest and usual life of a session, in seconds.
const SHORTEST_LIFE: i64 = 1_800;
const LONGEST_LIFE: i64 = 86_400;

/// A form's fields in order.
#[derive(Debug)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `application/x-www-form-urlencoded`.
    pub fn read(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// A field's first value.
    pub fn text(&self, name: &str) -> Option<String> {
        self.all(name).next().map(str::to_owned)
    }

    /// A field's values.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A whole number.
    pub fn number(&self, name: &str) -> Result<Option<u64>, Reply> {
        let parse = |text: String| text.parse().map_err(|_| invalid(name, "Invalid integer"));
        self.text(name).map(parse).transpose()
    }

    fn needed(&self, name: &str) -> Result<String, Reply> {
        let missing = || {
            error(
                400,
                "invalid_request_error",
                "parameter_missing",
                &format!("Missing required param: {name}."),
            )
        };
        self.text(name).filter(|text| !text.is_empty()).ok_or_else(missing)
    }
}

/// Reads `POST /v1/checkout/sessions`.
pub fn new_session(form: &Form, now: Timestamp) -> Result<NewSession, Reply> {
    if form.needed("mode")? != "payment" {
        return Err(invalid("mode", "only \"payment\" is simulated"));
    }
    if form.needed("line_items[0][price_data][currency]")? != "jpy" {
        return Err(invalid("line_items[0][price_data][currency]", "must be jpy"));
    }
    form.needed("line_items[0][price_data][product_data][name]")?;
    if form.number("line_items[0][quantity]")? != Some(1) {
        return Err(invalid("line_items[0][quantity]", "must be 1"));
    }
    let amount = form.number("line_items[0][price_data][unit_amount]")?.unwrap_or(0);
    if amount < 50 {
        return Err(invalid("line_items[0][price_data][unit_amount]", "must convert to at least 50 cents"));
    }
    let return_url = form.needed("success_url")?;
    if Url::parse(&return_url).is_err() {
        return Err(invalid("success_url", "Not a valid URL"));
    }
    let capture = match form.text("payment_intent_data[capture_method]").as_deref() {
        Some("manual") => CaptureMode::Manual,
        _ => CaptureMode::Auto,
    };
    Ok(NewSession {
        vendor: Vendor::Stripe,
        amount,
        return_url,
        payment_types: methods(form)?,
        locale: form.text("locale").unwrap_or_else(|| "auto".to_owned()),
        email: form.text("customer_email"),
        external_order_num: form.text("client_reference_id"),
        capture,
        metadata: metadata(form),
        line_items: Value::Null,
        expires_in_seconds: life(form, now)?,
    })
}

/// The engine calls a card `credit_card`.
fn methods(form: &Form) -> Result<Vec<String>, Reply> {
    let offered: Vec<&str> = form
        .0
        .iter()
        .filter(|(key, _)| key.starts_with("payment_method_types["))
        .map(|(_, it)| it.as_str())
        .collect();
    if offered.is_empty() {
        return Ok(vec!["credit_card".to_owned()]);
    }
    offered
        .into_iter()
        .map(|method| match method {
            "card" => Ok("credit_card".to_owned()),
            "konbini" => Ok("konbini".to_owned()),
            _ => Err(invalid("payment_method_types", "The payment method type provided is not activated")),
        })
        .collect()
}

fn metadata(form: &Form) -> Map<String, Value> {
    let own =
        |key: &str| key.strip_prefix("payment_intent_data[metadata][")?.strip_suffix(']').map(str::to_owned);
    form.0.iter().filter_map(|(key, value)| Some((own(key)?, Value::String(value.clone())))).collect()
}

fn life(form: &Form, now: Timestamp) -> Result<u32, Reply> {
    let Some(text) = form.text("expires_at") else {
        return u32::try_from(LONGEST_LIFE).map_err(|_| invalid("expires_at", "is too far"));
    };
    let at: i64 = text.parse().map_err(|_| invalid("expires_at", "Invalid timestamp"))?;
    let seconds = at.saturating_sub(now.as_second());
    let words = "must be between 30 minutes and 24 hours from Checkout Session creation";
    // A minute is allowed for the way.
    if !(SHORTEST_LIFE - 60..=LONGEST_LIFE + 60).contains(&seconds) {
        return Err(invalid("expires_at", words));
    }
    u32::try_from(seconds).map_err(|_| invalid("expires_at", words))
}

fn invalid(param: &str, why: &str) -> Reply {
    error(400, "invalid_request_error", "parameter_invalid", &format!("{param}: {why}."))
}
