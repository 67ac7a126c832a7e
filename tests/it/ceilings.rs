//! What a merchant account may take in a day and in a month: never exceeded, however many open at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use jiff::SignedDuration;
use madoguchi::config::Settings;
use madoguchi::domain::id::TenantCode;
use madoguchi::service::Failure;
use madoguchi::store::merchant_ceilings;
use serde_json::{Value, json};

use crate::support::app::{AOMORI, Answer, TestApp, new_key};
use crate::support::db::TestDb;
use crate::support::traces::rounds;
use crate::waivers::office::{FEE, Office, Owing};

/// The ceilings of the card, and of the whole account, in fees: a day and a month each.
fn bound(card: (Option<i64>, Option<i64>), whole: (Option<i64>, Option<i64>)) -> impl FnOnce(&mut Settings) {
    move |settings| {
        let gateway = settings.gateways.iter_mut().find(|gateway| gateway.name == "komoju").unwrap();
        let fees = |count: Option<i64>| count.map(|count| count * FEE);
        (gateway.most_per_day, gateway.most_per_month) = (fees(whole.0), fees(whole.1));
        let method = gateway.methods.iter_mut().find(|method| method.code == "card").unwrap();
        (method.most_per_day, method.most_per_month) = (fees(card.0), fees(card.1));
    }
}

async fn open(office: &Office<'_>, owing: &Owing, method: &str) -> Answer {
    let wanted = json!({ "method": method });
    office.app.post(&office.business, &owing.path("/payments"), wanted).await
}

async fn payable_by(office: &Office<'_>, owing: &Owing) -> Value {
    office.app.get(&office.business, &owing.path("")).await.expect(200)["payable_by"].clone()
}

on_both_databases!(
    a_method_whose_day_or_month_is_used_up_is_not_offered_until_the_next,
    async |db: TestDb| {
        let app = TestApp::start_with(&db, bound((Some(1), Some(2)), (None, None))).await;
        let mut office = Office::open(&app, &db).await;
        let [first, second, third] = [office.owing().await, office.owing().await, office.owing().await];
        let all = json!(["card", "nanaco", "konbini", "pay_easy"]);
        assert_eq!(payable_by(&office, &first).await, all);
        office.pays(&first).await;
        // The day is used up.
        assert_eq!(payable_by(&office, &second).await, json!(["nanaco", "konbini", "pay_easy"]));
        assert_eq!(open(&office, &second, "card").await.problem(), "409 method_ceiling_reached");
        assert!(office.books(&second).await.payments.is_empty(), "nothing was opened");
        app.advance(SignedDuration::from_hours(24)).await;
        office.sign_in_again().await;
        assert_eq!(payable_by(&office, &second).await, all);
        office.pays(&second).await;
        // Now the month is.
        app.advance(SignedDuration::from_hours(24)).await;
        office.sign_in_again().await;
        assert_eq!(open(&office, &third, "card").await.problem(), "409 method_ceiling_reached");
        app.advance(SignedDuration::from_hours(24 * 28)).await;
        office.sign_in_again().await;
        open(&office, &third, "card").await.expect(201);
    }
);

on_both_databases!(what_is_open_counts_until_it_is_given_up, async |db: TestDb| {
    let app = TestApp::start_with(&db, bound((None, None), (Some(1), None))).await;
    let office = Office::open(&app, &db).await;
    let (one, other) = (office.owing().await, office.owing().await);
    let opened = open(&office, &one, "card").await.expect(201);
    for method in ["card", "nanaco", "konbini"] {
        assert_eq!(open(&office, &other, method).await.problem(), "409 method_ceiling_reached", "{method}");
    }
    assert_eq!(payable_by(&office, &other).await, json!([]));
    // It makes room for what takes its place.
    assert_eq!(payable_by(&office, &one).await, json!(["card", "nanaco", "konbini", "pay_easy"]));
    let instead = json!({ "method": "nanaco", "replace_open": true });
    let replaced = app.post(&office.business, &one.path("/payments"), instead).await.expect(201);
    assert_ne!(replaced["id"], opened["id"]);
    let cancel = format!("/v1/tenants/{AOMORI}/payments/{}/cancel", replaced["id"].as_str().unwrap());
    app.post(&office.business, &cancel, json!({})).await.expect(200);
    open(&office, &other, "card").await.expect(201);
});

on_both_databases!(parallel_openings_never_exceed_a_ceiling, async |db: TestDb| {
    let app = TestApp::start_with(&db, bound((Some(2), None), (None, None))).await;
    let office = Office::open(&app, &db).await;
    for _ in 0..rounds(3) {
        let mut owings = Vec::new();
        for _ in 0..5 {
            owings.push(office.owing().await);
        }
        let answers = join_all(owings.iter().map(|owing| open(&office, owing, "card"))).await;
        let opened: Vec<Value> =
            answers.iter().filter(|answer| answer.status == 201).map(|answer| answer.body.clone()).collect();
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            assert_eq!(answer.problem(), "409 method_ceiling_reached");
        }
        assert_eq!(opened.len(), 2);
        for payment in opened {
            let cancel = format!("/v1/tenants/{AOMORI}/payments/{}/cancel", payment["id"].as_str().unwrap());
            app.post(&office.business, &cancel, json!({})).await.expect(200);
        }
    }
});

on_both_databases!(
    /// Whoever opens under a ceiling waits for another node that does: the account's row is locked until it has committed.
    openings_of_several_nodes_wait_for_each_other_under_a_ceiling,
    async |db: TestDb| {
        let app = TestApp::start_with(&db, bound((Some(9), None), (None, None))).await;
        let office = Office::open(&app, &db).await;
        let (first, second) = (office.owing().await, office.owing().await);
        open(&office, &first, "card").await.expect(201);
        let tenant = TenantCode::parse(AOMORI).unwrap();
        let komoju = ["komoju".to_owned()];
        let roots = db.db.read(move |tx| merchant_ceilings::roots(tx, &tenant, &komoju)).await.unwrap();
        assert_eq!(roots.len(), 1, "it was made when it was needed first");
        let node = db.another_node(|_| {});
        let (holds, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (held, ended) = (Arc::clone(&holds), Arc::clone(&done));
        let holder = tokio::spawn(async move {
            let occupy = move |tx: &mut madoguchi::store::Tx<'_>| {
                tx.change();
                held.store(true, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(1_500));
                ended.store(true, Ordering::SeqCst);
                Ok::<_, Failure>(())
            };
            node.write_alone(roots, occupy).await.unwrap();
        });
        while !holds.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        open(&office, &second, "card").await.expect(201);
        assert!(done.load(Ordering::SeqCst), "it opened beside another one under the same ceiling");
        holder.await.unwrap();
    }
);

on_both_databases!(invoices_paid_in_one_act_count_together, async |db: TestDb| {
    let app = TestApp::start_with(&db, bound((Some(1), None), (None, None))).await;
    let office = Office::open(&app, &db).await;
    let (one, other) = (office.owing().await, office.owing().await);
    let both = json!({ "invoices": [one.invoice, other.invoice], "method": "card" });
    let path = format!("/v1/tenants/{AOMORI}/payments");
    let refused = app.post(&office.business, &path, both.clone()).await;
    assert_eq!(refused.problem(), "409 method_ceiling_reached");
    let id = office.business.id.clone();
    drop(office);
    drop(app);
    let app = TestApp::start_with(&db, bound((Some(2), None), (None, None))).await;
    let business = app.sign_in("business@example.jp", &id).await;
    let key = new_key();
    let headers = [("idempotency-key", key.as_str())];
    let opened = app.call(reqwest::Method::POST, &path, Some(&business), &headers, Some(both)).await;
    assert_eq!(opened.expect(201)["total"], json!(2 * FEE));
});
