//! What ends a case, what may not end it, and what is found out when money still comes.

use madoguchi::domain::id::{ApplicationId, TenantCode};
use madoguchi::domain::ledger::{Account, balances};
use madoguchi::domain::money::Yen;
use madoguchi::domain::payment::{PaymentCounters, PaymentSnapshot, SnapshotStatus};
use madoguchi::service::payment_standing::{self, Source};
use madoguchi::store::payments::PaymentRow;
use madoguchi::store::{Root, applications, payments};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::{AOMORI, PASSWORD, Person, TestApp, new_key};
use crate::support::db::TestDb;
use crate::support::money::Books;
use crate::support::traces::rounds;

async fn submitted(app: &TestApp, who: &Person) -> (String, String) {
    let submitted = app.submitted(who, AOMORI, "kikenbutsu-menjo").await;
    let case = format!("/v1/tenants/020001/applications/{}", submitted["id"].as_str().unwrap());
    let invoice = format!("/v1/tenants/020001/invoices/{}", submitted["invoice"]["id"].as_str().unwrap());
    (case, invoice)
}

on_both_databases!(
    a_case_with_an_open_checkout_is_withdrawn_only_after_the_checkout_is_given_up,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let resident = app.register("resident@example.jp", "resident").await;
        let (case, invoice) = submitted(&app, &resident).await;
        let payment = app
            .post(&resident, &format!("{invoice}/payments"), json!({ "method": "card" }))
            .await
            .expect(201);
        let refused = app.post(&resident, &format!("{case}/withdraw"), json!({})).await;
        assert_eq!(refused.problem(), "409 payment_in_progress");
        let cancel = format!("/v1/tenants/020001/payments/{}/cancel", payment["id"].as_str().unwrap());
        app.post(&resident, &cancel, json!({})).await.expect(200);
        let gone = app.post(&resident, &format!("{case}/withdraw"), json!({})).await.expect(200);
        assert_eq!(gone["state"], "withdrawn");
        let closed = app.post(&resident, &format!("{invoice}/payments"), json!({ "method": "card" })).await;
        assert_eq!(closed.problem(), "409 invoice_not_payable");
    }
);

on_both_databases!(
    /// Withdraw ∥ pay: one of them wins, never both.
    a_case_is_never_withdrawn_and_paid_at_once,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let resident = app.register("resident@example.jp", "resident").await;
        let (mut withdrawn_first, mut paid_first) = (0, 0);
        for round in 0..rounds(6) {
            let (case, invoice) = submitted(&app, &resident).await;
            let (withdraw, pay) = (format!("{case}/withdraw"), format!("{invoice}/payments"));
            // Each gets a start in its turn: none, a short one, and one that a busy machine cannot eat.
            let start = |waits: bool| {
                let millis = if waits { [0, 5, 300][round % 3] } else { 0 };
                tokio::time::sleep(std::time::Duration::from_millis(millis))
            };
            let pay_begins = round % 2 == 0;
            let withdrawing = async {
                start(pay_begins).await;
                app.post(&resident, &withdraw, json!({})).await
            };
            let paying = async {
                start(!pay_begins).await;
                app.post(&resident, &pay, json!({ "method": "card" })).await
            };
            let (withdrawn, opened) = if pay_begins {
                let (opened, withdrawn) = futures_util::future::join(paying, withdrawing).await;
                (withdrawn, opened)
            } else {
                futures_util::future::join(withdrawing, paying).await
            };
            match (withdrawn.status.as_u16(), opened.status.as_u16()) {
                (200, 409) => {
                    assert_eq!(opened.problem(), "409 invoice_not_payable");
                    withdrawn_first += 1;
                }
                (409, 201) => {
                    assert_eq!(withdrawn.problem(), "409 payment_in_progress");
                    paid_first += 1;
                }
                both => panic!("{both:?}"),
            }
        }
        assert!(withdrawn_first > 0 && paid_first > 0, "one order only: {withdrawn_first}, {paid_first}");
    }
);

on_both_databases!(
    /// 調定取消: what nobody paid is booked back with the withdrawal, and money that still comes is too much, for good.
    r87_the_unpaid_invoice_of_a_withdrawn_case_is_canceled_and_booked_back,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let resident = app.register("resident@example.jp", "resident").await;
        let (case, invoice) = submitted(&app, &resident).await;
        let id = invoice.rsplit('/').next().unwrap();
        let opened = app.post(&resident, &format!("{invoice}/payments"), json!({ "method": "card" })).await;
        let payment = opened.expect(201);
        let refused = app.post(&resident, &format!("{case}/withdraw"), json!({})).await;
        assert_eq!(refused.problem(), "409 payment_in_progress");
        assert_eq!(Books::read(&db.db, AOMORI, id).await.entries.len(), 1, "a refusal books nothing");
        let cancel = format!("/v1/tenants/020001/payments/{}/cancel", payment["id"].as_str().unwrap());
        app.post(&resident, &cancel, json!({})).await.expect(200);

        let key = new_key();
        let headers = [("idempotency-key", key.as_str())];
        for _ in 0..2 {
            let path = format!("{case}/withdraw");
            app.call(Method::POST, &path, Some(&resident), &headers, Some(json!({}))).await.expect(200);
            let books = Books::read(&db.db, AOMORI, id).await;
            assert_eq!(books.invoice.state, "canceled");
            let kinds: std::collections::BTreeSet<_> = books.entries.iter().map(|entry| entry.kind.to_string()).collect();
            assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["assess", "reverse_assess"]);
            assert_eq!(books.entries.len(), 2);
            assert!(balances(&books.entries).values().all(|balance| *balance == 0), "{:?}", books.entries);
        }

        // The gateway's news is late: the money came all the same.
        let case_id: ApplicationId = case.rsplit('/').next().unwrap().parse().unwrap();
        let (tenant, payment) = (TenantCode::parse(AOMORI).unwrap(), payment["id"].as_str().unwrap().parse().unwrap());
        // All of it comes, then some goes back: never does the canceled claim count as settled.
        for refunded in [0, 100] {
            let (tenant, core) = (tenant.clone(), app.core.clone());
            let heard = db.db.write(Root::Application(case_id), move |tx| {
                let mut row = applications::find(tx, &tenant, case_id)?.unwrap();
                let mut payment = payments::find(tx, &tenant, payment)?.unwrap();
                let mut snapshot = captured(&payment, payment.amount, tx.now());
                snapshot.counters.refunded = Yen::new(refunded).unwrap();
                payment_standing::apply_snapshot(tx, &core, &mut row, &mut payment, &snapshot, Source::Notification)
            });
            heard.await.unwrap();
            let books = Books::read(&db.db, AOMORI, id).await;
            assert_eq!(books.invoice.state, "overpaid");
            assert_eq!(balances(&books.entries).get(&Account::Receivable), Some(&0));
        }
        // Somebody gave it back at the gateway, and nothing of ours says why.
        db.leaves_unexplained(&["sent_back"]);
    }
);

on_both_databases!(
    /// More money under one payment: the difference is booked once, as too much.
    a_larger_sum_captured_later_is_booked_by_its_difference,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let resident = app.register("resident@example.jp", "resident").await;
        // What the gateway says in turn, as parts of the total in per cent; then invoice, too much, still owed.
        let histories: [(&[i64], &str, i64, i64); 6] = [
            (&[100, 100], "entrusted", 0, 0),
            (&[100, 150, 100, 150], "overpaid", 50, 0),
            // The larger sum alone waits for a decision; once the other one is heard too, both end as in their own order.
            (&[150, 100], "overpaid", 50, 0),
            (&[150], "pending", 150, 100),
            (&[50, 100, 50], "entrusted", 0, 0),
            (&[50], "pending", 50, 100),
        ];
        for (sums, state, excess, owed) in histories {
            let (case, invoice) = submitted(&app, &resident).await;
            let id = invoice.rsplit('/').next().unwrap();
            let opened = app.post(&resident, &format!("{invoice}/payments"), json!({ "method": "card" })).await;
            let payment = opened.expect(201)["id"].as_str().unwrap().parse().unwrap();
            let case_id: ApplicationId = case.rsplit('/').next().unwrap().parse().unwrap();
            for percent in sums {
                let (tenant, percent) = (TenantCode::parse(AOMORI).unwrap(), *percent);
                let core = app.core.clone();
                let heard = db.db.write(Root::Application(case_id), move |tx| {
                    let mut row = applications::find(tx, &tenant, case_id)?.unwrap();
                    let mut payment = payments::find(tx, &tenant, payment)?.unwrap();
                    let sum = Yen::new(payment.amount.amount() * percent / 100).unwrap();
                    let snapshot = captured(&payment, sum, tx.now());
                    payment_standing::apply_snapshot(tx, &core, &mut row, &mut payment, &snapshot, Source::Notification)
                });
                heard.await.unwrap();
            }
            let books = Books::read(&db.db, AOMORI, id).await;
            let total = books.invoice.total.amount();
            let held = balances(&books.entries);
            let balance = |account| held.get(&account).copied().unwrap_or(0);
            assert_eq!(books.invoice.state, state, "{sums:?}");
            assert_eq!(balance(Account::Overpayment), -(total * excess / 100), "{sums:?}");
            assert_eq!(balance(Account::Receivable), total * owed / 100, "{sums:?}");
            let captured = books.payment().captured.amount();
            assert_eq!(balance(Account::Entrusted("komoju".to_owned())), captured, "{sums:?}");
        }
    }
);

/// What a gateway says of money that was taken.
fn captured(payment: &PaymentRow, sum: Yen, at: jiff::Timestamp) -> PaymentSnapshot {
    PaymentSnapshot {
        status: SnapshotStatus::Captured,
        merchant_reference: Some(payment.merchant_reference.clone()),
        counters: PaymentCounters {
            authorized: sum,
            captured: sum,
            refunded: Yen::ZERO,
            charged_back: Yen::ZERO,
        },
        amount: None,
        raw_status: "captured".to_owned(),
        gateway_payment_id: Some(format!("pay-{}", payment.id)),
        gateway_session_id: None,
        also_captured: Vec::new(),
        disputes: Vec::new(),
        slip: None,
        method: None,
        version: None,
        expires_at: None,
        captured_at: Some(at),
        observed_at: at,
    }
}

on_both_databases!(
    /// One key, two cases at once: one effect, the other is told that the key was used.
    a_key_used_for_two_cases_at_once_has_one_effect,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let resident = app.register("resident@example.jp", "resident").await;
        for _ in 0..rounds(3) {
            let (one, other) = (
                app.draft(&resident, AOMORI, "kikenbutsu-menjo").await,
                app.draft(&resident, AOMORI, "kikenbutsu-menjo").await,
            );
            let key = new_key();
            let headers = [("idempotency-key", key.as_str())];
            let path = |id: &str| format!("/v1/tenants/020001/applications/{id}/submit");
            let (one, other) = (path(&one), path(&other));
            let (first, second) = futures_util::future::join(
                app.call(Method::POST, &one, Some(&resident), &headers, Some(json!({}))),
                app.call(Method::POST, &other, Some(&resident), &headers, Some(json!({}))),
            )
            .await;
            let mut statuses = [first.status.as_u16(), second.status.as_u16()];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 422], "{} {}", first.body, second.body);
        }
    }
);

on_both_databases!(
    /// An address that a resident registered first never becomes an officer's.
    a_post_is_never_given_to_an_account_that_somebody_registered,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        app.register("sato@pref.example.jp", "resident").await;
        let appointment = madoguchi::service::officer::Appointment {
            tenant: madoguchi::domain::id::TenantCode::parse(AOMORI).unwrap(),
            email: "Sato@pref.example.jp".to_owned(),
            name: "佐藤".to_owned(),
            password: secrecy::SecretString::from(PASSWORD),
            posts: vec![],
        };
        let refused = madoguchi::service::officer::appoint(&app.core, appointment).await.unwrap_err();
        assert!(format!("{refused:?}").contains("not_an_officer"), "{refused:?}");
        assert_eq!(db.count("(SELECT count(*) FROM officers)").await, 0);
    }
);

on_both_databases!(
    /// A repeat of an upload or a removal is a repeat, whatever has become of the case and the document.
    repeats_of_attachment_calls_answer_as_the_first_did,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let resident = app.register("resident@example.jp", "resident").await;
        let id = app.draft(&resident, AOMORI, "kikenbutsu-menjo").await;
        let case = app.get(&resident, &format!("/v1/tenants/020001/applications/{id}")).await.expect(200);
        let photo = case["attachments"][0]["id"].as_str().unwrap();
        let path = format!("/v1/tenants/020001/applications/{id}/attachments/{photo}");
        let key = new_key();
        let headers = [("idempotency-key", key.as_str())];
        let first = app.call(Method::DELETE, &path, Some(&resident), &headers, None).await;
        assert_eq!((first.status.as_u16(), first.headers.get("idempotency-replayed")), (204, None));
        let again = app.call(Method::DELETE, &path, Some(&resident), &headers, None).await;
        assert_eq!(again.status.as_u16(), 204);
        assert_eq!(again.headers.get("idempotency-replayed").unwrap(), "true");
        assert_eq!(app.get(&resident, &path).await.body["code"], Value::from("not_found"));
    }
);
