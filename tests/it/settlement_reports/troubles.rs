//! Reports that cannot be had: nothing is half taken in, it is asked again with growing pauses, and a person hears of it where
//! waiting does not help (F01–F08, F37).

use jiff::SignedDuration;
use madoguchi::config::Settings;
use madoguchi::gateway::{Gateways, ReportSource};
use serde_json::{Value, json};

use super::counting::Counting;
use crate::payment_faults::payer::disarm;
use crate::support::app::{AOMORI, TestApp};
use crate::support::db::TestDb;

/// A fault, and what comes of it.
struct Trouble {
    op: &'static str,
    fault: &'static str,
    args: Value,
    /// Pauses after which it is tried again without success.
    tries_s: &'static [i64],
    /// What a person reads, if a person hears of it.
    reason: Option<&'static str>,
    /// The pause after which it succeeds.
    then_s: i64,
}

fn troubles(gateway: &str) -> Vec<Trouble> {
    let drop_at_once = json!({ "hold_ms": 0, "end": "drop", "times": 1 });
    let cut = |times: u32| json!({ "style": "truncated", "times": times });
    let mut all = vec![
        Trouble { op: "get_report", fault: "F01", args: drop_at_once, tries_s: &[], reason: None, then_s: 5 },
        Trouble { op: "get_report", fault: "F03", args: json!({}), tries_s: &[], reason: None, then_s: 5 },
        Trouble { op: "get_settlement", fault: "F04", args: cut(1), tries_s: &[], reason: None, then_s: 5 },
        Trouble {
            op: "get_report",
            fault: "F04",
            args: cut(2),
            tries_s: &[5],
            reason: Some("Unreadable: a successful answer that cannot be read"),
            then_s: 30,
        },
        Trouble {
            op: "get_report",
            fault: "F06",
            args: json!({ "status": 503, "times": 4 }),
            tries_s: &[5, 30, 120],
            reason: Some("ServerError: the gateway failed"),
            then_s: 600,
        },
        Trouble {
            op: "get_report",
            fault: "F08",
            args: json!({ "retry_after": 7 }),
            tries_s: &[],
            reason: None,
            then_s: 7,
        },
    ];
    if gateway == "komoju" {
        all.push(Trouble {
            op: "get_report",
            fault: "F37",
            args: json!({ "report": "link_expired" }),
            tries_s: &[],
            reason: Some("refused:not_found"),
            then_s: 5,
        });
        all.push(Trouble {
            op: "get_report",
            fault: "F37",
            args: json!({ "report": "broken_text", "times": 2 }),
            tries_s: &[5],
            reason: Some("Unreadable: a successful answer that cannot be read"),
            then_s: 30,
        });
    }
    all
}

at_each_gateway!(
    f37_a_report_that_cannot_be_had_is_asked_for_again_and_nothing_of_it_is_taken_in,
    async |db: TestDb, gateway: &'static str| {
        let app = Counting::start(&db, gateway).await;
        let mut counting = Counting::open(&app, &db, gateway).await;
        let mut reasons: Vec<&str> = Vec::new();
        for (trouble, done) in troubles(gateway).into_iter().zip(0_usize..) {
            let known = (counting.settlements().await.len(), counting.lines().await);
            assert_eq!(known.0, done);
            counting.sign_in_again().await;
            counting.paid_cards(1).await;
            counting.end_the_day().await;
            let batches = counting.batches().await;
            assert_eq!(batches.len(), done + 1);
            let seen: Vec<String> = counting.names().await;
            let young = batches.iter().find(|batch| !seen.contains(&batch.reference_at(gateway))).unwrap();
            let on = json!({ "op": trouble.op, "payment": young.id });
            app.fault(json!({ "match": on, "fault": trouble.fault, "args": trouble.args })).await;
            app.drain().await;
            let taken = async || (counting.settlements().await.len(), counting.lines().await);
            assert_eq!(taken().await, known, "{}", trouble.fault);
            for pause in trouble.tries_s {
                app.advance(SignedDuration::from_secs(*pause)).await;
                app.drain().await;
                assert_eq!(taken().await, known, "{} after {pause} s", trouble.fault);
            }
            reasons.extend(trouble.reason);
            let mut told = counting.reasons().await;
            told.sort_unstable();
            let mut expected: Vec<&str> = reasons.clone();
            expected.sort_unstable();
            assert_eq!(told, expected, "{}", trouble.fault);
            app.advance(SignedDuration::from_secs(trouble.then_s)).await;
            app.drain().await;
            assert_eq!(counting.settlements().await.len(), done + 1, "{}", trouble.fault);
            disarm(&app).await;
        }
        let others = counting.kinds().await.into_iter().filter(|kind| kind != "unreadable_report").count();
        assert_eq!(others, 0, "nothing was taken in by halves");
    }
);

on_both_databases!(
    a_list_that_cannot_be_had_is_asked_for_again_and_a_key_that_is_not_believed_is_told_at_once,
    async |db: TestDb| {
        let app = Counting::start(&db, "komoju").await;
        let mut counting = Counting::open(&app, &db, "komoju").await;
        counting.paid_cards(1).await;
        let args = json!({ "status": 503, "times": 1 });
        app.fault(json!({ "match": { "op": "list_settlements" }, "fault": "F06", "args": args })).await;
        counting.next_day().await;
        assert_eq!(counting.settlements().await.len(), 0);
        app.advance(SignedDuration::from_secs(5)).await;
        app.drain().await;
        assert_eq!((counting.settlements().await.len(), counting.kinds().await.len()), (1, 0));

        let stranger = TestApp::start_with(&db, |settings| {
            settings.secrets.set_of_gateway("komoju", "secret_key", "sk_test_another");
            for account in settings.gateways.iter_mut().filter(|account| account.name == "komoju") {
                account.payouts_to = Some(AOMORI.to_owned());
            }
        })
        .await;
        stranger.advance(SignedDuration::from_hours(12)).await;
        stranger.drain().await;
        assert_eq!(counting.reasons().await, ["refused:unauthorized"]);
        assert_eq!(counting.subjects("unreadable_report").await, ["report:komoju:2026-04-02"]);
    }
);

on_both_databases!(
    /// Payouts are listed 45 days back, unless the last known one is older.
    after_a_long_silence_the_list_begins_with_the_last_known_payout,
    async |db: TestDb| {
        let app = Counting::start(&db, "komoju").await;
        let mut counting = Counting::open(&app, &db, "komoju").await;
        counting.paid_cards(1).await;
        counting.next_day().await;
        assert_eq!(counting.settlements().await.len(), 1);
        counting.paid_cards(1).await;
        app.advance(SignedDuration::from_hours(24 * 60)).await;
        counting.sign_in_again().await;
        app.drain().await;
        assert_eq!(counting.settlements().await.len(), 2);
    }
);

on_both_databases!(accounts_that_pay_out_to_nobody_known_are_not_asked, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    app.advance(SignedDuration::from_hours(24)).await;
    app.drain().await;
    let looks = "(SELECT COUNT(*) FROM jobs WHERE kind IN ('fetch_settlements', 'list_settlements'))";
    assert_eq!(db.count(looks).await, 0);
});

/// The settings with every account in use and their secrets.
fn settings() -> Settings {
    let mut settings = Settings::load(None).unwrap();
    for gateway in &mut settings.gateways {
        gateway.enabled = true;
        for credential in gateway.kind.credentials() {
            settings.secrets.set_of_gateway(&gateway.name, credential, "00112233445566778899aabbccddeeff");
        }
    }
    settings
}

#[test]
fn what_a_gateway_says_of_its_reports_is_what_its_adapter_can_do() {
    let gateways = Gateways::build(&settings()).unwrap();
    let tenant = madoguchi::domain::id::TenantCode::parse(AOMORI).unwrap();
    let mut seen = Vec::new();
    for account in gateways.serving(&tenant) {
        let said = account.adapter.capabilities().settlement_reports;
        assert_eq!(
            said == ReportSource::Api,
            account.adapter.settlement_reports().is_some(),
            "{}",
            account.name
        );
        seen.push((account.name.as_str(), said == ReportSource::Api));
    }
    assert_eq!(seen, [("komoju", true), ("paypay", false), ("stripe", true), ("veritrans", false)]);
}

#[test]
fn payouts_are_fetched_only_where_the_vendor_gives_them_and_for_a_body_that_it_serves() {
    for (name, body, fault) in [
        ("paypay", AOMORI, "gateways.paypay: this vendor's interface gives no payouts"),
        ("veritrans", AOMORI, "gateways.veritrans: this vendor's interface gives no payouts"),
        ("stripe", "022012", "gateways.stripe: payouts_to must be one of its tenants"),
        ("komoju", "nowhere", "gateways.komoju: payouts_to must be one of its tenants"),
    ] {
        let mut settings = settings();
        for account in settings.gateways.iter_mut().filter(|account| account.name == name) {
            account.payouts_to = Some(body.to_owned());
            if name == "stripe" {
                account.tenants = vec![AOMORI.to_owned()];
            }
        }
        let Err(refused) = Gateways::build(&settings) else { panic!("{name}") };
        assert!(refused.to_string().contains(fault), "{refused}");
    }
}
