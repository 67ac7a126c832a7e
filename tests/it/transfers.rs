//! Sending a case on: within the body it moves with its clock; between bodies it ends here and begins there, whole, at once.

use jiff::SignedDuration;
use madoguchi::domain::id::{ApplicationId, TenantCode};
use madoguchi::domain::ledger::balances;
use madoguchi::domain::policy::Role;
use madoguchi::store::parties::{self, ArrivalRow};
use madoguchi::store::{StoreError, applications};
use reqwest::Method;
use serde_json::{Value, json};

use crate::fee_timing::Counter;
use crate::support::app::{AOMORI, AOMORI_CITY, ON_ISSUE, Person, TestApp, new_key};
use crate::support::db::TestDb;
use crate::support::money::Books;
use crate::support::traces::{rounds, traces};

const DEPARTMENT: &str = "kiki-shobo-hoan";
const HERE: &str = "test-eigyo";
const THERE: &str = "test-eigyo-shi";

/// A prefecture and a city at one counter.
struct Region {
    app: TestApp,
    business: Person,
    clerk: Person,
    city: Person,
}

fn procedures() -> [(String, String); 2] {
    [
        (
            format!("procedures/020001/{HERE}.yaml"),
            include_str!("support/procedures/transfer-prefecture.yaml").to_owned(),
        ),
        (
            format!("procedures/022012/{THERE}.yaml"),
            include_str!("support/procedures/transfer-city.yaml").to_owned(),
        ),
    ]
}

impl Region {
    async fn open(db: &TestDb) -> Self {
        Self::over(db, procedures()).await
    }

    async fn over(db: &TestDb, files: impl IntoIterator<Item = (String, String)>) -> Self {
        let app = TestApp::start_over(db, files, |_| {}).await;
        let business = app.register("business@example.jp", "business").await;
        let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
        let city = app.officer(AOMORI_CITY, "shimin", Role::Clerk, "shimin@example.jp").await;
        Self { app, business, clerk, city }
    }

    /// A case at the prefecture: its path and the id of its invoice.
    async fn submitted(&self) -> (String, String) {
        let submitted = self.app.submitted(&self.business, AOMORI, HERE).await;
        let case = format!("/v1/tenants/020001/applications/{}", submitted["id"].as_str().unwrap());
        (case, submitted["invoice"]["id"].as_str().unwrap().to_owned())
    }

    async fn send(&self, case: &str) -> Value {
        self.app.post(&self.clerk, &format!("{case}/transfer"), to_city()).await.expect(201)
    }

    async fn arrivals(&self, db: &TestDb, tenant: &str, case: &str) -> Vec<ArrivalRow> {
        let (tenant, case) = (TenantCode::parse(tenant).unwrap(), id(case));
        let read = db.db.read(move |tx| parties::arrivals_of(tx, &tenant, case));
        read.await.unwrap()
    }
}

fn to_city() -> Value {
    json!({ "tenant": AOMORI_CITY, "procedure": THERE, "reason": "保健所設置市の所管のため", "legal_basis": "食品衛生法第76条" })
}

fn id(case: &str) -> ApplicationId {
    case.rsplit('/').next().unwrap().parse().unwrap()
}

fn there(transfer: &Value) -> String {
    format!("/v1/tenants/022012/applications/{}", transfer["other_application"].as_str().unwrap())
}

on_both_databases!(
    /// R-198 within a body: department and queue change, the claim ends; arrival, number and due date stay.
    r198_within_the_body_a_case_moves_with_its_arrival_and_its_clock,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let other = counter.app.officer(AOMORI, "kendo-doro", Role::Clerk, "doro@example.jp").await;
        let case = counter.claimed(ON_ISSUE).await;
        let before = counter.app.get(&counter.business, &case).await.expect(200);
        let clock = counter.app.get(&counter.business, &format!("{case}/clock")).await.expect(200);
        counter.app.advance(SignedDuration::from_secs(60)).await;
        let body = json!({ "department": "kendo-doro", "reason": "県道の管理に係るため", "legal_basis": "道路法第15条" });
        let (key, path) = (new_key(), format!("{case}/transfer"));
        let headers = [("idempotency-key", key.as_str())];
        let mut ids = Vec::new();
        for _ in 0..2 {
            let moved = counter.app.call(Method::POST, &path, Some(&counter.clerk), &headers, Some(body.clone())).await;
            ids.push(moved.expect(201)["id"].clone());
        }
        assert_eq!(ids[0], ids[1], "a repeat moves nothing twice");
        assert_eq!(db.count("(SELECT COUNT(*) FROM jobs WHERE kind = 'notify_move')").await, 1, "told once");
        assert_eq!(counter.app.get(&counter.clerk, &case).await.status.as_u16(), 404, "it is another desk's now");
        let after = counter.app.get(&other, &case).await.expect(200);
        assert_eq!((after["department"].as_str(), after["state"].as_str()), (Some("kendo-doro"), Some("submitted")));
        for kept in ["arrived_at", "due_on", "number", "form", "procedure"] {
            assert_eq!(after[kept], before[kept], "{kept}");
        }
        assert_eq!(counter.app.get(&other, &format!("{case}/clock")).await.expect(200), clock);
        let queue = counter.app.get(&other, "/v1/tenants/020001/departments/kendo-doro/queue").await.expect(200);
        assert_eq!((queue["items"][0]["id"].clone(), queue["items"][0]["assignee"].clone()), (before["id"].clone(), Value::Null));
        let shown = counter.app.get(&counter.business, &format!("{case}/transfers")).await.expect(200);
        assert_eq!(shown["items"][0]["legal_basis"], "道路法第15条");
        let timeline = counter.app.get(&other, &format!("{case}/timeline")).await.expect(200);
        assert_eq!((timeline["chain"].as_str(), timeline["items"][2]["kind"].as_str()), (Some("intact"), Some("transferred_within")));
        counter.app.post(&other, &format!("{case}/claim"), json!({})).await.expect(200);
    }
);

on_both_databases!(
    /// Not to nowhere, not while a proposal lies on its route, not by a colleague who does not have it.
    what_may_not_be_moved_stays,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let colleague = counter.app.officer(AOMORI, DEPARTMENT, Role::Clerk, "sato@example.jp").await;
        let case = counter.claimed(ON_ISSUE).await;
        let path = format!("{case}/transfer");
        let good = json!({ "department": "kendo-doro", "reason": "所管違い", "legal_basis": "道路法第15条" });
        let before = traces(&db).await;
        for (body, pointers) in [
            (json!({ "reason": "", "legal_basis": "" }), vec!["/reason", "/legal_basis", "/department"]),
            (json!({ "department": DEPARTMENT, "procedure": "x", "reason": "a", "legal_basis": "b" }), vec!["/procedure", "/department"]),
            (json!({ "tenant": "999999", "reason": "a", "legal_basis": "b" }), vec!["/tenant"]),
        ] {
            let refused = counter.app.post(&counter.clerk, &path, body).await;
            assert_eq!(refused.problem(), "422 validation_failed");
            let faults = refused.body["errors"].as_array().unwrap();
            assert_eq!(faults.iter().map(|fault| fault["pointer"].as_str().unwrap()).collect::<Vec<_>>(), pointers);
        }
        assert_eq!(counter.app.post(&colleague, &path, good.clone()).await.problem(), "403 forbidden");
        assert_eq!(counter.app.post(&counter.business, &path, good.clone()).await.problem(), "403 forbidden");
        assert_eq!(traces(&db).await, before);
        counter.propose(&case, "grant").await;
        assert_eq!(counter.app.post(&counter.clerk, &path, good.clone()).await.problem(), "409 wrong_state");
        let free = counter.claimed(ON_ISSUE).await;
        counter.app.post(&counter.chief, &format!("{free}/transfer"), good).await.expect(201);
    }
);

on_both_databases!(
    /// answers, documents and parties go along under the city's key; both arrivals are recorded and the first is
    /// the case's; the applicant sees both cases and is told once.
    r198_a_case_is_sent_to_the_body_in_charge_whole,
    async |db: TestDb| {
        let region = Region::open(&db).await;
        let (case, invoice) = region.submitted().await;
        let app = &region.app;
        let before = app.get(&region.business, &case).await.expect(200);
        app.post(&region.clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        app.advance(SignedDuration::from_hours(26)).await;
        let region = Region {
            business: app.sign_in("business@example.jp", &region.business.id).await,
            clerk: app.sign_in("clerk@example.jp", &region.clerk.id).await,
            city: app.sign_in("shimin@example.jp", &region.city.id).await,
            ..region
        };
        let app = &region.app;
        let (key, path) = (new_key(), format!("{case}/transfer"));
        let headers = [("idempotency-key", key.as_str())];
        let mut made = Vec::new();
        for _ in 0..2 {
            let sent = app.call(Method::POST, &path, Some(&region.clerk), &headers, Some(to_city())).await;
            made.push(sent.expect(201));
        }
        assert_eq!(made[0], made[1], "a repeat sends nothing twice");
        assert_eq!((made[0]["application_state"].as_str(), made[0]["direction"].as_str()), (Some("transferred"), Some("sent")));
        assert_eq!(db.count("(SELECT COUNT(*) FROM applications)").await, 2);
        let new = there(&made[0]);
        for who in [&region.business, &region.city] {
            let after = app.get(who, &new).await.expect(200);
            for kept in ["arrived_at", "form"] {
                assert_eq!(after[kept], before[kept], "{kept}");
            }
            assert_eq!((after["tenant"].as_str(), after["state"].as_str(), after["department"].as_str()), (Some("022012"), Some("submitted"), Some("shimin")));
            assert_eq!((after["invoice"]["total"].as_i64(), after["invoice"]["state"].as_str()), (Some(15_000), Some("unpaid")));
            let (old, copy) = (&before["attachments"][0], &after["attachments"][0]);
            assert_eq!((&copy["filename"], &copy["sha256"], &copy["size"]), (&old["filename"], &old["sha256"], &old["size"]));
            assert_ne!(copy["id"], old["id"]);
            let file = app.get(who, &format!("{new}/attachments/{}", copy["id"].as_str().unwrap())).await;
            assert_eq!(file.status.as_u16(), 200, "its bytes open with the key of the city");
        }
        let legs = region.arrivals(&db, AOMORI_CITY, &new).await;
        let offices: Vec<_> = legs.iter().map(|leg| (leg.leg, leg.office.as_str())).collect();
        assert_eq!(offices, [(1, "020001/kiki-shobo-hoan"), (2, "shimin")]);
        assert_eq!((legs[1].arrived_at.0 - legs[0].arrived_at.0).get_seconds(), 26 * 3600);
        assert_eq!(legs[0].arrived_at.0.to_string(), before["arrived_at"].as_str().unwrap());
        let own = region.arrivals(&db, AOMORI, &case).await;
        assert_eq!((own.len(), own[0].arrived_at), (1, legs[0].arrived_at), "here nothing moved");
        // T-8: the sender does not see the case there, the receiver not the case here; the applicant both.
        assert_eq!(app.get(&region.clerk, &new).await.status.as_u16(), 404);
        assert_eq!(app.get(&region.city, &case).await.status.as_u16(), 404);
        let (here, received) = (
            app.get(&region.business, &format!("{case}/transfers")).await.expect(200),
            app.get(&region.business, &format!("{new}/transfers")).await.expect(200),
        );
        assert_eq!((&here["items"][0]["id"], &here["items"][0]["reason"]), (&received["items"][0]["id"], &received["items"][0]["reason"]));
        assert_eq!((received["items"][0]["direction"].as_str(), received["items"][0]["first_arrived_at"].as_str()), (Some("received"), before["arrived_at"].as_str()));
        for (who, path, last) in [(&region.clerk, &case, "transferred"), (&region.city, &new, "received_by_transfer")] {
            let timeline = app.get(who, &format!("{path}/timeline")).await.expect(200);
            assert_eq!(timeline["chain"], "intact");
            assert_eq!(timeline["items"].as_array().unwrap().last().unwrap()["kind"], last);
        }
        let books = Books::read(&db.db, AOMORI, &invoice).await;
        assert_eq!(books.invoice.state, "canceled");
        assert!(balances(&books.entries).values().all(|balance| *balance == 0));
        let mails = async || {
            app.drain().await;
            let folder = std::fs::read_dir(&app.core.settings.mail.directory).unwrap();
            folder.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!((mails().await.len(), mails().await.len()), (1, 1));
        let again = app.post(&region.clerk, &path, to_city()).await;
        assert_eq!(again.problem(), "409 wrong_state", "a case leaves once");
    }
);

on_both_databases!(
    /// what the clock stood still here does not count there either, and the period is the city's.
    r18_r198_pauses_go_along,
    async |db: TestDb| {
        let region = Region::open(&db).await;
        let (case, _) = region.submitted().await;
        let app = &region.app;
        app.post(&region.clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        let ask = json!({ "items": [{ "pointer": "/form/area", "message": "測り直し" }], "due_on": "2026-04-20" });
        app.post(&region.clerk, &format!("{case}/corrections"), ask).await.expect(201);
        app.advance(SignedDuration::from_hours(24 * 5)).await;
        let clerk = app.sign_in("clerk@example.jp", &region.clerk.id).await;
        let business = app.sign_in("business@example.jp", &region.business.id).await;
        let sent = app.post(&clerk, &format!("{case}/transfer"), to_city()).await.expect(201);
        let clock = app.get(&business, &format!("{}/clock", there(&sent))).await.expect(200);
        let correction = &clock["pauses"][0];
        assert_eq!((correction["reason"].as_str(), correction["asked_on"].as_str(), correction["answered_on"].as_str()), (Some("correction"), Some("2026-04-01"), Some("2026-04-06")), "{clock}");
        assert_eq!(clock["arrived_on"], "2026-04-01");
        // Ten open days after the 6th, which is a Monday.
        let case_there = app.get(&business, &there(&sent)).await.expect(200);
        assert_eq!(case_there["due_on"], "2026-04-20");
        let here = app.get(&business, &format!("{case}/clock")).await.expect(200);
        assert_eq!(here["ended_on"], "2026-04-06");
    }
);

on_both_databases!(
    /// R-18(2), R-198: the fee that nobody paid here is canceled, and the days that the office waited for it do not count there.
    r18_r198_the_wait_for_an_unpaid_fee_goes_along,
    async |db: TestDb| {
        let region = Region::open(&db).await;
        let (case, _) = region.submitted().await;
        let app = &region.app;
        app.advance(SignedDuration::from_hours(24 * 5)).await;
        let clerk = app.sign_in("clerk@example.jp", &region.clerk.id).await;
        let business = app.sign_in("business@example.jp", &region.business.id).await;
        let sent = app.post(&clerk, &format!("{case}/transfer"), to_city()).await.expect(201);
        let clock = app.get(&business, &format!("{}/clock", there(&sent))).await.expect(200);
        let waited = &clock["pauses"][0];
        assert_eq!((waited["reason"].as_str(), waited["asked_on"].as_str(), waited["answered_on"].as_str()), (Some("fee_payment"), Some("2026-04-01"), Some("2026-04-06")), "{clock}");
        // Ten open days after the 6th, as if it had been paid on that day.
        assert_eq!(app.get(&business, &there(&sent)).await.expect(200)["due_on"], "2026-04-20");
    }
);

on_both_databases!(
    /// what the office waited for here ends with the case.
    r198_a_case_sent_on_leaves_neither_task_nor_request,
    async |db: TestDb| {
        let region = Region::open(&db).await;
        let (case, _) = region.submitted().await;
        let app = &region.app;
        app.post(&region.clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        let ask = json!({ "items": [{ "pointer": "/form/area", "message": "測り直し" }], "due_on": "2026-04-10" });
        app.post(&region.clerk, &format!("{case}/corrections"), ask).await.expect(201);
        for _ in 0..16 {
            app.advance(SignedDuration::from_hours(24)).await;
            app.drain().await;
        }
        let clerk = app.sign_in("clerk@example.jp", &region.clerk.id).await;
        let business = app.sign_in("business@example.jp", &region.business.id).await;
        let tasks = async |state: &str| {
            let path = format!("/v1/tenants/020001/departments/{DEPARTMENT}/tasks?state={state}");
            app.get(&clerk, &path).await.expect(200)["items"].as_array().unwrap().clone()
        };
        assert_eq!(tasks("open").await.len(), 1);
        app.post(&clerk, &format!("{case}/transfer"), to_city()).await.expect(201);
        assert_eq!((tasks("open").await.len(), &tasks("ended").await[0]["state"]), (0, &json!("case_ended")));
        let asked = app.get(&business, &format!("{case}/corrections")).await.expect(200);
        assert_eq!(asked["items"][0]["state"], "closed");
    }
);

on_both_databases!(
    /// Every fault of request, answers and documents at once, and nothing has happened.
    what_the_receiving_procedure_does_not_take_is_listed_whole,
    async |db: TestDb| {
        let narrow = include_str!("support/procedures/transfer-city.yaml")
            .replace("max: 1000", "max: 50")
            .replace("area: 80", "area: 40")
            .replace("code: plan", "code: drawing");
        let [here, (there, _)] = procedures();
        let region = Region::over(&db, [here, (there, narrow)]).await;
        let (case, _) = region.submitted().await;
        let before = traces(&db).await;
        let body = json!({ "tenant": AOMORI_CITY, "procedure": THERE, "department": "nowhere", "reason": "", "legal_basis": "法" });
        let refused = region.app.post(&region.clerk, &format!("{case}/transfer"), body).await;
        assert_eq!(refused.problem(), "422 validation_failed");
        let faults = refused.body["errors"].as_array().unwrap();
        let mut pointers: Vec<_> = faults.iter().map(|fault| fault["pointer"].as_str().unwrap()).collect();
        pointers.sort_unstable();
        assert_eq!(pointers, ["/attachments/drawing", "/attachments/plan", "/department", "/form/area", "/reason"]);
        let unknown = json!({ "tenant": AOMORI_CITY, "procedure": "nothing", "reason": "a", "legal_basis": "b" });
        let refused = region.app.post(&region.clerk, &format!("{case}/transfer"), unknown).await;
        assert_eq!(refused.body["errors"][0]["code"], "unknown_procedure");
        let same = json!({ "tenant": AOMORI_CITY, "reason": "a", "legal_basis": "b" });
        let refused = region.app.post(&region.clerk, &format!("{case}/transfer"), same).await;
        assert_eq!(refused.body["errors"][0]["pointer"], "/procedure", "{}", refused.body);
        assert_eq!(traces(&db).await, before);
    }
);

on_both_databases!(
    /// What was paid here is proposed to go back as of any case that ended without a decision; an open checkout waits.
    r97_money_paid_here_is_proposed_for_a_refund,
    async |db: TestDb| {
        let region = Region::open(&db).await;
        let (case, invoice) = region.submitted().await;
        let app = &region.app;
        let path = format!("/v1/tenants/020001/invoices/{invoice}");
        let opened = app.post(&region.business, &format!("{path}/payments"), json!({ "method": "nanaco" })).await.expect(201);
        let open = app.post(&region.clerk, &format!("{case}/transfer"), to_city()).await;
        assert_eq!(open.problem(), "409 payment_in_progress");
        app.at_gateway(opened["redirect_url"].as_str().unwrap(), "nanaco", "result=ok").await;
        app.until("the invoice is entrusted", async || {
            app.get(&region.business, &path).await.expect(200)["state"] == "entrusted"
        })
        .await;
        let sent = region.send(&case).await;
        assert_eq!(Books::read(&db.db, AOMORI, &invoice).await.invoice.state, "entrusted", "money stays where it is");
        let accountant = app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "kaikei@example.jp").await;
        let refunds = app.get(&accountant, &format!("{path}/refunds")).await.expect(200);
        let proposal = &refunds["proposals"][0];
        assert_eq!((proposal["reason"].as_str(), proposal["amount"].as_i64()), (Some("not_accepted"), Some(16_000)), "{refunds}");
        let owed = app.get(&region.business, &there(&sent)).await.expect(200);
        assert_eq!(owed["invoice"]["total"], 15_000, "the city asks for its own fee");
    }
);

on_both_databases!(
    /// Transfer ∥ withdraw: one of them wins, never both; there is a case there exactly if it was sent.
    r198_a_case_is_never_sent_on_and_withdrawn_at_once,
    async |db: TestDb| {
        let region = Region::open(&db).await;
        let (mut sent, mut withdrawn) = (0, 0);
        for round in 0..rounds(6) {
            let (case, invoice) = region.submitted().await;
            let (transfer, withdraw) = (format!("{case}/transfer"), format!("{case}/withdraw"));
            let (sending, taking_back) = race(round, region.app.post(&region.clerk, &transfer, to_city()), region.app.post(&region.business, &withdraw, json!({}))).await;
            match (sending.status.as_u16(), taking_back.status.as_u16()) {
                (201, 409) => sent += 1,
                (409, 200) => withdrawn += 1,
                both => panic!("{both:?} {} {}", sending.body, taking_back.body),
            }
            assert_eq!(Books::read(&db.db, AOMORI, &invoice).await.invoice.state, "canceled");
        }
        assert!(sent > 0 && withdrawn > 0, "one order only: {sent}, {withdrawn}");
        assert_eq!(db.count("(SELECT COUNT(*) FROM transfers WHERE direction = 'received')").await, sent);
        assert_eq!(db.count("(SELECT COUNT(*) FROM applications WHERE tenant_id = '022012')").await, sent);
        assert_eq!(db.count("(SELECT COUNT(*) FROM applications WHERE state = 'transferred')").await, sent);
    }
);

on_both_databases!(
    /// Transfer ∥ pay: a payment is opened for a case that stays, or none for one that went.
    r198_a_case_is_never_sent_on_and_paid_at_once,
    async |db: TestDb| {
        let region = Region::open(&db).await;
        let (mut sent, mut paid) = (0, 0);
        for round in 0..rounds(6) {
            let (case, invoice) = region.submitted().await;
            let (transfer, pay) = (format!("{case}/transfer"), format!("/v1/tenants/020001/invoices/{invoice}/payments"));
            let (sending, paying) = race(round, region.app.post(&region.clerk, &transfer, to_city()), region.app.post(&region.business, &pay, json!({ "method": "card" }))).await;
            match (sending.status.as_u16(), paying.status.as_u16()) {
                (201, 409) => {
                    assert_eq!(paying.problem(), "409 invoice_not_payable");
                    sent += 1;
                }
                (409, 201) => {
                    assert_eq!(sending.problem(), "409 payment_in_progress");
                    paid += 1;
                }
                both => panic!("{both:?} {} {}", sending.body, paying.body),
            }
        }
        assert!(sent > 0 && paid > 0, "one order only: {sent}, {paid}");
    }
);

/// Both at once; each gets a start in its turn: none, a short one, and one that a busy machine cannot eat.
async fn race<A, B>(round: usize, one: impl Future<Output = A>, other: impl Future<Output = B>) -> (A, B) {
    let wait = |waits: bool| {
        let millis = if waits { [0, 5, 300][round % 3] } else { 0 };
        tokio::time::sleep(std::time::Duration::from_millis(millis))
    };
    let first = round.is_multiple_of(2);
    let one = async {
        wait(!first).await;
        one.await
    };
    let other = async {
        wait(first).await;
        other.await
    };
    futures_util::future::join(one, other).await
}

on_both_databases!(
    /// Two who send the same case on at once: one case begins there.
    two_transfers_at_once_make_one_case,
    async |db: TestDb| {
        let region = Region::open(&db).await;
        for _ in 0..rounds(3) {
            let (case, _) = region.submitted().await;
            let path = format!("{case}/transfer");
            let (one, other) = futures_util::future::join(
                region.app.post(&region.clerk, &path, to_city()),
                region.app.post(&region.clerk, &path, to_city()),
            )
            .await;
            let mut statuses = [one.status.as_u16(), other.status.as_u16()];
            statuses.sort_unstable();
            assert_eq!(statuses, [201, 409], "{} {}", one.body, other.body);
        }
        let (here, beyond) = ("(SELECT COUNT(*) FROM applications WHERE state = 'transferred')", "(SELECT COUNT(*) FROM applications WHERE tenant_id = '022012')");
        assert_eq!(db.count(here).await, db.count(beyond).await);
    }
);

on_both_databases!(
    /// nobody but the applicant takes a case back, whatever post they hold.
    r195_only_the_applicant_withdraws,
    async |db: TestDb| {
        let region = Region::open(&db).await;
        let (case, _) = region.submitted().await;
        let chief = region.app.officer(AOMORI, DEPARTMENT, Role::SectionChief, "chief@example.jp").await;
        let stranger = region.app.register("stranger@example.jp", "business").await;
        let path = format!("{case}/withdraw");
        for (who, problem) in [(&region.clerk, "403 forbidden"), (&chief, "403 forbidden"), (&region.city, "404 not_found"), (&stranger, "404 not_found")] {
            assert_eq!(region.app.post(who, &path, json!({})).await.problem(), problem);
        }
        let row = {
            let (tenant, case) = (TenantCode::parse(AOMORI).unwrap(), id(&case));
            db.db.read(move |tx| Ok::<_, StoreError>(applications::find(tx, &tenant, case)?.unwrap())).await.unwrap()
        };
        assert_eq!((row.state.as_str(), row.event_count), ("submitted", 1));
        region.app.post(&region.business, &path, json!({})).await.expect(200);
    }
);
