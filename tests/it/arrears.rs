//! Arrears (滞納): demanded once, charged to the yen, written off by others, never while somebody is paying.

use jiff::SignedDuration;
use madoguchi::domain::id::TenantCode;
use madoguchi::domain::ledger::{Account, balances};
use madoguchi::service::arrears;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::{AOMORI, Answer, Person, TestApp};
use crate::support::db::TestDb;
use crate::support::repeat::everything_again;
use crate::waivers::office::{FEE, Office, Owing};

async fn days(office: &mut Office<'_>, days: i64) {
    office.app.advance(SignedDuration::from_hours(24 * days)).await;
    office.sign_in_again().await;
}

async fn list(office: &Office<'_>) -> Vec<String> {
    let path = format!("/v1/tenants/{AOMORI}/arrears");
    let page = office.app.get(&office.accountant, &path).await.expect(200);
    page["items"].as_array().unwrap().iter().map(|it| it["invoice"].as_str().unwrap().to_owned()).collect()
}

async fn shown(office: &Office<'_>, owing: &Owing) -> Value {
    office.app.get(&office.business, &owing.path("/arrears")).await.expect(200)
}

async fn demand(office: &Office<'_>, who: &Person, owing: &Owing) -> Answer {
    office.app.post(who, &owing.path("/demand"), json!({})).await
}

const DEMANDS: &str = "(SELECT COUNT(*) FROM demands)";

on_both_databases!(
    /// R-89…R-91: nothing is late on the last day; a demand goes out once; what accrues is explained line by line.
    r89_what_is_late_is_demanded_once_and_charged_line_by_line,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        assert_eq!(demand(&office, &office.clerk, &owing).await.problem(), "409 not_in_arrears");
        days(&mut office, 30).await;
        assert_eq!(list(&office).await, Vec::<String>::new(), "2026-05-01 is the last day in time");
        days(&mut office, 1).await;
        assert_eq!(list(&office).await, std::slice::from_ref(&owing.invoice));
        let before = shown(&office, &owing).await;
        assert_eq!((&before["in_arrears"], &before["charge"], &before["demand"]), (&json!(true), &json!(0), &Value::Null));
        assert_eq!((&before["last_day_in_time"], &before["demand_by"]), (&json!("2026-05-01"), &json!("2026-05-31")));
        assert_eq!(before["extinct_after"], "2031-05-01");
        assert_eq!(demand(&office, &office.business, &owing).await.problem(), "403 forbidden");
        let sent = demand(&office, &office.clerk, &owing).await.expect(201);
        assert_eq!((&sent["demand"]["pay_until"], &sent["demand"]["demand_fee"]), (&json!("2026-05-17"), &json!(20)));
        assert_eq!(demand(&office, &office.accountant, &owing).await.problem(), "409 already_demanded");
        assert_eq!(db.count("(SELECT COUNT(*) FROM jobs WHERE kind = 'notify_demand')").await, 1);
        days(&mut office, 44).await;
        let late = shown(&office, &owing).await;
        // 22,000 × 10.75 % × 45 / 365 = 291.57
        assert_eq!((&late["charge"], &late["computed_to"]), (&json!(290), &json!("2026-06-15")));
        assert_eq!(late["charge_explanation"].as_array().unwrap().len(), 3, "{late}");
        assert_eq!(late["extinct_after"], "2031-05-02", "R-94: the demand counts it anew");
        office.pays(&owing).await;
        days(&mut office, 100).await;
        let paid = shown(&office, &owing).await;
        let found = (&paid["in_arrears"], &paid["charge"], &paid["computed_to"]);
        assert_eq!(found, (&json!(false), &json!(290), &json!("2026-06-15")), "it accrues up to the payment");
        assert_eq!(list(&office).await, Vec::<String>::new());
    }
);

/// The page of a document of the case, as somebody reads it.
async fn page(office: &Office<'_>, who: &Person, path: &str) -> (u16, String) {
    let answer = office.app.raw(Method::GET, path).bearer_auth(&who.token).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

on_both_databases!(
    /// a demand is a paper of its own, for whoever sees the money of the case; what is paid later does not change it.
    r89_a_demand_is_a_paper_that_says_what_is_owed_and_by_when,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let (owing, other) = (office.owing().await, office.owing().await);
        days(&mut office, 31).await;
        let kind = async |who: &Person| crate::issued_documents::of_kind(&app, who, &owing.case, "demand").await;
        assert_eq!(kind(&office.business).await, Vec::<String>::new());
        demand(&office, &office.clerk, &owing).await.expect(201);
        let name = format!("demand.{}", owing.invoice);
        let path = format!("{}/documents/{name}/page", owing.case);
        for who in [&office.business, &office.clerk] {
            assert_eq!(kind(who).await, [name.as_str()]);
        }
        let (_, issued) = page(&office, &office.business, &path).await;
        for words in ["督促状", "青森県知事", "22,000円", "指定期限", "令和8年5月17日", "督促手数料", "20円", "納期限"] {
            assert!(issued.contains(words), "{words}: {issued}");
        }
        let elsewhere = format!("{}/documents/{name}/page", other.case);
        assert_eq!(page(&office, &office.business, &elsewhere).await.0, 404, "it is of its own case");
        let stranger = app.register("stranger@example.jp", "business").await;
        assert_eq!(page(&office, &stranger, &path).await.0, 404);
        office.pays(&owing).await;
        assert_eq!(page(&office, &office.business, &path).await.1, issued);
    }
);

on_both_databases!(
    /// the demand goes out by itself within its days, once however often the job runs, and never while somebody pays.
    r90_the_clock_sends_demands_once_and_never_for_what_is_pending,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let (late, paid, waived) = (office.owing().await, office.owing().await, office.owing().await);
        office.pays(&paid).await;
        office.waived(&waived, "hardship").await;
        days(&mut office, 49).await;
        let slip = office.owing().await;
        app.drain().await;
        assert_eq!(db.count(DEMANDS).await, 0, "2026-05-20 is a day early");
        days(&mut office, 1).await;
        let pending = office.opens(&late).await;
        app.drain().await;
        assert_eq!((db.count(DEMANDS).await, list(&office).await.len()), (0, 0), "somebody is paying");
        let cancel = format!("/v1/tenants/{AOMORI}/payments/{}/cancel", pending["id"].as_str().unwrap());
        app.post(&office.business, &cancel, json!({})).await;
        app.until("the attempt ended", async || office.stands(&late).await.0 == "unpaid").await;
        for _ in 0..3 {
            days(&mut office, 1).await;
            app.drain().await;
        }
        assert_eq!(db.count(DEMANDS).await, 1);
        let sent = shown(&office, &late).await;
        assert_eq!(sent["demand"]["automatic"], true);
        everything_again(&db.db, async || { app.drain().await; }).await;
        assert_eq!((db.count(DEMANDS).await, shown(&office, &late).await), (1, sent));
        assert_eq!(office.stands(&slip).await.0, "unpaid", "what is not due yet is left alone");
    }
);

on_both_databases!(the_demand_job_writes_only_where_a_demand_is_due, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let mut office = Office::open(&app, &db).await;
    for _ in 0..3 {
        office.owing().await;
    }
    let tenant = TenantCode::parse(AOMORI).unwrap();
    let writes = async || {
        let before = db.db.statistics().committed_closures;
        arrears::issue_due(&app.core, &tenant).await.unwrap();
        db.db.statistics().committed_closures - before
    };
    days(&mut office, 31).await;
    assert_eq!((writes().await, db.count(DEMANDS).await), (0, 0), "late, and not to be demanded yet");
    days(&mut office, 25).await;
    assert_eq!((writes().await, db.count(DEMANDS).await), (3, 3));
    assert_eq!((writes().await, db.count(DEMANDS).await), (0, 3), "each is demanded already");
});

async fn give_up(office: &Office<'_>, owing: &Owing, ground: &str) -> Answer {
    let version = office.app.get(&office.clerk, &owing.case).await.etag();
    let draft = json!({ "ground": ground, "reasons": ["時効完成を確認した"] });
    office.app.post_if(&office.clerk, &owing.path("/write-off"), &version, draft).await
}

async fn seal(office: &Office<'_>, who: &Person, owing: &Owing) -> Answer {
    let version = office.app.get(&office.clerk, &owing.case).await.etag();
    let subject = json!({ "subject": "write_off" });
    office.app.post_if(who, &format!("{}/approval/approve", owing.case), &version, subject).await
}

on_both_databases!(
    /// extinct claims are written off by a decision of others, booked once, and take no more money.
    r94_a_claim_is_written_off_once_it_is_extinct_and_nobody_is_paying,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        assert_eq!(give_up(&office, &owing, "limitation").await.problem(), "409 not_in_arrears");
        days(&mut office, 31).await;
        assert_eq!(give_up(&office, &owing, "nothing").await.problem(), "422 validation_failed");
        assert_eq!(give_up(&office, &owing, "limitation").await.problem(), "409 claim_not_extinct");
        days(&mut office, 365 * 5).await;
        assert_eq!(give_up(&office, &owing, "limitation").await.problem(), "409 claim_not_extinct");
        days(&mut office, 2).await;
        assert!(shown(&office, &owing).await["demand"].is_null(), "nobody ran the clock");
        assert_eq!(demand(&office, &office.clerk, &owing).await.problem(), "409 claim_extinct");
        let draft = give_up(&office, &owing, "limitation").await.expect(201);
        assert_eq!((&draft["amount"], &draft["state"]), (&json!(FEE), &json!("in_approval")));
        assert_eq!(give_up(&office, &owing, "limitation").await.problem(), "409 proposal_in_progress");
        assert_eq!(seal(&office, &office.clerk, &owing).await.problem(), "403 own_proposal");
        seal(&office, &office.manager, &owing).await.expect(200);
        let open = office.opens(&owing).await;
        assert_eq!(seal(&office, &office.chief, &owing).await.problem(), "409 not_in_arrears");
        let cancel = format!("/v1/tenants/{AOMORI}/payments/{}/cancel", open["id"].as_str().unwrap());
        app.post(&office.business, &cancel, json!({})).await;
        app.until("the attempt ended", async || office.stands(&owing).await.0 == "unpaid").await;
        assert_eq!(seal(&office, &office.chief, &owing).await.expect(200)["state"], "approved");
        assert_eq!(office.stands(&owing).await.0, "written_off");
        let books = office.books(&owing).await;
        let held = balances(&books.entries);
        assert_eq!((held[&Account::Receivable], held[&Account::WrittenOff]), (0, FEE));
        let card = app.post(&office.business, &owing.path("/payments"), json!({ "method": "card" })).await;
        assert_eq!(card.problem(), "409 invoice_not_payable");
        assert_eq!(list(&office).await, Vec::<String>::new());
        assert_eq!(give_up(&office, &owing, "limitation").await.problem(), "409 not_in_arrears");
    }
);

/// each body has the days and the fee of its own ordinance; 三沢市 demands within twenty days for a hundred yen.
#[test]
fn r90_every_shipped_body_says_when_it_demands_what_and_by_which_ordinance() {
    let catalogue = crate::support::catalogue::shipped();
    let mut found = Vec::new();
    for body in catalogue.tenants() {
        let definition = &body.definition;
        let terms = definition.arrears.first().unwrap();
        assert!(terms.demand_after_days <= terms.demand_within_days, "{}", definition.code);
        assert!(!terms.basis.is_empty() && !terms.source.is_empty() && terms.sample, "{}", definition.code);
        found.push((definition.code.to_string(), terms.demand_within_days, terms.demand_fee.amount()));
    }
    found.sort();
    let of = |code: &str| found.iter().find(|(one, ..)| one == code).map(|(_, days, fee)| (*days, *fee));
    assert_eq!((of("020001"), of("022071")), (Some((30, 20)), Some((20, 100))));
    assert_eq!(found.len(), 5);
}
