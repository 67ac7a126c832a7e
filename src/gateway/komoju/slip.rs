//! What KOMOJU shows of a slip in `payment_details`.
//!
//! Only requests are described in its reference; the names of the answer are those that the vendor's own shop adapter reads:
//! `receipt`, `confirmation_code` and `instructions_url` of a convenience store, `bank_id` (収納機関番号), `customer_id`
//! (納付番号), `confirmation_id` (確認番号) and `instructions_url` of Pay-easy. It shows no 納付区分.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::payment::{Slip, SlipFault, SlipKind, SlipParts};

/// The method and what is needed to pay by it; brand, digits of a card and contact data stay at the gateway.
///
/// Whatever stands there is taken in, for a surprise in one of these must not hide the payment.
#[derive(Debug, Deserialize)]
pub(super) struct DetailsBody {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    #[serde(default)]
    store: Value,
    #[serde(default)]
    receipt: Value,
    #[serde(default)]
    confirmation_code: Value,
    #[serde(default)]
    bank_id: Value,
    #[serde(default)]
    customer_id: Value,
    #[serde(default)]
    confirmation_id: Value,
    #[serde(default)]
    instructions_url: Value,
}

impl DetailsBody {
    /// The slip, where one was issued; a part that is no text has lost its zeros and is as wrong as one of another length.
    pub(super) fn slip(&self) -> Result<Option<Slip>, SlipFault> {
        let url = text("instructions_url", &self.instructions_url);
        let (kind, parts) = match self.kind.as_deref() {
            Some("konbini") if issued(&[&self.receipt, &self.confirmation_code, &self.instructions_url]) => {
                let parts = SlipParts {
                    store: text("store", &self.store)?,
                    receipt_number: text("receipt_number", &self.receipt)?,
                    confirmation_number: text("confirmation_number", &self.confirmation_code)?,
                    instructions_url: url?,
                    ..SlipParts::default()
                };
                (SlipKind::Konbini, parts)
            }
            Some("pay_easy") if issued(&[&self.bank_id, &self.customer_id, &self.confirmation_id]) => {
                let parts = SlipParts {
                    biller_number: text("biller_number", &self.bank_id)?,
                    payment_number: text("payment_number", &self.customer_id)?,
                    confirmation_number: text("confirmation_number", &self.confirmation_id)?,
                    instructions_url: url?,
                    ..SlipParts::default()
                };
                (SlipKind::PayEasy, parts)
            }
            _ => return Ok(None),
        };
        Slip::read(kind, parts).map(Some)
    }
}

/// Whether anything is said at all.
fn issued(values: &[&Value]) -> bool {
    values.iter().any(|value| !value.is_null())
}

fn text(part: &'static str, value: &Value) -> Result<Option<String>, SlipFault> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(SlipFault { part }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::domain::payment::{PaymentSnapshot, SnapshotStatus};
    use crate::gateway::komoju::{fixtures, response};

    fn read(status: &str, details: Value) -> PaymentSnapshot {
        let mut payment = fixtures::payment(status, "konbini");
        payment["payment_details"] = details;
        let body = payment.to_string();
        response::payment(&fixtures::capabilities(), body.as_bytes(), fixtures::now()).unwrap()
    }

    fn pay_easy() -> Value {
        json!({ "type": "pay_easy", "email": "payer@example.jp", "bank_id": "00581",
            "customer_id": "00012345678901234567", "confirmation_id": "000123",
            "instructions_url": "https://komoju.com/instructions/1" })
    }

    #[test]
    fn r83_the_numbers_of_pay_easy_keep_their_zeros() {
        let found = read("authorized", pay_easy());
        assert_eq!(found.status, SnapshotStatus::AwaitingPayment);
        let slip = found.slip.unwrap();
        let values: Vec<&str> = slip.printed().into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, ["00581", "00012345678901234567", "000123"]);
        assert_eq!(slip.parts().instructions_url.as_deref(), Some("https://komoju.com/instructions/1"));
    }

    #[test]
    fn r83_a_slip_of_another_shape_leaves_the_payment_unknown_with_its_reason() {
        for (field, value, part) in [
            ("bank_id", json!(581), "biller_number"),
            ("bank_id", json!("581"), "biller_number"),
            ("customer_id", json!("123456789012345678901"), "payment_number"),
            ("confirmation_id", Value::Null, "confirmation_number"),
            ("confirmation_id", json!({ "a": 1 }), "confirmation_number"),
            ("instructions_url", json!("javascript:0"), "instructions_url"),
        ] {
            let mut details = pay_easy();
            details[field] = value;
            let found = read("authorized", details.clone());
            assert_eq!(found.status, SnapshotStatus::Unrecognised, "{details}");
            assert_eq!((found.raw_status, found.slip), (format!("slip:{part}"), None));
            let taken = read("captured", details);
            assert_eq!(taken.status, SnapshotStatus::Captured, "money that came is not doubted for it");
        }
    }

    #[test]
    fn r83_a_slip_that_is_not_issued_yet_is_none() {
        for kind in ["konbini", "pay_easy", "credit_card"] {
            let found = read("pending", json!({ "type": kind, "email": null, "brand": "visa" }));
            assert_eq!((found.status, found.slip), (SnapshotStatus::RequiresAction, None), "{kind}");
        }
        let shop = json!({ "type": "konbini", "store": "lawson", "receipt": "00123456",
            "confirmation_code": "0007", "instructions_url": "https://komoju.com/instructions/2" });
        assert_eq!(
            read("authorized", shop).slip.unwrap().parts().receipt_number.as_deref(),
            Some("00123456")
        );
    }
}
