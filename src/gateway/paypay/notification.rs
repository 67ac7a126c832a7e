//! Reading PayPay's notifications. Nobody signs them: only the address they come from speaks for them, so each is no more
//! than a hint, whatever state and amount it claims.

use std::net::IpAddr;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use ipnet::IpNet;
use serde::Deserialize;

use crate::gateway::{Hint, Notification, NotificationHead, NotificationRejected, RawNotification};

/// The largest body that is read: 256 KiB.
const LARGEST_BODY: usize = 256 * 1024;
/// The longest word or identifier that is kept.
const LONGEST_WORD: usize = 64;

#[derive(Deserialize)]
struct EventBody {
    notification_type: String,
    merchant_id: Option<String>,
    merchant_order_id: Option<String>,
    state: Option<String>,
}

/// The addresses and nets of the settings.
pub(super) fn sources(texts: &[String]) -> Result<Vec<IpNet>, String> {
    let parse = |text: &String| {
        let single = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse().or_else(|_| single()).map_err(|_| format!("notification_sources: {text} is no address"))
    };
    texts.iter().map(parse).collect()
}

/// Takes a hint from a known address; its content decides nothing.
pub(super) fn verify(
    sources: &[IpNet],
    merchant_id: &str,
    raw: &RawNotification,
) -> Result<Notification, NotificationRejected> {
    let known = |source: IpAddr| sources.iter().any(|net| net.contains(&source.to_canonical()));
    if !raw.source.is_some_and(known) {
        return Err(NotificationRejected::UnknownSource);
    }
    if raw.body.len() > LARGEST_BODY {
        return Err(NotificationRejected::TooLarge);
    }
    let event: EventBody = serde_json::from_slice(&raw.body).map_err(|_| NotificationRejected::Malformed)?;
    let words = [Some(&event.notification_type), event.state.as_ref(), event.merchant_order_id.as_ref()];
    if !words.into_iter().flatten().all(|word| is_word(word)) {
        return Err(NotificationRejected::Malformed);
    }
    // A hint about somebody else's payment is none about ours.
    let ours = event.merchant_id.as_deref().is_none_or(|id| merchant_id.is_empty() || id == merchant_id);
    let delivery_key = HEXLOWER.encode(digest(&SHA256, &raw.body).as_ref());
    let event_kind = match &event.state {
        Some(state) => format!("{}.{state}", event.notification_type),
        None => event.notification_type.clone(),
    };
    Ok(Notification::Hint(Hint {
        head: NotificationHead {
            event_id: delivery_key.clone(),
            delivery_key,
            event_kind,
            merchant_reference: event.merchant_order_id.filter(|_| ours),
            gateway_payment_id: None,
        },
    }))
}

fn is_word(text: &str) -> bool {
    (1..=LONGEST_WORD).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::gateway::paypay::fixtures::{gateway, now};
    use crate::gateway::{
        Notification, NotificationHead, NotificationRejected, PaymentGateway, RawNotification,
    };

    fn body() -> Value {
        json!({
            "notification_type": "Transaction", "merchant_id": "merchant_1", "store_id": "s", "order_id": "7000001",
            "merchant_order_id": "020001-payment1", "state": "COMPLETED", "paid_at": "2026-09-21T15:13:20+09:00",
            "order_amount": "1"
        })
    }

    fn hear(body: &str, source: Option<&str>) -> Result<NotificationHead, NotificationRejected> {
        let source = source.map(|text| text.parse().unwrap());
        let raw = RawNotification { headers: Vec::new(), body: body.as_bytes().to_vec(), source };
        match gateway("http://127.0.0.1:9").verify_notification(&raw, now())? {
            Notification::Hint(hint) => Ok(hint.head),
            Notification::Signed(signed) => panic!("nobody signs here: {signed:?}"),
        }
    }

    #[test]
    fn f24_whatever_it_claims_it_is_only_a_hint_about_a_reference() {
        for source in ["192.0.2.9", "::ffff:192.0.2.9", "2001:db8::7"] {
            let head = hear(&body().to_string(), Some(source)).unwrap();
            assert_eq!(head.merchant_reference.as_deref(), Some("020001-payment1"));
            assert_eq!(head.event_kind, "Transaction.COMPLETED");
            assert_eq!((head.delivery_key.len(), &head.event_id), (64, &head.delivery_key));
        }
        let mut foreign = body();
        foreign["merchant_id"] = json!("merchant_2");
        assert_eq!(hear(&foreign.to_string(), Some("192.0.2.9")).unwrap().merchant_reference, None);
    }

    #[test]
    fn a_hint_from_an_unlisted_address_is_refused() {
        for source in [None, Some("192.0.3.1"), Some("127.0.0.1"), Some("2001:db8::8")] {
            let refused = hear(&body().to_string(), source).map(|_| ());
            assert_eq!(refused, Err(NotificationRejected::UnknownSource), "{source:?}");
        }
    }

    #[test]
    fn senseless_bodies_are_refused_and_a_file_notice_names_no_payment() {
        for wrong in ["", "[]", "{}", "{\"notification_type\":\"\"}", "{\"notification_type\":\"a b\"}"] {
            let refused = hear(wrong, Some("192.0.2.9")).map(|_| ());
            assert_eq!(refused, Err(NotificationRejected::Malformed), "{wrong}");
        }
        let file =
            json!({ "notification_type": "file.created", "fileType": "transaction_recon", "path": "/x" });
        assert_eq!(hear(&file.to_string(), Some("192.0.2.9")).unwrap().merchant_reference, None);
    }
}
