//! The officer who has a case: who is told when that officer has left (T-7), how long the case is that officer's alone, and what of it a
//! party reads.

use data_encoding::BASE64;
use jiff::{SignedDuration, civil};
use madoguchi::domain::policy::Role;
use serde_json::{Value, json};

use crate::approval_routes::posted;
use crate::policy_coverage::world::DEPARTMENT;
use crate::resubmissions::{answer, app, ask, claimed};
use crate::support::app::{AOMORI, Person, TestApp};
use crate::support::db::TestDb;
use crate::waivers::office::Office;

/// How many mails about this went to an address.
fn mails_to(app: &TestApp, address: &str, word: &str) -> usize {
    let folder = std::fs::read_dir(&app.core.settings.mail.directory).unwrap();
    let texts = folder.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let says = |text: &String| {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let body = String::from_utf8(BASE64.decode(body.replace("\r\n", "").as_bytes()).unwrap()).unwrap();
        head.contains(address) && body.contains(word)
    };
    texts.filter(says).count()
}

/// A case whose fee is paid, given to this officer of the department.
async fn given_to(office: &Office<'_>, officer: &Person) -> String {
    let owing = claimed(office).await;
    office.pays(&owing).await;
    let to = json!({ "officer": officer.id });
    office.app.post(&office.chief, &format!("{}/assign", owing.case), to).await.expect(200);
    owing.case
}

async fn days(office: &mut Office<'_>, days: i64) {
    for _ in 0..days {
        office.app.advance(SignedDuration::from_hours(24)).await;
        office.app.drain().await;
    }
    office.sign_in_again().await;
}

on_both_databases!(
    /// T-7, R-126, R-130: an officer who has left the department is told nothing of its cases; whoever leads it is told instead.
    t7_whoever_leads_the_department_is_told_of_the_case_of_an_officer_who_left,
    async |db: TestDb| {
        let app = app(&db).await;
        let mut office = Office::open(&app, &db).await;
        let (from, last) = (civil::date(2025, 4, 1), civil::date(2026, 4, 10));
        let leaver = posted(&app, Role::Clerk, "leaver@example.jp", from, Some(last)).await;
        let case = given_to(&office, &leaver).await;
        let written = async |office: &Office<'_>, text: &str| {
            app.post(&office.business, &format!("{case}/messages"), json!({ "text": text })).await.expect(201);
            app.drain().await;
            let told = "A message about the application";
            (mails_to(&app, "leaver@example.jp", told), mails_to(&app, "chief@example.jp", told))
        };
        assert_eq!(written(&office, "いつ頃になりますか。").await, (1, 0));
        days(&mut office, 10).await;
        assert_eq!(written(&office, "その後いかがでしょうか。").await, (1, 1), "the post ended yesterday");

        // Due on 15 April: the report goes to the assignee and to the chief, who is now both.
        days(&mut office, 5).await;
        let told = "is overdue";
        assert_eq!((mails_to(&app, "leaver@example.jp", told), mails_to(&app, "chief@example.jp", told)), (0, 1));
        assert_eq!(db.count("(SELECT COUNT(*) FROM jobs WHERE kind = 'notify_escalation')").await, 1);
    }
);

/// The facts of the events of a kind, as somebody reads them.
async fn told(office: &Office<'_>, who: &Person, case: &str, kind: &str) -> Vec<Value> {
    let timeline = office.app.get(who, &format!("{case}/timeline")).await.expect(200);
    let items = timeline["items"].as_array().unwrap().iter();
    items.filter(|item| item["kind"] == kind).map(|item| item["facts"].clone()).collect()
}

on_both_databases!(
    /// Who works on a case and why, and what the agent kept back, a party reads nowhere; that records are held, not even as an event.
    what_is_the_offices_own_stands_in_no_partys_timeline,
    async |db: TestDb| {
        let app = app(&db).await;
        let office = Office::open(&app, &db).await;
        let case = claimed(&office).await.case;
        app.post(&office.chief, &format!("{case}/takeover"), json!({})).await.expect(200);
        let hold = json!({ "ground": "litigation", "from_on": "2026-04-01", "note": "国家賠償請求のおそれ" });
        let hold = app.post(&office.chief, &format!("{case}/record-holds"), hold).await.expect(201);
        let release = format!("/v1/tenants/020001/record-holds/{}/release", hold["id"].as_str().unwrap());
        app.post(&office.chief, &release, json!({ "reason": "終結" })).await.expect(200);
        let of_clerk = told(&office, &office.clerk, &case, "taken_over").await;
        assert_eq!((of_clerk.len(), &of_clerk[0]["ground"]), (1, &json!("superior")));
        assert_eq!(told(&office, &office.business, &case, "taken_over").await, [Value::Null], "that it happened, not why");
        for kind in ["record_hold_placed", "record_hold_released"] {
            assert_eq!(told(&office, &office.clerk, &case, kind).await.len(), 1, "{kind}");
            assert_eq!(told(&office, &office.business, &case, kind).await, Vec::<Value>::new(), "{kind}");
        }
    }
);

/// The last day on which the case is its holder's alone, as the queue says.
async fn claimed_until(office: &Office<'_>) -> Value {
    let queue = "/v1/tenants/020001/departments/kiki-shobo-hoan/queue";
    office.app.get(&office.chief, queue).await.expect(200)["items"][0]["claimed_until"].clone()
}

on_both_databases!(
    /// T-7: a claim lasts from the last work of its holder. What others do to the case keeps it from no colleague.
    t7_a_claim_is_prolonged_by_its_holder_alone_and_by_what_comes_back_to_the_desk,
    async |db: TestDb| {
        let app = app(&db).await;
        let mut office = Office::open(&app, &db).await;
        let colleague = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "colleague@example.jp").await;
        let case = claimed(&office).await.case;
        let note = |text: &str| json!({ "text": text });
        assert_eq!(claimed_until(&office).await, "2026-04-08", "five working days after the first of April");
        days(&mut office, 1).await;
        app.post(&office.clerk, &format!("{case}/notes"), note("図面を確認中")).await.expect(201);
        assert_eq!(claimed_until(&office).await, "2026-04-09", "the holder works on it");
        days(&mut office, 5).await;
        app.post(&office.business, &format!("{case}/messages"), json!({ "text": "進み具合はいかがですか。" })).await.expect(201);
        app.post(&office.chief, &format!("{case}/notes"), note("急ぎの案件")).await.expect(201);
        assert_eq!(claimed_until(&office).await, "2026-04-09", "and nobody else");
        days(&mut office, 3).await;
        let colleague = app.sign_in("colleague@example.jp", &colleague.id).await;
        app.post(&colleague, &format!("{case}/takeover"), json!({})).await.expect(200);
        assert_eq!(claimed_until(&office).await, "2026-04-17");

        // While the applicant is waited for the holder can do nothing: the days begin anew with the answer.
        office.clerk = colleague.clone();
        ask(&office, &case, &["/form/name"]).await;
        days(&mut office, 9).await;
        answer(&office, &case, json!({ "name": "青森電工" })).await.expect(200);
        assert_eq!(claimed_until(&office).await, "2026-04-24", "answered on Sunday the 19th");
    }
);
