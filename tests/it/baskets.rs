//! Several applications of one person at the same time, over HTTP: all or none, one full price (R-58b).

use madoguchi::domain::policy::Role;
use madoguchi::service::fee_replay::replay;
use reqwest::Method;
use serde_json::{Value, json};

use crate::originals::confirm;
use crate::support::app::{AOMORI, Answer, Person, TestApp, new_key};
use crate::support::db::TestDb;
use crate::support::money::Books;

const BASKETS: &str = "/v1/tenants/020001/baskets";
const QUOTE: &str = "/v1/tenants/020001/basket-quote";
/// 風俗営業の承継・特例認定.
const PROCEDURE: &str = "fuzoku-shonin";
const SPECIAL: usize = 1;
const MERGER: usize = 2;
/// A procedure with a price of its own.
const OTHER: &str = "denki-koji-toroku";
/// The approval of one inherited shop: 9,000, each other one 3,800.
const INHERITANCE: usize = 3;

async fn example(app: &TestApp, procedure: &str, place: usize) -> Value {
    let path = format!("/v1/tenants/{AOMORI}/procedures/{procedure}");
    let shown = app.call(Method::GET, &path, None, &[], None).await.expect(200);
    shown["examples"][place].clone()
}

/// A complete draft of an example; gives its id.
async fn draft(app: &TestApp, who: &Person, procedure: &str, place: usize) -> String {
    let example = example(app, procedure, place).await;
    let body = json!({ "procedure": procedure, "form": example["form"] });
    let made = app.post(who, &format!("/v1/tenants/{AOMORI}/applications"), body).await.expect(201);
    let id = made["id"].as_str().unwrap().to_owned();
    for file in example["attachments"].as_array().unwrap() {
        app.attach(who, AOMORI, &id, file).await.expect(201);
    }
    id
}

async fn three_heirs(app: &TestApp, heir: &Person) -> [String; 3] {
    let mut drafts = [
        draft(app, heir, PROCEDURE, INHERITANCE).await,
        draft(app, heir, PROCEDURE, INHERITANCE).await,
        draft(app, heir, PROCEDURE, INHERITANCE).await,
    ];
    drafts.sort();
    drafts
}

fn case(id: &str) -> String {
    format!("/v1/tenants/020001/applications/{id}")
}

fn invoice(application: &Value) -> String {
    format!("/v1/tenants/020001/invoices/{}", application["invoice"]["id"].as_str().unwrap())
}

fn totals(basket: &Value) -> Vec<i64> {
    let applications = basket["applications"].as_array().unwrap().iter();
    applications.map(|it| it["invoice"]["total"].as_i64().unwrap()).collect()
}

fn faults(answer: &Answer) -> Vec<(&str, &str)> {
    let list = answer.body["errors"].as_array().unwrap();
    list.iter().map(|it| (it["pointer"].as_str().unwrap(), it["code"].as_str().unwrap())).collect()
}

on_both_databases!(r58b_three_heirs_at_once_cost_16600_whatever_the_order_and_stay_so, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let heir = app.register("heir@example.jp", "resident").await;
    let form = example(&app, PROCEDURE, INHERITANCE).await["form"].clone();
    let one = json!({ "procedure": PROCEDURE, "form": form });
    let asked = json!({ "applications": [one, one, one] });
    let quoted = app.call(Method::POST, QUOTE, None, &[], Some(asked)).await.expect(200);
    assert_eq!(quoted["total"], 16_600);
    let line = |place: usize| quoted["applications"][place]["lines"][0].clone();
    assert_eq!((&line(0)["amount"], &line(0)["full_price_in"]), (&json!(9_000), &Value::Null));
    assert_eq!((&line(2)["amount"], &line(2)["full_price_in"]), (&json!(3_800), &json!("1")));

    // Whatever the order, the draft with the lowest id bears the full price.
    let [first, second, third] = three_heirs(&app, &heir).await;
    let body = json!({ "applications": [third, first, second], "expected_total": 16_600 });
    let made = app.post(&heir, BASKETS, body).await.expect(201);
    assert_eq!((&made["total"], totals(&made)), (&json!(16_600), vec![3_800, 9_000, 3_800]));
    let mut other = three_heirs(&app, &heir).await;
    other.reverse();
    let turned = app.post(&heir, BASKETS, json!({ "applications": other })).await.expect(201);
    assert_eq!((&turned["total"], totals(&turned)), (&json!(16_600), vec![3_800, 3_800, 9_000]));

    // Each is a case of its own, and its invoice says who bears the full price.
    let [one, bearer, _] = [0, 1, 2].map(|place| made["applications"][place].clone());
    assert_eq!([&one["id"], &bearer["id"]], [&json!(third), &json!(first)]);
    assert_eq!((&one["state"], &one["arrived_at"]), (&json!("submitted"), &made["arrived_at"]));
    assert!(one["number"].is_string() && one["number"] != bearer["number"] && one["due_on"].is_string());
    let line = app.get(&heir, &invoice(&one)).await.expect(200)["lines"][0].clone();
    assert_eq!(line["full_price_in"], bearer["number"]);
    let number = bearer["number"].as_str().unwrap();
    let step =
        format!("at the same time 3,800 yen × 1 = 3,800 yen (application {number} bears the full 9,000 yen)");
    assert_eq!(line["explanation"], json!([step]));
    for application in made["applications"].as_array().unwrap() {
        let books = Books::read(&db.db, AOMORI, application["invoice"]["id"].as_str().unwrap()).await;
        assert_eq!(books.invoice.total.amount(), application["invoice"]["total"].as_i64().unwrap());
    }

    // It can be looked at by who handed it in, and is computed again to the same yen.
    let path = format!("{BASKETS}/{}", made["id"].as_str().unwrap());
    assert_eq!(app.get(&heir, &path).await.expect(200), made);
    let stranger = app.register("stranger@example.jp", "resident").await;
    assert_eq!(app.get(&stranger, &path).await.problem(), "404 not_found");
    let report = replay(&app.core).await.unwrap();
    assert_eq!((report.invoices, report.findings), (6, vec![]));
});

on_both_databases!(r58b_a_case_of_a_basket_keeps_its_price_when_it_is_assessed_again, async |db: TestDb| {
    const POLICE: &str = "keisatsu-seikatsu-anzen";
    let app = TestApp::start(&db).await;
    let heir = app.register("heir@example.jp", "resident").await;
    let clerk = app.officer(AOMORI, POLICE, Role::Clerk, "clerk@example.jp").await;
    let drafts = three_heirs(&app, &heir).await;
    let made = app.post(&heir, BASKETS, json!({ "applications": drafts })).await.expect(201);
    assert_eq!(totals(&made), [9_000, 3_800, 3_800]);
    // The bearer takes its application back; the others were filed at the same time all the same.
    app.post(&heir, &format!("{}/withdraw", case(&drafts[0])), json!({})).await.expect(200);
    let cheap = case(&drafts[1]);
    app.post(&clerk, &format!("{cheap}/claim"), json!({})).await.expect(200);
    assert_eq!(confirm(&app, &clerk, &cheap).await, 1, "R-9: the certificate is shown in the original");
    let grant = json!({ "decision": "grant", "reasons": [], "conditions": [] });
    let version = app.get(&clerk, &cheap).await.etag();
    // A grant is proposed only where the fee is still the right one.
    app.post_if(&clerk, &format!("{cheap}/proposal"), &version, grant).await.expect(201);
    let basket = app.get(&heir, &format!("{BASKETS}/{}", made["id"].as_str().unwrap())).await;
    let basket = basket.expect(200);
    let states: Vec<_> = (0..3).map(|place| basket["applications"][place]["state"].clone()).collect();
    assert_eq!(states, ["withdrawn", "in_approval", "submitted"]);
});

on_both_databases!(
    r58b_one_wrong_application_hands_none_in_and_every_fault_has_its_place,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let heir = app.register("heir@example.jp", "resident").await;
        let stranger = app.register("stranger@example.jp", "resident").await;
        let [good, wrong, early] = three_heirs(&app, &heir).await;
        let key = new_key();
        let version = app.get(&heir, &case(&wrong)).await.etag();
        let headers = [("idempotency-key", key.as_str()), ("if-match", version.as_str())];
        let patch = Some(json!({ "form": { "phone": null, "relation": null } }));
        app.call(Method::PATCH, &case(&wrong), Some(&heir), &headers, patch).await.expect(200);
        app.post(&heir, &format!("{}/submit", case(&early)), json!({})).await.expect(200);
        let foreign = draft(&app, &stranger, PROCEDURE, INHERITANCE).await;
        let before = db.count("(SELECT COUNT(*) FROM invoices)").await;

        let refused =
            app.post(&heir, BASKETS, json!({ "applications": [good, wrong, early, foreign] })).await;
        assert_eq!(refused.problem(), "422 validation_failed");
        let expected = [
            ("/applications/1/form/phone", "required"),
            ("/applications/1/form/relation", "required"),
            ("/applications/2", "wrong_state"),
            ("/applications/3", "not_found"),
        ];
        assert_eq!(faults(&refused), expected);
        let other_total = json!({ "applications": [good], "expected_total": 3_800 });
        let other_total = app.post(&heir, BASKETS, other_total).await;
        assert_eq!(other_total.problem(), "409 fee_changed");
        let said = other_total.body["detail"].as_str().unwrap();
        assert!(said.contains("9000"), "{said}");

        assert_eq!(app.get(&heir, &case(&good)).await.expect(200)["state"], "draft");
        assert_eq!(db.count("(SELECT COUNT(*) FROM invoices)").await, before);
        let rows = "(SELECT COUNT(*) FROM baskets) + (SELECT COUNT(*) FROM basket_applications)";
        assert_eq!(db.count(rows).await, 0);

        for (applications, fault) in [
            (json!([]), ("/applications", "count")),
            (json!(vec![good.clone(); 51]), ("/applications", "count")),
            (json!([good, good]), ("/applications/1", "duplicate")),
        ] {
            let refused = app.post(&heir, BASKETS, json!({ "applications": applications })).await;
            assert_eq!(faults(&refused), [fault]);
        }
        let nothing = json!({ "procedure": "nowhere", "form": {} });
        let form = example(&app, PROCEDURE, INHERITANCE).await["form"].clone();
        let asked = json!({ "applications": [{ "procedure": PROCEDURE, "form": form }, nothing] });
        let refused = app.call(Method::POST, QUOTE, None, &[], Some(asked)).await;
        assert_eq!(faults(&refused), [("/applications/1", "not_found")]);
    }
);

on_both_databases!(r58b_each_kind_of_fee_keeps_its_own_full_price_among_procedures, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let business = app.register("business@example.jp", "business").await;
    // Of equal prices the application with the lower id bears the full one.
    let mut special =
        [draft(&app, &business, PROCEDURE, SPECIAL).await, draft(&app, &business, PROCEDURE, SPECIAL).await];
    special.sort();
    let [bearer, second] = special;
    let drafts = [
        bearer,
        draft(&app, &business, OTHER, 0).await,
        draft(&app, &business, PROCEDURE, MERGER).await,
        second,
        draft(&app, &business, OTHER, 0).await,
    ];
    let alone = app.submitted(&business, AOMORI, OTHER).await["invoice"]["total"].as_i64().unwrap();
    let made = app.post(&business, BASKETS, json!({ "applications": drafts })).await.expect(201);
    // Two recognitions of two shops each: 13,000 + 3 × 10,000; a merger of two shops: 12,000 + 3,800.
    assert_eq!(totals(&made), [23_000, alone, 15_800, 20_000, alone]);
    assert_eq!(made["total"], 58_800 + 2 * alone);
    assert_eq!(
        made["applications"][3]["invoice"]["lines"][0]["full_price_in"],
        made["applications"][0]["number"]
    );
});

on_both_databases!(a_basket_is_handed_in_once_however_often_it_is_sent, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let heir = app.register("heir@example.jp", "resident").await;
    let drafts = three_heirs(&app, &heir).await;
    let key = new_key();
    let headers = [("idempotency-key", key.as_str())];
    let send = async |applications: Value| {
        let body = Some(json!({ "applications": applications }));
        app.call(Method::POST, BASKETS, Some(&heir), &headers, body).await
    };
    let first = send(json!(drafts)).await.expect(201);
    let again = send(json!(drafts)).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.expect(201), first);
    assert_eq!(send(json!(drafts[..2])).await.problem(), "422 idempotency_key_reused");
    assert_eq!(db.count("(SELECT COUNT(*) FROM baskets)").await, 1);
    assert_eq!(db.count("(SELECT COUNT(*) FROM invoices)").await, 3);
});

on_both_databases!(of_two_baskets_with_the_same_drafts_one_is_handed_in, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let heir = app.register("heir@example.jp", "resident").await;
    let drafts = three_heirs(&app, &heir).await;
    let mut turned = drafts.clone();
    turned.reverse();
    let (one, other) = tokio::join!(
        app.post(&heir, BASKETS, json!({ "applications": drafts })),
        app.post(&heir, BASKETS, json!({ "applications": turned })),
    );
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 422], "{} {}", one.body, other.body);
    assert_eq!(db.count("(SELECT COUNT(*) FROM invoices)").await, 3);
    assert_eq!(db.count("(SELECT COUNT(*) FROM arrivals)").await, 3);
});
