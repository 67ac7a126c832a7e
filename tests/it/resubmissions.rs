//! What a corrected answer changes: the answers, the documents, the fee, the queue and the due date.

use jiff::SignedDuration;
use madoguchi::domain::policy::Role;
use madoguchi::service::fee_replay::replay;
use reqwest::Method;
use serde_json::{Value, json};

use crate::policy_coverage::world::paper_draft;
use crate::support::app::{AOMORI, TestApp, new_key};
use crate::support::db::TestDb;
use crate::support::traces::traces;
use crate::waiver_revocations::revoked;
use crate::waivers::office::{Office, Owing};

pub const PROCEDURE: &str = "test-corrections";
const CASES: &str = "/v1/tenants/020001/applications";

/// A service that offers the procedure.
pub async fn app(db: &TestDb) -> TestApp {
    let text = include_str!("support/procedures/corrections.yaml");
    TestApp::start_offering(db, "procedures/020001/test-corrections.yaml", text).await
}

/// What happens next happens later: lists are in the order of time.
async fn tick(office: &Office<'_>) {
    office.app.advance(SignedDuration::from_secs(1)).await;
}

/// A case that the clerk has taken up, with its invoice.
pub async fn claimed(office: &Office<'_>) -> Owing {
    tick(office).await;
    let submitted = office.app.submitted(&office.business, AOMORI, PROCEDURE).await;
    let case = format!("{CASES}/{}", submitted["id"].as_str().unwrap());
    office.app.post(&office.clerk, &format!("{case}/claim"), json!({})).await.expect(200);
    Owing { case, invoice: submitted["invoice"]["id"].as_str().unwrap().to_owned() }
}

/// Asks for these places; gives the request.
pub async fn ask(office: &Office<'_>, case: &str, pointers: &[&str]) -> Value {
    tick(office).await;
    let items: Vec<_> =
        pointers.iter().map(|pointer| json!({ "pointer": pointer, "message": "確認してください" })).collect();
    let asked = json!({ "items": items, "due_on": "2026-04-20" });
    office.app.post(&office.clerk, &format!("{case}/corrections"), asked).await.expect(201)
}

pub async fn answer(office: &Office<'_>, case: &str, form: Value) -> crate::support::app::Answer {
    tick(office).await;
    let version = office.app.get(&office.business, case).await.etag();
    let body = json!({ "form": form });
    office.app.post_if(&office.business, &format!("{case}/resubmit"), &version, body).await
}

/// Asks for the count and answers it; gives what the answer changed.
async fn recounted(office: &Office<'_>, owing: &Owing, count: i64) -> Value {
    ask(office, &owing.case, &["/form/count"]).await;
    answer(office, &owing.case, json!({ "count": count })).await.expect(200);
    last(office, &owing.case).await["outcome"].clone()
}

async fn last(office: &Office<'_>, case: &str) -> Value {
    let list = office.app.get(&office.business, &format!("{case}/corrections")).await.expect(200);
    list["items"].as_array().unwrap().last().unwrap().clone()
}

fn moved(before: &Value, after: &Value) -> Value {
    json!({ "before": before, "after": after, "changed": before != after })
}

fn fee(before: i64, after: i64) -> Value {
    moved(&json!(before), &json!(after))
}

/// The invoices of the payer: what each is assessed at, what is owed of it, its state; newest first.
async fn invoices(office: &Office<'_>) -> Vec<(i64, i64, String)> {
    let list = office.app.get(&office.business, "/v1/me/invoices").await.expect(200);
    let row = |it: &Value| {
        let state = it["state"].as_str().unwrap().to_owned();
        (it["total"].as_i64().unwrap(), it["owed"].as_i64().unwrap(), state)
    };
    list["items"].as_array().unwrap().iter().map(row).collect()
}

/// Every stored fee is what its stored inputs give (T-2).
async fn replays(app: &TestApp) {
    let report = replay(&app.core).await.unwrap();
    assert_eq!(report.findings, vec![]);
}

async fn propose(office: &Office<'_>, case: &str) -> String {
    let version = office.app.get(&office.clerk, case).await.etag();
    let body = json!({ "decision": "grant", "reasons": [], "conditions": [] });
    let made = office.app.post_if(&office.clerk, &format!("{case}/proposal"), &version, body).await;
    if made.status == 201 { "201".to_owned() } else { made.problem() }
}

on_both_databases!(
    /// exactly what was asked unlocks, fields and documents alike; every version stays and is shown beside the next.
    r10_a_resubmission_shows_answers_and_documents_before_and_after,
    async |db: TestDb| {
        let app = app(&db).await;
        let office = Office::open(&app, &db).await;
        let Owing { case, .. } = claimed(&office).await;
        let id = case.rsplit('/').next().unwrap().to_owned();
        let old = app.get(&office.business, &case).await.expect(200)["attachments"][0].clone();
        ask(&office, &case, &["/form/name", "/attachments/plan"]).await;
        let open = last(&office, &case).await;
        assert_eq!((&open["state"], &open["outcome"]), (&json!("open"), &Value::Null));
        assert_eq!((&open["items"][0]["before"], &open["items"][0]["after"]), (&json!("ねぶた電工"), &Value::Null));

        let before = traces(&db).await;
        let wrong = answer(&office, &case, json!({ "name": "青森電工", "count": 3 })).await;
        assert_eq!(wrong.problem(), "422 validation_failed");
        assert_eq!(wrong.body["errors"][0]["pointer"], "/form/count");
        assert_eq!(wrong.body["errors"].as_array().unwrap().len(), 1);
        let file = |code: &str| json!({ "code": code, "filename": "new.pdf", "media_type": "application/pdf",
            "content_base64": "JVBERi0xLjQKMQolJUVPRgo=" });
        let locked = app.attach(&office.business, AOMORI, &id, &file("photo")).await;
        assert_eq!(locked.problem(), "409 wrong_state", "a document that was not asked for stays locked");
        let by_staff = app.attach(&office.clerk, AOMORI, &id, &file("plan")).await;
        assert_eq!(by_staff.problem(), "403 forbidden");
        assert_eq!(traces(&db).await, before);

        let new = app.attach(&office.business, AOMORI, &id, &file("plan")).await.expect(201);
        answer(&office, &case, json!({ "name": "青森電工" })).await.expect(200);
        let shown = last(&office, &case).await;
        let items = &shown["items"];
        assert_eq!((&items[0]["before"], &items[0]["after"]), (&json!("ねぶた電工"), &json!("青森電工")));
        assert_eq!((&items[1]["before"]["sha256"], &items[1]["after"]["sha256"]), (&old["sha256"], &new["sha256"]));
        assert_ne!(old["sha256"], new["sha256"]);
        assert_eq!(items[1]["after"]["filename"], "new.pdf");
        let outcome = &shown["outcome"];
        assert_eq!((&outcome["revision_before"], &outcome["revision_after"]), (&json!(1), &json!(2)));
        assert_eq!((&outcome["also_changed"], &outcome["fee"]), (&json!([]), &fee(25_000, 25_000)));

        ask(&office, &case, &["/form/name"]).await;
        answer(&office, &case, json!({ "name": "弘前電工" })).await.expect(200);
        let versions = app.get(&office.clerk, &format!("{case}/versions")).await.expect(200);
        let items = versions["items"].as_array().unwrap();
        let names: Vec<_> = items.iter().map(|it| it["form"]["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["ねぶた電工", "青森電工", "弘前電工"]);
        let present: Vec<_> = items.iter().map(|it| it["replaced_at"].is_null()).collect();
        assert_eq!(present, [false, false, true]);
        assert_eq!((&items[0]["correction"], &items[1]["correction"]), (&Value::Null, &shown["id"]));
        let dump = db.count("(SELECT COUNT(*) FROM form_revisions)").await;
        assert_eq!(dump, 2, "sealed beside the case");
        let first = app.get(&office.clerk, &format!("{case}/corrections")).await.expect(200)["items"][0].clone();
        assert_eq!(first["items"][0]["after"], "青森電工", "an answer shows its own version, not the present one");
    }
);

on_both_databases!(
    /// more is charged by the difference, on an invoice of its own; each of them can be computed again (T-2).
    r87_a_corrected_answer_that_costs_more_is_charged_by_the_difference,
    async |db: TestDb| {
        let app = app(&db).await;
        let office = Office::open(&app, &db).await;
        let owing = claimed(&office).await;
        office.pays(&owing).await;
        assert_eq!(recounted(&office, &owing, 3).await["fee"], fee(25_000, 40_000));
        let open = |owed: i64, state: &str| (owed, owed, state.to_owned());
        assert_eq!(invoices(&office).await, [open(15_000, "unpaid"), open(25_000, "entrusted")]);
        replays(&app).await;
        assert_eq!(propose(&office, &owing.case).await, "201", "the fee is right, if not paid");
        let seal = async || {
            let version = app.get(&office.chief, &owing.case).await.etag();
            let path = format!("{}/approval/approve", owing.case);
            app.post_if(&office.chief, &path, &version, json!({})).await
        };
        assert_eq!(seal().await.problem(), "409 fee_not_settled");
        let list = app.get(&office.business, "/v1/me/invoices").await.expect(200);
        let rest = Owing { case: owing.case.clone(), invoice: list["items"][0]["id"].as_str().unwrap().to_owned() };
        let explained = app.get(&office.business, &rest.path("")).await.expect(200);
        let steps = explained["lines"][0]["explanation"].as_array().unwrap();
        assert!(steps.last().unwrap().as_str().unwrap().contains("25000 yen assessed before"), "{steps:?}");
        office.pays(&rest).await;
        assert_eq!(seal().await.expect(200)["application_state"], "decided");
        let mails = db.count("(SELECT COUNT(*) FROM jobs WHERE kind = 'notify_fee')").await;
        assert_eq!(mails, 1, "the payer is told of what is to be paid on top");
    }
);

on_both_databases!(
    /// less is taken off beside what was assessed; what was paid too much is proposed to go back.
    r87_a_corrected_answer_that_costs_less_is_taken_off_and_what_was_paid_goes_back,
    async |db: TestDb| {
        let app = app(&db).await;
        let office = Office::open(&app, &db).await;
        let unpaid = claimed(&office).await;
        assert_eq!(recounted(&office, &unpaid, 1).await["fee"], fee(25_000, 10_000));
        assert_eq!(invoices(&office).await, [(25_000, 10_000, "unpaid".to_owned())]);
        // It costs more again: what was assessed first, less what was taken off, plus the difference.
        assert_eq!(recounted(&office, &unpaid, 3).await["fee"], fee(10_000, 40_000));
        assert_eq!(recounted(&office, &unpaid, 2).await["fee"], fee(40_000, 25_000));
        assert_eq!(
            invoices(&office).await,
            [(30_000, 15_000, "unpaid".to_owned()), (25_000, 10_000, "unpaid".to_owned())]
        );
        assert_eq!(propose(&office, &unpaid.case).await, "201");
        replays(&app).await;

        let paid = claimed(&office).await;
        office.pays(&paid).await;
        assert_eq!(recounted(&office, &paid, 1).await["fee"], fee(25_000, 10_000));
        assert_eq!(office.proposals().await, [(paid.invoice.clone(), 15_000, "overpaid".to_owned())]);
        office.sends_back(&paid, 15_000).await;
        let state = app.get(&office.business, &paid.path("")).await.expect(200)["state"].clone();
        assert_eq!(state, "entrusted");
        assert_eq!(propose(&office, &paid.case).await, "201");
        replays(&app).await;
    }
);

on_both_databases!(
    /// a cancelled stamp is void: a fee that falls later takes nothing of it back.
    r71_a_lower_fee_takes_nothing_back_of_what_stamps_settled,
    async |db: TestDb| {
        let text = include_str!("support/procedures/corrections.yaml");
        let text = text.replace("[card, nanaco, counter]", "[card, revenue_stamp]");
        let app = TestApp::start_offering(&db, "procedures/020001/test-corrections.yaml", &text).await;
        let office = Office::open(&app, &db).await;
        let owing = claimed(&office).await;
        let stamps = json!([{ "face": 10_000, "count": 2 }, { "face": 5_000, "count": 1 }]);
        let wanted = json!({ "stamps": stamps, "cancelled_on": "2026-04-01" });
        app.post(&office.clerk, &owing.path("/stamp-uses"), wanted).await.expect(201);
        assert_eq!(recounted(&office, &owing, 1).await["fee"], fee(25_000, 10_000));
        assert_eq!(invoices(&office).await, [(25_000, 25_000, "paid".to_owned())]);
        assert_eq!(office.proposals().await, []);
        assert_eq!(propose(&office, &owing.case).await, "201");
        replays(&app).await;
    }
);

on_both_databases!(
    /// what was waived stays waived, and a waiver after the correction is of the corrected fee.
    r63_a_waiver_and_a_correction_of_one_invoice_do_not_count_twice,
    async |db: TestDb| {
        let app = app(&db).await;
        let office = Office::open(&app, &db).await;
        let all = claimed(&office).await;
        office.waived(&all, "hardship").await;
        assert_eq!(recounted(&office, &all, 1).await["fee"], fee(25_000, 10_000));
        assert_eq!(invoices(&office).await, [(25_000, 0, "waived".to_owned())]);
        assert_eq!(propose(&office, &all.case).await, "201", "nothing is left to take off, and the fee is right");

        let half = claimed(&office).await;
        recounted(&office, &half, 1).await;
        office.waived(&half, "half").await;
        assert_eq!(invoices(&office).await[0], (25_000, 5_000, "unpaid".to_owned()), "half of 10,000");
        replays(&app).await;
    }
);

on_both_databases!(
    /// what is claimed because a waiver was revoked falls with the fee, whether the whole was waived or a part.
    r65_the_claim_of_a_revoked_waiver_falls_with_the_corrected_fee,
    async |db: TestDb| {
        let app = app(&db).await;
        let office = Office::open(&app, &db).await;
        for (ground, owed_before, owed_after) in
            [("hardship", [25_000, 0], [10_000, 0]), ("half", [12_500, 12_500], [10_000, 0])]
        {
            let owing = claimed(&office).await;
            let waiver = office.waived(&owing, ground).await;
            tick(&office).await;
            let claim = revoked(&office, &owing, &waiver).await;
            let owed = async || {
                let of = async |one: &Owing| office.books(one).await.invoice.owed().amount();
                [of(&claim).await, of(&owing).await]
            };
            assert_eq!(owed().await, owed_before, "{ground}");
            assert_eq!(recounted(&office, &owing, 1).await["fee"], fee(25_000, 10_000));
            assert_eq!(owed().await, owed_after, "{ground}: together the fee of the corrected answers");
            assert_eq!(propose(&office, &owing.case).await, "201");
            office.pays(&claim).await;
            assert_eq!(office.books(&claim).await.payments[0].captured.amount(), 10_000);
        }
        replays(&app).await;
    }
);

on_both_databases!(
    /// so does what was divided off such a claim, to be set off: what it settled beyond the corrected fee goes back.
    r65_a_part_of_the_claim_of_a_revoked_waiver_falls_with_the_corrected_fee,
    async |db: TestDb| {
        let app = app(&db).await;
        let mut office = Office::open(&app, &db).await;
        let (owing, from) = (claimed(&office).await, office.owing().await);
        let waiver = office.waived(&owing, "hardship").await;
        let claim = revoked(&office, &owing, &waiver).await;
        let entry = json!({ "means": "cash", "amount": 22_000, "received_on": "2026-04-01" });
        app.post(&office.clerk, &from.path("/counter-payments"), entry).await.expect(201);
        office.waived(&from, "hardship").await;
        app.advance(SignedDuration::from_hours(24 * 35)).await;
        office.sign_in_again().await;
        let part = json!({ "claim": claim.invoice, "amount": 20_000, "refund_amount_available": 22_000 });
        let part = app.post(&office.accountant, &from.path("/set-offs"), part).await.expect(201);
        let approve = format!("/v1/tenants/{AOMORI}/refunds/{}/approve", part["refund"]["id"].as_str().unwrap());
        app.post(&office.chief, &approve, json!({})).await.expect(200);

        let items = json!([{ "pointer": "/form/count", "message": "確認してください" }]);
        let asked = json!({ "items": items, "due_on": "2026-05-20" });
        app.post(&office.clerk, &format!("{}/corrections", owing.case), asked).await.expect(201);
        answer(&office, &owing.case, json!({ "count": 1 })).await.expect(200);
        assert_eq!(last(&office, &owing.case).await["outcome"]["fee"], fee(25_000, 10_000));
        assert_eq!(office.books(&claim).await.invoice.owed().amount(), 0);
        let back = office.proposals().await;
        assert!(back.iter().any(|(_, amount, ground)| (*amount, ground.as_str()) == (10_000, "overpaid")), "{back:?}");
    }
);

on_both_databases!(
    /// an attempt that was opened over another amount is closed, and what the payer owes then is the corrected fee.
    r87_an_open_payment_over_the_old_amount_is_closed_by_the_corrected_one,
    async |db: TestDb| {
        let app = app(&db).await;
        let office = Office::open(&app, &db).await;
        let owing = claimed(&office).await;
        office.opens(&owing).await;
        recounted(&office, &owing, 1).await;
        app.until("the attempt is closed", async || {
            office.books(&owing).await.states() == ["canceled"]
        })
        .await;
        let books = office.books(&owing).await;
        assert_eq!((books.invoice.state.as_str(), books.invoice.owed().amount()), ("unpaid", 10_000));
        office.pays(&owing).await;
        assert_eq!(office.books(&owing).await.payments[1].captured.amount(), 10_000);
    }
);

on_both_databases!(
    /// The case goes to the queue that the corrected answers name; whoever asked does not see it any more.
    a_corrected_answer_that_names_another_office_moves_the_case_to_its_queue,
    async |db: TestDb| {
        let app = app(&db).await;
        let office = Office::open(&app, &db).await;
        let Owing { case, .. } = claimed(&office).await;
        let other = app.officer(AOMORI, "kankyo-hozen", Role::Clerk, "kankyo@example.jp").await;
        assert_eq!(app.get(&other, &case).await.problem(), "404 not_found");
        ask(&office, &case, &["/form/place"]).await;
        let answered = answer(&office, &case, json!({ "place": "east" })).await.expect(200);
        assert_eq!(answered["state"], "submitted", "it waits for somebody of the other office");
        assert_eq!(app.get(&office.clerk, &case).await.problem(), "404 not_found");
        let outcome = last(&office, &case).await["outcome"].clone();
        let expected = moved(&json!("kiki-shobo-hoan"), &json!("kankyo-hozen"));
        assert_eq!(outcome["department"], expected);
        let queue = "/v1/tenants/020001/departments/kankyo-hozen/queue";
        let rows = app.get(&other, queue).await.expect(200);
        assert_eq!(rows["items"].as_array().unwrap().len(), 1);
        app.post(&other, &format!("{case}/claim"), json!({})).await.expect(200);
        let timeline = app.get(&other, &format!("{case}/timeline")).await.expect(200);
        let kinds: Vec<_> = timeline["items"].as_array().unwrap().iter().map(|it| &it["kind"]).collect();
        assert!(kinds.contains(&&json!("resubmitted")), "{kinds:?}");
        // An answer that names the same office again leaves the case with its officer.
        let asked = json!({ "items": [{ "pointer": "/form/name", "message": "名称" }], "due_on": "2026-04-20" });
        app.post(&other, &format!("{case}/corrections"), asked).await.expect(201);
        let again = answer(&office, &case, json!({ "name": "八戸電工" })).await.expect(200);
        assert_eq!(again["state"], "under_review");
    }
);

on_both_databases!(
    /// the clock runs again from the day after the answer; both due dates are shown.
    r18_the_answer_resumes_the_clock_and_shows_both_due_dates,
    async |db: TestDb| {
        let app = app(&db).await;
        let mut office = Office::open(&app, &db).await;
        let owing = claimed(&office).await;
        office.pays(&owing).await;
        // Ten days from Wednesday 04-01 end on 04-15; from 04-01 to 04-06 three open days pass.
        ask(&office, &owing.case, &["/form/name"]).await;
        app.advance(SignedDuration::from_hours(24 * 5)).await;
        office.sign_in_again().await;
        answer(&office, &owing.case, json!({ "name": "青森電工" })).await.expect(200);
        let outcome = last(&office, &owing.case).await["outcome"].clone();
        assert_eq!(outcome["due_on"], moved(&json!("2026-04-15"), &json!("2026-04-20")));
        let key = crate::support::app::new_key();
        let headers = [("idempotency-key", key.as_str()), ("if-match", "\"1\"")];
        let path = format!("{}/resubmit", owing.case);
        let body = Some(json!({ "form": { "name": "x" } }));
        let twice = app.call(Method::POST, &path, Some(&office.business), &headers, body).await;
        assert_eq!(twice.problem(), "412 stale_version");
    }
);

on_both_databases!(
    /// whoever entered the answer does not see the case any more that it sent on, and a repeat still says what became of it.
    r194_a_repeated_answer_on_paper_is_told_the_same_after_it_moved_the_case,
    async |db: TestDb| {
        let app = app(&db).await;
        let clerk = app.officer(AOMORI, "kiki-shobo-hoan", Role::Clerk, "clerk@example.jp").await;
        let example = app.example(AOMORI, PROCEDURE).await;
        let mut body = paper_draft();
        (body["procedure"], body["form"]) = (json!(PROCEDURE), example["form"].clone());
        let begin = "/v1/tenants/020001/departments/kiki-shobo-hoan/applications";
        let draft = app.post(&clerk, begin, body).await.expect(201);
        let id = draft["id"].as_str().unwrap();
        for file in example["attachments"].as_array().unwrap() {
            app.attach(&clerk, AOMORI, id, file).await.expect(201);
        }
        let case = format!("{CASES}/{id}");
        app.post(&clerk, &format!("{case}/submit"), json!({})).await.expect(200);
        app.post(&clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        let asked = json!({ "items": [{ "pointer": "/form/place", "message": "確認してください" }], "due_on": "2026-04-20" });
        app.post(&clerk, &format!("{case}/corrections"), asked).await.expect(201);
        let (key, version, path) = (new_key(), app.get(&clerk, &case).await.etag(), format!("{case}/resubmit"));
        let headers = [("idempotency-key", key.as_str()), ("if-match", version.as_str())];
        let answer = json!({ "form": { "place": "east" } });
        let send = || app.call(Method::POST, &path, Some(&clerk), &headers, Some(answer.clone()));
        let first = send().await.expect(200);
        assert_eq!(app.get(&clerk, &case).await.problem(), "404 not_found", "it is another desk's now");
        let again = send().await;
        assert_eq!(again.problem(), "200 -", "{}", again.body);
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(again.body, first);
    }
);
