//! What happens to a permit over the years: suspensions one behind the other, renewals that come to nothing, reorganisations.

use jiff::SignedDuration;
use madoguchi::domain::policy::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::decision_changes::{hearing, order, parts, registered, seal};
use crate::dispositions::{reminders_about, renew};
use crate::fee_timing::Counter;
use crate::organisation::reorganisation;
use crate::policy_coverage::world::{DEPARTMENT, paper_draft, pay, submit};
use crate::support::app::{AOMORI, new_key};
use crate::support::db::TestDb;

/// Moves on by whole days, lets the jobs of the days run, and signs everybody in anew: tokens do not live that long.
async fn days_later(counter: &mut Counter, days: i64) {
    counter.app.advance(SignedDuration::from_hours(24 * days)).await;
    for _ in 0..2 {
        counter.app.drain().await;
    }
    counter.business = counter.app.sign_in("business@example.jp", &counter.business.id).await;
    counter.clerk = counter.app.sign_in("clerk@example.jp", &counter.clerk.id).await;
    counter.chief = counter.app.sign_in("chief@example.jp", &counter.chief.id).await;
}

async fn state(counter: &Counter, permit: &str) -> Value {
    counter.app.get(&counter.clerk, permit).await.expect(200)["state"].clone()
}

fn suspension(from: &str, until: Option<&str>) -> Value {
    let mut heard = hearing();
    heard["form"] = json!("explanation");
    json!({ "order": "suspension", "ground": "第28条第2項", "effective_on": from, "until": until,
        "hearing": heard, "reasons": [parts("第28条第2項")] })
}

fn resumption(from: &str) -> Value {
    json!({ "order": "resumption", "ground": "第28条第2項", "effective_on": from,
        "reasons": ["是正が確認された。"] })
}

/// Orders something about a permit and seals it.
async fn ordered(counter: &Counter, case: &str, permit: &str, body: Value) {
    order(counter, case, permit, body).await.expect(201);
    seal(counter, case, "permit_order").await.expect(200);
}

on_both_databases!(
    /// Past its last day a permit with a timely renewal stands, suspended or not; it ends when the renewal comes to nothing.
    r41_a_suspended_permit_does_not_expire_while_its_timely_renewal_is_pending,
    async |db: TestDb| {
        let mut counter = Counter::open(&db).await;
        let (case, permit) = registered(&counter).await;
        assert_eq!(counter.app.get(&counter.clerk, &permit).await.expect(200)["valid_to"], "2031-03-31");
        days_later(&mut counter, 365 * 5 - 40).await;
        let renewal = renew(&counter.app, &counter.business, &permit).await;
        ordered(&counter, &case, &permit, suspension("2031-03-01", None)).await;
        days_later(&mut counter, 60).await;
        assert_eq!(state(&counter, &permit).await, "suspended");
        let expired = "(SELECT COUNT(*) FROM permit_events WHERE happening = 'expired')";
        assert_eq!(db.count(expired).await, 0, "the renewal holds it open");

        ordered(&counter, &case, &permit, resumption("2031-04-25")).await;
        days_later(&mut counter, 10).await;
        assert_eq!(state(&counter, &permit).await, "continued", "lifted, and still held open");
        let renewal = format!("/v1/tenants/{AOMORI}/applications/{}", renewal.id);
        counter.app.post(&counter.business, &format!("{renewal}/withdraw"), json!({})).await.expect(200);
        days_later(&mut counter, 1).await;
        assert_eq!(state(&counter, &permit).await, "expired");
        assert_eq!(db.count(expired).await, 1, "once nothing holds it open");
    }
);

on_both_databases!(
    /// One from May on without an end is ordered first, one for a week of April after it: neither undoes the other.
    a_suspension_to_come_is_not_lost_behind_another_and_can_be_lifted_before_it_begins,
    async |db: TestDb| {
        let mut counter = Counter::open(&db).await;
        let (case, permit) = registered(&counter).await;
        ordered(&counter, &case, &permit, suspension("2026-05-01", None)).await;
        ordered(&counter, &case, &permit, suspension("2026-04-03", Some("2026-04-09"))).await;
        let twice = order(&counter, &case, &permit, suspension("2026-05-02", None)).await;
        assert_eq!(twice.problem(), "409 order_does_not_fit", "it is suspended on that day already");
        let nothing = order(&counter, &case, &permit, resumption("2026-04-20")).await;
        assert_eq!(nothing.problem(), "409 order_does_not_fit", "nothing is suspended on that day");

        days_later(&mut counter, 2).await;
        assert_eq!(state(&counter, &permit).await, "suspended", "3 April");
        days_later(&mut counter, 7).await;
        assert_eq!(state(&counter, &permit).await, "valid", "10 April: the first one has ended by itself");
        days_later(&mut counter, 21).await;
        assert_eq!(state(&counter, &permit).await, "suspended", "1 May: the other one stands");

        ordered(&counter, &case, &permit, resumption("2026-05-11")).await;
        ordered(&counter, &case, &permit, suspension("2026-06-01", None)).await;
        ordered(&counter, &case, &permit, resumption("2026-06-01")).await;
        days_later(&mut counter, 10).await;
        assert_eq!(state(&counter, &permit).await, "valid", "11 May");
        days_later(&mut counter, 30).await;
        assert_eq!(state(&counter, &permit).await, "valid", "10 June: what was lifted before never began");
    }
);

on_both_databases!(r42_only_a_renewal_that_is_still_undecided_silences_the_reminders, async |db: TestDb| {
    let mut counter = Counter::open(&db).await;
    let (_, pending) = registered(&counter).await;
    // What was granted later is listed first.
    counter.app.advance(SignedDuration::from_secs(1)).await;
    let (_, withdrawn) = registered(&counter).await;
    assert_ne!(pending, withdrawn);
    // Five years from 2026-04-01 have 1,826 days; the reminders come 90 and 30 days before the last.
    days_later(&mut counter, 1_825 - 85).await;
    let told = |counter: &Counter, permit: &str| reminders_about(counter, permit.rsplit('/').next().unwrap());
    assert_eq!((told(&counter, &pending), told(&counter, &withdrawn)), (1, 1));
    renew(&counter.app, &counter.business, &pending).await;
    let given_up = renew(&counter.app, &counter.business, &withdrawn).await;
    let given_up = format!("/v1/tenants/{AOMORI}/applications/{}", given_up.id);
    counter.app.post(&counter.business, &format!("{given_up}/withdraw"), json!({})).await.expect(200);
    days_later(&mut counter, 60).await;
    assert_eq!(told(&counter, &pending), 1, "its renewal is being decided");
    assert_eq!(told(&counter, &withdrawn), 2, "nothing renews it any more");
});

on_both_databases!(
    /// A permit keeps the name of the department that granted it; whoever does its work now finds it.
    r127_the_successor_of_a_department_lists_the_permits_that_it_granted,
    async |db: TestDb| {
        let mut counter = Counter::open(&db).await;
        let app = &counter.app;
        let administrator = app.officer(AOMORI, "somu-jinji", Role::Administrator, "admin@example.jp").await;
        app.officer(AOMORI, "kiki-shobo-hoan", Role::GroupManager, "manager@example.jp").await;
        let (_, permit) = registered(&counter).await;
        let id = permit.rsplit('/').next().unwrap();
        let file = json!({ "format": "yaml", "source": reorganisation() });
        let imports = format!("/v1/tenants/{AOMORI}/organisation/imports");
        app.post(&administrator, &imports, file).await.expect(201);
        let elsewhere = app.officer(AOMORI, "kendo-doro", Role::SectionChief, "doro@example.jp").await;
        days_later(&mut counter, 30).await;
        let list = format!("/v1/tenants/{AOMORI}/permits");
        let listed = counter.app.get(&counter.clerk, &list).await.expect(200);
        assert_eq!(listed["items"][0]["id"], id, "the clerk serves the successor only: {listed}");
        assert_eq!(listed["items"][0]["department"], "kiki-shobo-hoan", "and it keeps its name");
        let mine = format!("{list}?holder={}", counter.business.id);
        assert_eq!(counter.app.get(&counter.clerk, &mine).await.expect(200)["items"][0]["id"], id);
        let elsewhere = counter.app.sign_in("doro@example.jp", &elsewhere.id).await;
        assert_eq!(counter.app.get(&elsewhere, &list).await.expect(200)["items"], json!([]));
    }
);

const RENEWAL: &str = "denki-koji-koshin";

/// The example of the renewal with what stands on the permit.
async fn renewal_form(counter: &Counter, permit: &Value, number: &str) -> Value {
    let mut form = counter.app.example(AOMORI, RENEWAL).await["form"].clone();
    form["registration_number"] = json!(number);
    form["registered_on"] = permit["valid_from"].clone();
    form["expires_on"] = permit["valid_to"].clone();
    form
}

async fn grant(counter: &Counter, case: &str) {
    counter.app.post(&counter.clerk, &format!("{case}/claim"), json!({})).await.expect(200);
    counter.propose(case, "grant").await;
    assert_eq!(counter.seal(case).await, "decided");
}

on_both_databases!(
    /// the law asks who applied in time, not by which button: a renewal begun from the catalogue holds the permit open too.
    r41_a_renewal_begun_from_the_catalogue_holds_the_permit_open_and_takes_its_place,
    async |db: TestDb| {
        let mut counter = Counter::open(&db).await;
        let (_, permit) = registered(&counter).await;
        days_later(&mut counter, 365 * 5 - 40).await;
        let id = permit.rsplit('/').next().unwrap().to_owned();
        let told = |counter: &Counter| reminders_about(counter, &id);
        assert_eq!(told(&counter), 1, "90 days before the end");
        let held = counter.app.get(&counter.clerk, &permit).await.expect(200);
        assert_eq!(held["document_number"], "青森県指令（消保）第1号");
        let mut made = Vec::new();
        // Another number renews nothing; the same one in other widths and with spaces does.
        for number in ["青森県指令（消保）第11号", "青森県指令(消保) 第１号"] {
            let draft = counter.app.draft(&counter.business, AOMORI, RENEWAL).await;
            let path = format!("/v1/tenants/{AOMORI}/applications/{draft}");
            let (key, etag) = (new_key(), counter.app.get(&counter.business, &path).await.etag());
            let headers = [("idempotency-key", key.as_str()), ("if-match", etag.as_str())];
            let body = json!({ "form": renewal_form(&counter, &held, number).await });
            counter.app.call(Method::PATCH, &path, Some(&counter.business), &headers, Some(body)).await.expect(200);
            let case = submit(&counter.app, &counter.business, draft).await;
            pay(&counter.app, &counter.business, &case).await;
            made.push(path);
        }
        let shown = counter.app.get(&counter.business, &permit).await.expect(200);
        let renewals: Vec<_> = shown["renewals"].as_array().unwrap().iter().map(|it| it["application"].clone()).collect();
        assert_eq!(renewals, [json!(made[1].rsplit('/').next().unwrap())]);

        days_later(&mut counter, 60).await;
        assert_eq!(told(&counter), 1, "its renewal is being decided");
        assert_eq!(state(&counter, &permit).await, "continued");
        grant(&counter, &made[1]).await;
        assert_eq!(state(&counter, &permit).await, "superseded");
        let mine = counter.app.get(&counter.business, "/v1/me/permits").await.expect(200);
        let next = mine["items"].as_array().unwrap().iter().find(|item| item["renews"] == id.as_str()).unwrap();
        assert_eq!((&next["valid_from"], &next["valid_to"]), (&json!("2031-04-01"), &json!("2036-03-31")));
    }
);

on_both_databases!(
    /// what came on paper by the last day renews the permit of the case to which staff link it, even if they do so late.
    r41_a_renewal_on_paper_holds_the_permit_open_by_the_link_that_staff_put,
    async |db: TestDb| {
        let mut counter = Counter::open(&db).await;
        let (old, permit) = registered(&counter).await;
        days_later(&mut counter, 365 * 5 - 40).await;
        let held = counter.app.get(&counter.clerk, &permit).await.expect(200);
        let mut body = paper_draft();
        body["procedure"] = json!(RENEWAL);
        body["form"] = renewal_form(&counter, &held, "1234").await;
        body["received_at"] = json!("2031-02-17T05:00:00Z");
        let begin = format!("/v1/tenants/{AOMORI}/departments/{DEPARTMENT}/applications");
        let draft = counter.app.post(&counter.clerk, &begin, body).await.expect(201);
        let id = draft["id"].as_str().unwrap().to_owned();
        let renewal = format!("/v1/tenants/{AOMORI}/applications/{id}");
        for file in counter.app.example(AOMORI, RENEWAL).await["attachments"].as_array().unwrap() {
            counter.app.attach(&counter.clerk, AOMORI, &id, file).await.expect(201);
        }
        let submitted = counter.app.post(&counter.clerk, &format!("{renewal}/submit"), json!({})).await.expect(200);
        let invoice = submitted["invoice"]["id"].as_str().unwrap();
        let paid = json!({ "means": "cash", "amount": 12_000, "received_on": "2031-02-17" });
        let pay = format!("/v1/tenants/{AOMORI}/invoices/{invoice}/counter-payments");
        counter.app.post(&counter.clerk, &pay, paid).await.expect(201);

        days_later(&mut counter, 60).await;
        assert_eq!(state(&counter, &permit).await, "expired", "nobody knows yet what it renews");
        let link = json!({ "application": old.rsplit('/').next().unwrap(), "kind": "renewal_of", "reason": "更新の申請" });
        let links = format!("{renewal}/links");
        let put = counter.app.post(&counter.clerk, &links, link.clone()).await.expect(201);
        assert_eq!(state(&counter, &permit).await, "continued", "it arrived in time");
        let shown = counter.app.get(&counter.business, &permit).await.expect(200);
        assert_eq!(shown["renewals"], json!([]), "a link never reveals a case");
        let end = format!("/v1/tenants/{AOMORI}/case-links/{}/end", put["id"].as_str().unwrap());
        counter.app.post(&counter.clerk, &end, json!({ "reason": "別の登録と判明" })).await;
        assert_eq!(state(&counter, &permit).await, "expired");
        counter.app.post(&counter.clerk, &links, link).await.expect(201);
        days_later(&mut counter, 1).await;
        assert_eq!(state(&counter, &permit).await, "continued");

        grant(&counter, &renewal).await;
        assert_eq!(state(&counter, &permit).await, "superseded");
        let permits = counter.app.get(&counter.clerk, &format!("/v1/tenants/{AOMORI}/permits")).await.expect(200);
        let next = permits["items"].as_array().unwrap().iter().find(|item| item["renews"] == held["id"]).unwrap();
        assert_eq!((&next["valid_from"], &next["valid_to"]), (&json!("2031-04-01"), &json!("2036-03-31")));
    }
);

/// Begins a renewal of a permit from the catalogue, hands it in and pays for it; gives its path.
async fn filed_from_catalogue(counter: &Counter, permit: &str) -> String {
    let held = counter.app.get(&counter.clerk, permit).await.expect(200);
    let draft = counter.app.draft(&counter.business, AOMORI, RENEWAL).await;
    let path = format!("/v1/tenants/{AOMORI}/applications/{draft}");
    let (key, etag) = (new_key(), counter.app.get(&counter.business, &path).await.etag());
    let headers = [("idempotency-key", key.as_str()), ("if-match", etag.as_str())];
    let number = held["document_number"].as_str().unwrap();
    let body = json!({ "form": renewal_form(counter, &held, number).await });
    counter.app.call(Method::PATCH, &path, Some(&counter.business), &headers, Some(body)).await.expect(200);
    let case = submit(&counter.app, &counter.business, draft).await;
    pay(&counter.app, &counter.business, &case).await;
    path
}

on_both_databases!(
    /// of two renewals of one permit that both came in time one is granted; the other is refused or taken back.
    r41_a_permit_is_not_renewed_twice,
    async |db: TestDb| {
        let mut counter = Counter::open(&db).await;
        let (_, permit) = registered(&counter).await;
        days_later(&mut counter, 365 * 5 - 40).await;
        let first = filed_from_catalogue(&counter, &permit).await;
        let second = filed_from_catalogue(&counter, &permit).await;
        let third = filed_from_catalogue(&counter, &permit).await;
        for case in [&second, &third] {
            counter.app.post(&counter.clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        }
        counter.propose(&second, "grant").await;
        grant(&counter, &first).await;

        assert_eq!(counter.seal(&second).await, "409 renewed_permit_ended", "although it was drafted before");
        let seen = counter.app.get(&counter.chief, &format!("{second}/proposal")).await.expect(200);
        assert_eq!(seen["issue"]["missing"][0]["code"], "renewed_permit_ended", "and who looks is told");
        let version = counter.app.get(&counter.clerk, &third).await.etag();
        let body = json!({ "decision": "grant", "reasons": [], "conditions": [] });
        let late = counter.app.post_if(&counter.clerk, &format!("{third}/proposal"), &version, body).await;
        assert_eq!(late.problem(), "409 renewed_permit_ended");
        counter.propose(&third, "refuse").await;
        assert_eq!(counter.seal(&third).await, "decided");
        assert_eq!(db.count("(SELECT COUNT(*) FROM permits)").await, 2);
    }
);

on_both_databases!(
    /// what a revocation took away does not come back with a renewal that was pending, whatever the day it counts from.
    r41_a_revoked_permit_is_not_renewed,
    async |db: TestDb| {
        let mut counter = Counter::open(&db).await;
        let (case, permit) = registered(&counter).await;
        days_later(&mut counter, 365 * 5 - 40).await;
        let renewal = renew(&counter.app, &counter.business, &permit).await;
        let renewal = format!("/v1/tenants/{AOMORI}/applications/{}", renewal.id);
        let revocation = json!({ "order": "revocation", "ground": "電気工事業の業務の適正化に関する法律第28条第1項",
            "effective_on": "2031-03-20", "hearing": hearing(), "reasons": [parts("第28条第1項第1号")] });
        ordered(&counter, &case, &permit, revocation).await;
        counter.app.post(&counter.clerk, &format!("{renewal}/claim"), json!({})).await.expect(200);
        let version = counter.app.get(&counter.clerk, &renewal).await.etag();
        let body = json!({ "decision": "grant", "reasons": [], "conditions": [] });
        let refused = counter.app.post_if(&counter.clerk, &format!("{renewal}/proposal"), &version, body).await;
        assert_eq!(refused.problem(), "409 renewed_permit_ended");
        counter.propose(&renewal, "refuse").await;
        assert_eq!(counter.seal(&renewal).await, "decided");
    }
);
