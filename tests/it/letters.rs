//! Whoever has no account is told by letter: what a mail would tell others is a task of the department.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::decision_changes::registered;
use crate::fee_timing::Counter;
use crate::policy_coverage::world::{DEPARTMENT, PROCEDURE, paper_draft};
use crate::support::app::{AFTER_REVIEW, AOMORI, TestApp};
use crate::support::db::TestDb;
use crate::support::repeat::everything_again;
use crate::support::smtp::{Mood, SmtpPeer};

/// What came on paper, handed in by the clerk; gives the answer of the submission.
async fn on_paper(counter: &Counter, procedure: &str) -> Value {
    let (app, clerk) = (&counter.app, &counter.clerk);
    let example = app.example(AOMORI, procedure).await;
    let mut body = paper_draft();
    body["procedure"] = json!(procedure);
    body["form"] = example["form"].clone();
    let begin = format!("/v1/tenants/{AOMORI}/departments/{DEPARTMENT}/applications");
    let draft = app.post(clerk, &begin, body).await.expect(201);
    let id = draft["id"].as_str().unwrap();
    for file in example["attachments"].as_array().unwrap() {
        app.attach(clerk, AOMORI, id, file).await.expect(201);
    }
    app.post(clerk, &format!("/v1/tenants/{AOMORI}/applications/{id}/submit"), json!({})).await.expect(200)
}

fn path(submitted: &Value) -> String {
    format!("/v1/tenants/{AOMORI}/applications/{}", submitted["id"].as_str().unwrap())
}

/// The letters that wait for the department.
async fn letters(counter: &Counter) -> Vec<Value> {
    let clerk = counter.app.sign_in("clerk@example.jp", &counter.clerk.id).await;
    let list = format!("/v1/tenants/{AOMORI}/departments/{DEPARTMENT}/tasks");
    let page = counter.app.get(&clerk, &list).await.expect(200);
    let items = page["items"].as_array().unwrap().iter().filter(|task| task["kind"] == "letter_to_send");
    items.cloned().collect()
}

/// The status of the page that a letter is printed from.
async fn page_status(counter: &Counter, letter: &Value) -> u16 {
    let (case, document) = (letter["application"].as_str().unwrap(), letter["document"].as_str().unwrap());
    let path = format!("/v1/tenants/{AOMORI}/applications/{case}/documents/{document}/page");
    let answer = counter.app.raw(Method::GET, &path).bearer_auth(&counter.clerk.token).send().await.unwrap();
    answer.status().as_u16()
}

on_both_databases!(
    /// A request and a notice to pay reach nobody by mail who came on paper: each is one letter to print, once.
    what_is_asked_of_and_owed_by_somebody_without_an_account_is_a_letter_to_print,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let (app, clerk) = (&counter.app, &counter.clerk);
        let submitted = on_paper(&counter, AFTER_REVIEW).await;
        let case = path(&submitted);
        app.post(clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        app.drain().await;
        assert_eq!(letters(&counter).await, Vec::<Value>::new(), "nothing is to be told yet");

        let items = json!([{ "pointer": "/form/place", "message": "番地まで" }]);
        let asked = json!({ "items": items, "due_on": "2026-04-20" });
        let asked = app.post(clerk, &format!("{case}/corrections"), asked).await.expect(201);
        everything_again(&db.db, async || { app.drain().await; }).await;
        let waiting = letters(&counter).await;
        let document = format!("correction_request.{}", asked["id"].as_str().unwrap());
        assert_eq!((waiting.len(), &waiting[0]["document"]), (1, &json!(document)), "{waiting:?}");
        assert_eq!((&waiting[0]["number"], page_status(&counter, &waiting[0]).await), (&submitted["number"], 200));
        let sent = format!("/v1/tenants/{AOMORI}/tasks/{}/close", waiting[0]["id"].as_str().unwrap());
        app.post(clerk, &sent, json!({ "reason": "4月1日に発送" })).await.expect(200);
        let version = app.get(clerk, &case).await.etag();
        let answer = json!({ "form": { "place": "青森市長島一丁目1番1号" } });
        app.post_if(clerk, &format!("{case}/resubmit"), &version, answer).await.expect(200);

        let fixed = counter.fix(&case, 3, false).await.expect(201);
        everything_again(&db.db, async || { app.drain().await; }).await;
        let waiting = letters(&counter).await;
        let invoice = fixed["invoice"]["id"].as_str().unwrap();
        assert_eq!((waiting.len(), &waiting[0]["document"]), (1, &json!(format!("payment_notice.{invoice}"))), "{waiting:?}");
        assert_eq!(page_status(&counter, &waiting[0]).await, 200);
        assert_eq!(std::fs::read_dir(&app.core.settings.mail.directory).unwrap().count(), 0, "nobody was mailed");
    }
);

on_both_databases!(
    /// What the office writes to somebody without an account is one letter of the work list; the message keeps what it says.
    what_the_office_writes_to_somebody_without_an_account_is_a_letter,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let (app, clerk) = (&counter.app, &counter.clerk);
        let submitted = on_paper(&counter, AFTER_REVIEW).await;
        let case = path(&submitted);
        app.post(clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        let mut written = Vec::new();
        for (kind, text) in [("message", "図面の縮尺をお知らせください。"), ("guidance_to_withdraw", "取下げをご検討ください。")] {
            let message = json!({ "kind": kind, "text": text });
            let made = app.post(clerk, &format!("{case}/messages"), message).await.expect(201);
            written.push(format!("message_written:{}:{}", submitted["id"].as_str().unwrap(), made["id"].as_str().unwrap()));
        }
        everything_again(&db.db, async || { app.drain().await; }).await;
        let waiting = letters(&counter).await;
        let mut told: Vec<_> = waiting.iter().map(|letter| letter["subject"].as_str().unwrap().to_owned()).collect();
        told.sort();
        written.sort();
        assert_eq!(told, written, "one letter a message, however often the job runs");
        assert!(waiting.iter().all(|letter| letter["document"].is_null() && letter["number"] == submitted["number"]));
        let kept = app.get(clerk, &format!("{case}/messages")).await.expect(200);
        assert!(kept["items"].to_string().contains("図面の縮尺"), "{kept}");
        assert!(!waiting.iter().any(|letter| letter.to_string().contains("縮尺")), "a list says nothing of it");
        assert_eq!(std::fs::read_dir(&app.core.settings.mail.directory).unwrap().count(), 0, "nobody was mailed");
    }
);

on_both_databases!(
    /// whoever has no account is demanded from by letter; the demand is the paper to print.
    r89_a_demand_to_somebody_without_an_account_is_a_letter_to_print,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let app = &counter.app;
        let submitted = on_paper(&counter, PROCEDURE).await;
        let invoice = submitted["invoice"]["id"].as_str().unwrap();
        app.advance(SignedDuration::from_hours(24 * 35)).await;
        let clerk = app.sign_in("clerk@example.jp", &counter.clerk.id).await;
        let demand = format!("/v1/tenants/{AOMORI}/invoices/{invoice}/demand");
        app.post(&clerk, &demand, json!({})).await.expect(201);
        everything_again(&db.db, async || { app.drain().await; }).await;
        let waiting = letters(&counter).await;
        let of_demand = |letter: &&Value| letter["subject"].as_str().unwrap().starts_with("demand_issued:");
        let told: Vec<_> = waiting.iter().filter(of_demand).map(|letter| letter["document"].clone()).collect();
        assert_eq!(told, [json!(format!("demand.{invoice}"))], "{waiting:?}");
        let path = format!("{}/documents/demand.{invoice}/page", path(&submitted));
        let page = app.raw(Method::GET, &path).bearer_auth(&clerk.token).send().await.unwrap();
        assert!(page.text().await.unwrap().contains("督促状"));
    }
);

/// 85 days before the end of what was granted on the first of April.
async fn near_the_end(counter: &Counter) {
    counter.app.advance(SignedDuration::from_hours(24 * (1_825 - 85))).await;
    for _ in 0..2 {
        counter.app.drain().await;
    }
}

on_both_databases!(
    /// a holder without an account is reminded by letter; the decision itself waits on the list of notices.
    r42_a_holder_without_an_account_is_reminded_by_letter,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let (app, clerk) = (&counter.app, &counter.clerk);
        let submitted = on_paper(&counter, PROCEDURE).await;
        let (case, invoice) = (path(&submitted), submitted["invoice"]["id"].as_str().unwrap());
        let paid = json!({ "means": "cash", "amount": submitted["invoice"]["total"], "received_on": "2026-04-01" });
        let pay = format!("/v1/tenants/{AOMORI}/invoices/{invoice}/counter-payments");
        app.post(clerk, &pay, paid).await.expect(201);
        app.post(clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        counter.propose(&case, "grant").await;
        assert_eq!(counter.seal(&case).await, "decided");
        app.drain().await;
        assert_eq!(letters(&counter).await, Vec::<Value>::new(), "the notice of the decision is on a list of its own");
        near_the_end(&counter).await;
        let waiting = letters(&counter).await;
        assert_eq!(waiting.len(), 1, "{waiting:?}");
        assert!(waiting[0]["subject"].as_str().unwrap().starts_with("renewal_due:"), "{waiting:?}");
        assert_eq!((&waiting[0]["application"], &waiting[0]["document"]), (&submitted["id"], &Value::Null));
    }
);

on_both_databases!(
    /// a reminder that is refused for good waits for somebody like any other mail.
    r42_a_reminder_that_is_refused_for_good_is_on_the_list_of_the_department,
    async |db: TestDb| {
        let peer = SmtpPeer::start();
        let app = TestApp::start_with(&db, |settings| peer.use_in(settings)).await;
        let counter = Counter::over(app).await;
        let (case, _) = registered(&counter).await;
        counter.app.drain().await;
        peer.moods([Mood::RefusesRecipient(550); 8]);
        near_the_end(&counter).await;
        let clerk = counter.app.sign_in("clerk@example.jp", &counter.clerk.id).await;
        let undelivered = format!("/v1/tenants/{AOMORI}/departments/{DEPARTMENT}/undelivered-mails");
        let page = counter.app.get(&clerk, &undelivered).await.expect(200);
        let mut reminders = page["items"].as_array().unwrap().iter().filter(|item| item["mail"] == "renewal_due");
        let lost = reminders.next().unwrap_or_else(|| panic!("{page}"));
        assert_eq!((&lost["reason"], &lost["reply_code"]), (&json!("refused"), &json!(550)));
        assert_eq!(lost["application"], case.rsplit('/').next().unwrap());
        assert!(reminders.next().is_none(), "{page}");
    }
);
