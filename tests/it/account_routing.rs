//! Two accounts of one body take the same method: the first of the settings that may and can is the one that takes it.

use jiff::SignedDuration;
use madoguchi::config::Settings;
use serde_json::json;

use crate::payment_faults::payer::Payer;
use crate::support::app::{TestApp, gateway_first};
use crate::support::db::TestDb;
use crate::waivers::office::{FEE, Office, Owing};

const TENANT: &str = include_str!("../../config/tenants/020001.yaml");

/// KOMOJU's account and then Stripe's take the card; of the first one `change` says more.
fn both(change: impl FnOnce(&mut Settings)) -> impl FnOnce(&mut Settings) {
    |settings| {
        gateway_first(settings, "komoju");
        change(settings);
    }
}

/// Opens a payment by card and gives the account that takes it.
async fn taken_by(office: &Office<'_>, owing: &Owing) -> String {
    let payment = office.opens(owing).await;
    assert_eq!(payment["state"], "requires_action", "{payment}");
    office.books(owing).await.payments.last().unwrap().gateway.clone()
}

on_both_databases!(of_two_accounts_that_may_and_can_the_first_takes_the_payment, async |db: TestDb| {
    let app = TestApp::start_with(&db, both(|_| {})).await;
    let office = Office::open(&app, &db).await;
    assert_eq!(taken_by(&office, &office.owing().await).await, "komoju");
    drop(office);
    drop(app);
    let app = TestApp::start_with(&db, |settings| gateway_first(settings, "stripe")).await;
    let payer = Payer::with_invoice(&app, &db).await;
    payer.open("card").await.expect(201);
    assert_eq!(payer.books().await.payment().gateway, "stripe", "the order of the settings decides");
});

on_both_databases!(
    ///
    r85_an_account_that_is_not_designated_for_the_method_is_passed_over,
    async |db: TestDb| {
        let from = "account: komoju\n    agent: KOMOJU（見本）\n    address: 告示で確認する\n    revenues: [\"*\"]\n    methods: [\"*\"]";
        assert!(TENANT.contains(from));
        let to = from.replace("methods: [\"*\"]", "methods: [nanaco]");
        let files = [("tenants/020001.yaml".to_owned(), TENANT.replace(from, &to))];
        let app = TestApp::start_over(&db, files, both(|_| {})).await;
        let office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        assert_eq!(taken_by(&office, &owing).await, "stripe");
        office.pays(&office.owing().await).await;
    }
);

on_both_databases!(an_account_at_its_ceiling_is_passed_over_until_it_has_room_again, async |db: TestDb| {
    let full = both(|settings| {
        let komoju = settings.gateways.iter_mut().find(|gateway| gateway.name == "komoju").unwrap();
        komoju.most_per_day = Some(FEE);
    });
    let app = TestApp::start_with(&db, full).await;
    let mut office = Office::open(&app, &db).await;
    let [first, second, third] = [office.owing().await, office.owing().await, office.owing().await];
    office.pays(&first).await;
    assert_eq!(office.books(&first).await.payment().gateway, "komoju");
    assert_eq!(taken_by(&office, &second).await, "stripe");
    app.advance(SignedDuration::from_hours(24)).await;
    office.sign_in_again().await;
    assert_eq!(taken_by(&office, &third).await, "komoju");
});

on_both_databases!(an_account_that_does_not_answer_is_passed_over_until_it_does, async |db: TestDb| {
    let app = TestApp::start_with(&db, both(|_| {})).await;
    let office = Office::open(&app, &db).await;
    let [first, second, third] = [office.owing().await, office.owing().await, office.owing().await];
    assert_eq!(taken_by(&office, &first).await, "komoju");
    let args = json!({ "status": 503, "times": 5 });
    app.fault(json!({ "match": { "op": "get_session" }, "fault": "F06", "args": args })).await;
    for _ in 0..5 {
        app.advance(SignedDuration::from_secs(3)).await;
        app.drain().await;
    }
    assert_eq!(taken_by(&office, &second).await, "stripe");
    app.advance(SignedDuration::from_secs(3)).await;
    app.drain().await;
    assert_eq!(taken_by(&office, &third).await, "komoju", "a question was answered");
});
