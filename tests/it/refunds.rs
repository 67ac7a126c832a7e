//! Money that goes back: decided by two people, never more than came, known to the yen whatever the gateway does.

pub mod after_giving_up;
mod closed_years;
pub mod desk;
mod interest;
mod interest_in_vain;
pub mod payouts;
mod set_offs;
mod set_offs_in_part;
pub mod too_much;
mod wrong_sums;

use futures_util::future::join_all;
use jiff::SignedDuration;
use madoguchi::domain::id::{PaymentId, TenantCode};
use madoguchi::domain::money::Yen;
use madoguchi::domain::policy::Role;
use madoguchi::domain::refund::{PlannedPart, RefundPart};
use madoguchi::store::{Root, StoreError, refunds};
use serde_json::json;

use self::desk::{Desk, FEE};
use crate::payment_faults::payer::notifications_arrive;
use crate::support::app::{AOMORI, Answer, TestApp, gateway_first};
use crate::support::db::TestDb;
use crate::support::repeat::everything_again;
use crate::support::traces::rounds;

fn words(text: &str) -> (String, String, i64) {
    let mut words = text.split(' ').map(str::to_owned);
    let mut next = || words.next().unwrap();
    (next(), next(), next().parse().unwrap())
}

on_both_databases!(r95_a_refund_is_asked_for_by_one_and_decided_by_another, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let desk = Desk::open(&app, &db).await;
    let paid = desk.paid("card").await;
    let asked = paid.ask(&desk.accountant, FEE, FEE).await.expect(201);
    assert_eq!((&asked["state"], &asked["route"]), (&json!("requested"), &json!("gateway")));
    assert_eq!(asked["parts"], json!([{ "part": "line:1", "amount": FEE }]));
    assert_eq!(paid.available().await, 0, "asking takes it up");
    for verdict in ["approve", "reject"] {
        let own = paid.decide(&desk.accountant, &asked, verdict).await;
        assert_eq!(own.problem(), "403 own_refund");
    }
    assert_eq!(paid.decide(&desk.chief, &asked, "withdraw").await.problem(), "403 forbidden");
    assert_eq!(paid.booked().await, (FEE, 0, FEE), "nothing is owed before it is decided");

    let approved = paid.decide(&desk.chief, &asked, "approve").await.expect(200);
    assert_eq!(approved["state"], "succeeded");
    assert_eq!(paid.standing().await, words(&format!("refunded refunded {FEE}")));
    assert_eq!(paid.booked().await, (0, 0, 0), "out of the same revenue, off the agent's remittance");
    assert_eq!(paid.truth().await, FEE);
    let twice = paid.decide(&desk.chief, &asked, "approve").await;
    assert_eq!(twice.problem(), "409 wrong_state");

    // The gateway's own notification of it, and everything again, change nothing; the payer is told of the entrustment and of
    // the refund, once each.
    app.drain().await;
    let mails = || {
        let folder = std::fs::read_dir(&app.core.settings.mail.directory).unwrap();
        let text = |entry: std::io::Result<std::fs::DirEntry>| {
            std::fs::read_to_string(entry.unwrap().path()).unwrap()
        };
        folder.map(text).filter(|mail| mail.contains("To: business@example.jp")).count()
    };
    assert_eq!(mails(), 2);
    let before = paid.books().await.standing();
    everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
    assert_eq!(paid.books().await.standing(), before);
    assert_eq!((paid.truth().await, mails()), (FEE, 2));
});

on_both_databases!(a_request_that_is_refused_or_taken_back_frees_what_it_took_up, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let desk = Desk::open(&app, &db).await;
    let paid = desk.paid("card").await;
    for (who, verdict, state) in
        [(&desk.chief, "reject", "rejected"), (&desk.accountant, "withdraw", "withdrawn")]
    {
        let asked = paid.ask(&desk.accountant, FEE, FEE).await.expect(201);
        let decided = paid.decide(who, &asked, verdict).await.expect(200);
        assert_eq!(decided["state"], state);
        assert_eq!(paid.available().await, FEE);
        assert_eq!(paid.decide(&desk.chief, &asked, "approve").await.problem(), "409 wrong_state");
    }
    assert_eq!(paid.standing().await, words("entrusted captured 0"));
    assert_eq!(paid.truth().await, 0);
});

on_both_databases!(parts_go_back_until_nothing_is_left, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let desk = Desk::open(&app, &db).await;
    let paid = desk.paid("card").await;
    assert_eq!(paid.refunded(5_000, FEE).await["state"], "succeeded");
    assert_eq!(paid.standing().await, words("partially_refunded partially_refunded 5000"));
    let left = FEE - 5_000;
    assert_eq!(paid.ask(&desk.accountant, 1, FEE).await.problem(), "409 refund_amount_changed");
    for (amount, pointer) in [(left + 1, "/amount"), (0, "/amount"), (-1, "/amount")] {
        let refused = paid.ask(&desk.accountant, amount, left).await;
        assert_eq!(refused.problem(), "422 validation_failed", "{amount}");
        assert_eq!(refused.body["errors"][0]["pointer"], pointer);
    }
    let lines = json!([{ "line": 2, "amount": 100 }]);
    let body = json!({ "amount": 100, "refund_amount_available": left, "lines": lines });
    let refused = paid.ask_with(&desk.accountant, body).await;
    assert_eq!(refused.body["errors"][0]["code"], "lines_differ");
    assert_eq!(paid.refunded(left, left).await["state"], "succeeded");
    assert_eq!(paid.standing().await, words(&format!("refunded refunded {FEE}")));
    assert_eq!((paid.booked().await, paid.truth().await), ((0, 0, 0), FEE));
    assert_eq!(paid.ask(&desk.accountant, 1, 0).await.problem(), "422 validation_failed");
});

on_both_databases!(r97_a_fee_goes_back_only_for_a_reason_that_the_ordinance_knows, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let desk = Desk::open(&app, &db).await;
    let paid = desk.paid("card").await;
    for (reason, problem) in [
        ("not_accepted", "409 refund_not_permitted"),
        ("not_attributable", "409 refund_not_permitted"),
        ("waiver", "409 refund_not_permitted"),
        ("overpaid", "409 nothing_paid"),
        ("because", "422 validation_failed"),
    ] {
        let body = json!({ "amount": 1, "reason": reason, "refund_amount_available": FEE });
        assert_eq!(paid.ask_with(&desk.accountant, body).await.problem(), problem, "{reason}");
    }
    assert_eq!(paid.list().await["proposals"], json!([]), "nothing suggests itself for a fee in order");
    assert_eq!(paid.ask(&desk.business, 1, FEE).await.problem(), "403 forbidden");
    assert_eq!(paid.states().await, Vec::<String>::new());
});

on_both_databases!(
    r97_a_case_taken_back_proposes_the_refund_that_its_ordinance_allows,
    async |db: TestDb| {
        const MISAWA: &str = "022071";
        let app = TestApp::start(&db).await;
        let resident = app.register("resident@example.jp", "resident").await;
        let one = app.officer(MISAWA, "shimin", Role::Accountant, "one@example.jp").await;
        let two = app.officer(MISAWA, "shimin", Role::Accountant, "two@example.jp").await;
        let submitted = app.submitted(&resident, MISAWA, "shomei-yuso").await;
        let invoice =
            format!("/v1/tenants/{MISAWA}/invoices/{}", submitted["invoice"]["id"].as_str().unwrap());
        let total = submitted["invoice"]["total"].clone();
        let payment = app
            .post(&resident, &format!("{invoice}/payments"), json!({ "method": "card" }))
            .await
            .expect(201);
        let page = payment["redirect_url"].as_str().unwrap();
        app.at_gateway(page, "card", "number=4111111111111111").await;
        app.at_gateway(page, "3ds", "result=ok").await;
        let state = async || app.get(&resident, &invoice).await.expect(200)["state"].clone();
        app.until("the invoice is entrusted", async || state().await == "entrusted").await;
        let refunds = format!("{invoice}/refunds");
        assert_eq!(
            app.get(&one, &refunds).await.expect(200)["proposals"],
            json!([]),
            "it may still be accepted"
        );
        let wanted = json!({ "amount": total, "reason": "not_accepted", "refund_amount_available": total });
        assert_eq!(app.post(&one, &refunds, wanted.clone()).await.problem(), "409 refund_not_permitted");

        let withdraw =
            format!("/v1/tenants/{MISAWA}/applications/{}/withdraw", submitted["id"].as_str().unwrap());
        app.post(&resident, &withdraw, json!({})).await.expect(200);
        let proposals = app.get(&one, &refunds).await.expect(200)["proposals"].clone();
        let proposal = (&proposals[0]["reason"], &proposals[0]["amount"], &proposals[0]["route"]);
        assert_eq!(proposal, (&json!("not_accepted"), &total, &json!("gateway")));
        let asked = app.post(&one, &refunds, wanted).await.expect(201);
        let approve = format!("/v1/tenants/{MISAWA}/refunds/{}/approve", asked["id"].as_str().unwrap());
        assert_eq!(app.post(&two, &approve, json!({})).await.expect(200)["state"], "succeeded");
        assert_eq!(state().await, "refunded");
    }
);

on_both_databases!(
    /// Over HTTP: one of two requests of 60 % is taken, the other is told what is left.
    two_refunds_of_sixty_per_cent_at_once_never_both_pass,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let desk = Desk::open(&app, &db).await;
        for _ in 0..rounds(2) {
            let paid = desk.paid("card").await;
            let part = FEE * 6 / 10;
            let both = [&desk.accountant, &desk.chief].map(|who| paid.ask(who, part, FEE));
            let mut problems: Vec<_> = join_all(both).await.iter().map(Answer::problem).collect();
            problems.sort();
            assert_eq!(problems, ["201 -", "409 refund_amount_changed"]);
            assert_eq!(paid.available().await, FEE - part);
            let asked = paid.list().await["items"][0].clone();
            let mine = paid.decide(&desk.accountant, &asked, "approve").await.status.as_u16();
            let theirs = paid.decide(&desk.chief, &asked, "approve").await.status.as_u16();
            assert!([(200, 409), (403, 200)].contains(&(mine, theirs)), "{mine} {theirs}");
            assert_eq!(paid.truth().await, part);
        }
    }
);

on_both_databases!(
    /// Without any lock of ours: the database itself refuses what would exceed the sum.
    the_database_itself_refuses_more_than_was_taken,
    async |db: TestDb| {
        let tenant = TenantCode::parse(AOMORI).unwrap();
        for round in 0..u128::try_from(rounds(5)).unwrap() {
            let payment = PaymentId(uuid::Uuid::from_u128(round + 1));
            let reserve = |number: u128| {
                let tenant = tenant.clone();
                let root = Root::Unlocked(uuid::Uuid::from_u128(number));
                db.db.write(root, move |tx| {
                    let part = PlannedPart { part: RefundPart::Whole, amount: Yen::new(600).unwrap() };
                    refunds::reserve(tx, &tenant, payment, &part, Yen::new(1_000).unwrap())
                })
            };
            let results: Vec<Result<(), StoreError>> = join_all((1..5).map(reserve)).await;
            assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
            let of = tenant.clone();
            let left = db.db.read(move |tx| refunds::headroom(tx, &of, payment)).await.unwrap();
            assert_eq!(left[&RefundPart::Whole].available().amount(), 400);
        }
    }
);

on_both_databases!(
    f01_to_f06_a_refund_whose_answer_is_lost_is_made_once_and_found_again,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let desk = Desk::open(&app, &db).await;
        let faults = [
            ("F01", json!({ "hold_ms": 0, "end": "drop" })),
            ("F02", json!({ "hold_ms": 0, "end": "drop" })),
            ("F02", json!({ "hold_ms": 0 })),
            ("F03", json!({})),
            ("F04", json!({ "style": "truncated" })),
            ("F04", json!({ "style": "html" })),
            ("F05", json!({ "status": 502 })),
            ("F06", json!({ "status": 503 })),
        ];
        // Tokens do not outlive the healing, so everything is asked for first.
        let mut all = Vec::new();
        for (fault, args) in faults {
            let paid = desk.paid("card").await;
            app.fault(json!({ "match": { "op": "refund" }, "fault": fault, "args": args })).await;
            let approved = paid.refunded(5_000, FEE).await;
            assert_eq!(approved["state"], "unknown", "{fault}: neither done nor failed");
            assert_eq!(paid.standing().await, words("entrusted captured 0"));
            assert_eq!(paid.booked().await, (FEE - 5_000, 5_000, FEE), "owed, not known to have left");
            let second = paid.ask(&desk.accountant, 1, FEE - 5_000).await.expect(201);
            let refused = paid.decide(&desk.chief, &second, "approve").await;
            assert_eq!(refused.problem(), "409 refund_in_progress");
            paid.decide(&desk.accountant, &second, "withdraw").await.expect(200);
            all.push((fault, paid));
        }
        for _ in 0..20 {
            app.advance(SignedDuration::from_secs(30)).await;
            app.drain().await;
        }
        for (fault, paid) in &all {
            let mut states = paid.states().await;
            states.sort();
            assert_eq!(states, ["succeeded", "withdrawn"], "{fault}");
            assert_eq!(paid.standing().await, words("partially_refunded partially_refunded 5000"));
            assert_eq!(paid.booked().await, (FEE - 5_000, 0, FEE - 5_000));
            assert_eq!(paid.truth().await, 5_000, "{fault}: sent back once");
        }
    }
);

on_both_databases!(
    f26_a_refund_that_the_gateway_refuses_fails_and_can_be_paid_out_by_hand,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let desk = Desk::open(&app, &db).await;
        let paid = desk.paid("card").await;
        app.fault(json!({ "match": { "op": "refund" }, "fault": "F26" })).await;
        let refused = paid.refunded(FEE, FEE).await;
        let told = (&refused["state"], &refused["failure_code"]);
        assert_eq!(told, (&json!("failed"), &json!("refund_not_allowed")));
        assert_eq!(paid.available().await, FEE, "its headroom is free again");
        assert_eq!(paid.standing().await, words("entrusted captured 0"));
        assert_eq!(paid.booked().await, (FEE, 0, FEE), "the decision is booked back");

        let by_hand = json!({ "amount": FEE, "refund_amount_available": FEE, "route": "bank_transfer" });
        let asked = paid.ask_with(&desk.accountant, by_hand).await.expect(201);
        let approved = paid.decide(&desk.chief, &asked, "approve").await.expect(200);
        assert_eq!(approved["state"], "payout_due");
        assert_eq!(paid.booked().await, (0, FEE, FEE));
        assert_eq!(paid.truth().await, 0);
    }
);

on_both_databases!(
    /// Stripe says at once that it is done. That it failed after all is told, and asked about until somebody answers; where nobody tells
    /// us, the look at the captured payment a day later finds it.
    f28_a_refund_that_was_done_and_failed_is_found_however_the_news_fare,
    async |db: TestDb| {
        let app = TestApp::start_with(&db, |settings| gateway_first(settings, "stripe")).await;
        let desk = Desk::open(&app, &db).await;
        let mut all = Vec::new();
        for silent in [false, true] {
            let paid = desk.paid("card").await;
            let args = json!({ "delay_seconds": 40 });
            app.fault(json!({ "match": { "op": "refund" }, "fault": "F28", "args": args })).await;
            if silent {
                let reference = paid.books().await.payment().merchant_reference.clone();
                let on = json!({ "op": "webhook", "event": "refund.failed", "payment": reference });
                app.fault(json!({ "match": on, "fault": "F18", "args": { "times": 9 } })).await;
            }
            assert_eq!(paid.refunded(FEE, FEE).await["state"], "succeeded");
            notifications_arrive(&app).await;
            app.drain().await;
            all.push(paid);
        }
        // Nobody answers when we ask about the one that we are told of.
        app.fault(json!({ "match": { "op": "get_payment" }, "fault": "F05", "args": { "times": 2 } })).await;
        app.advance(SignedDuration::from_secs(60)).await;
        notifications_arrive(&app).await;
        app.drain().await;
        for paid in &all {
            assert_eq!(paid.standing().await, words("refunded refunded 22000"), "nobody has said otherwise yet");
        }
        for _ in 0..3 {
            app.advance(SignedDuration::from_mins(5)).await;
            app.drain().await;
        }
        assert_eq!(all[0].states().await, ["failed"]);
        assert_eq!(all[1].states().await, ["succeeded"]);
        app.advance(SignedDuration::from_hours(25)).await;
        app.drain().await;
        for paid in &all {
            assert_eq!(paid.states().await, ["failed"]);
            assert_eq!(paid.standing().await, words("entrusted captured 0"));
            let (revenue, owed, _) = paid.booked().await;
            assert_eq!((revenue, owed, paid.truth().await), (FEE, 0, 0));
        }
    }
);

on_both_databases!(
    /// Told by a notification, and found by asking when none comes.
    f28_a_refund_that_fails_after_it_was_accepted_gives_everything_back,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let desk = Desk::open(&app, &db).await;
        let mut all = Vec::new();
        for silent in [false, true] {
            let paid = desk.paid("card").await;
            let args = json!({ "delay_seconds": 40 });
            app.fault(json!({ "match": { "op": "refund" }, "fault": "F28", "args": args })).await;
            if silent {
                let reference = paid.books().await.payment().merchant_reference.clone();
                let on = json!({ "op": "webhook", "event": "payment.updated", "payment": reference });
                app.fault(json!({ "match": on, "fault": "F18", "args": { "times": 9 } })).await;
            }
            assert_eq!(paid.refunded(FEE, FEE).await["state"], "pending");
            assert_eq!(paid.booked().await, (0, FEE, FEE), "owed until it is final");
            assert_eq!(paid.available().await, 0);
            all.push(paid);
        }
        for paid in &all {
            paid.heals_to("failed").await;
            assert_eq!(paid.standing().await, words("entrusted captured 0"));
            assert_eq!(paid.booked().await, (FEE, 0, FEE));
            assert_eq!(paid.truth().await, 0);
        }
        everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
        for paid in &all {
            assert_eq!(paid.states().await, ["failed"]);
            assert_eq!(paid.standing().await, words("entrusted captured 0"));
        }
    }
);
