//! Days that go by: of a correction, and of the standard processing period. Nothing is decided by any of them.

use data_encoding::BASE64;
use jiff::SignedDuration;
use madoguchi::domain::id::TenantCode;
use madoguchi::domain::policy::Role;
use serde_json::{Value, json};

use crate::resubmissions::{answer, app, ask, claimed};
use crate::support::app::{AOMORI, TestApp};
use crate::support::db::TestDb;
use crate::support::repeat::everything_again;
use crate::waivers::office::Office;

const TASKS: &str = "/v1/tenants/020001/departments/kiki-shobo-hoan/tasks";
const QUEUE: &str = "/v1/tenants/020001/departments/kiki-shobo-hoan/queue";

/// Whole days go by, and the jobs of each of them run.
async fn days(app: &TestApp, office: &mut Office<'_>, days: i64) {
    for _ in 0..days {
        app.advance(SignedDuration::from_hours(24)).await;
        app.drain().await;
    }
    office.sign_in_again().await;
}

/// The bodies of all mails so far that say this.
fn mails(app: &TestApp, word: &str) -> Vec<String> {
    let folder = std::fs::read_dir(&app.core.settings.mail.directory).unwrap();
    let body = |text: String| {
        let (_, encoded) = text.split_once("\r\n\r\n").unwrap();
        String::from_utf8(BASE64.decode(encoded.replace("\r\n", "").as_bytes()).unwrap()).unwrap()
    };
    let texts = folder.map(|file| body(std::fs::read_to_string(file.unwrap().path()).unwrap()));
    texts.filter(|text| text.contains(word)).collect()
}

async fn listed(office: &Office<'_>, state: &str) -> Vec<Value> {
    let page = office.app.get(&office.clerk, &format!("{TASKS}?state={state}")).await.expect(200);
    page["items"].as_array().unwrap().clone()
}

async fn kinds(office: &Office<'_>, case: &str) -> Vec<String> {
    let timeline = office.app.get(&office.clerk, &format!("{case}/timeline")).await.expect(200);
    let items = timeline["items"].as_array().unwrap().iter();
    items.map(|item| item["kind"].as_str().unwrap().to_owned()).collect()
}

on_both_databases!(
    /// missing the day makes one task and one mail; nothing is withdrawn, no state changes, and an answer still counts.
    r11_a_missed_correction_is_a_task_and_never_a_withdrawal,
    async |db: TestDb| {
        let app = app(&db).await;
        let mut office = Office::open(&app, &db).await;
        let case = claimed(&office).await.case;
        let asked = ask(&office, &case, &["/form/name"]).await;
        days(&app, &mut office, 19).await;
        assert_eq!(listed(&office, "open").await, Vec::<Value>::new(), "on the day itself it is not missed");
        days(&app, &mut office, 3).await;
        let tasks = listed(&office, "open").await;
        assert_eq!(tasks.len(), 1, "{tasks:?}");
        assert_eq!((&tasks[0]["kind"], &tasks[0]["subject"]), (&json!("correction_missed"), &asked["id"]));
        assert_eq!(tasks[0]["due_on"], "2026-04-20");
        let shown = app.get(&office.business, &case).await.expect(200);
        assert_eq!(shown["state"], "correction_requested", "nothing moved");
        assert_eq!(mails(&app, "The day for your answer").len(), 1);
        let row = app.get(&office.clerk, &format!("{QUEUE}?task=open")).await.expect(200);
        assert_eq!((row["items"].as_array().unwrap().len(), &row["items"][0]["open_task"]), (1, &json!("correction_missed")));
        assert_eq!(app.get(&office.clerk, &format!("{QUEUE}?task=x")).await.problem(), "422 validation_failed");

        // Everything again, and out of order: one task, one event, one mail.
        let before = kinds(&office, &case).await;
        everything_again(&db.db, async || { app.drain().await; }).await;
        days(&app, &mut office, 1).await;
        assert_eq!(kinds(&office, &case).await, before);
        assert_eq!(before.iter().filter(|kind| *kind == "correction_missed").count(), 1);
        assert_eq!(listed(&office, "open").await.len(), 1);
        let told = "(SELECT COUNT(*) FROM jobs WHERE kind = 'notify_missed_correction')";
        assert_eq!(db.count(told).await, 1);

        answer(&office, &case, json!({ "name": "青森電工" })).await.expect(200);
        assert_eq!(listed(&office, "open").await, Vec::<Value>::new());
        assert_eq!(listed(&office, "ended").await[0]["state"], "answered");
        let none = app.get(&office.clerk, &format!("{QUEUE}?task=open")).await.expect(200);
        assert_eq!(none["items"], json!([]));
    }
);

on_both_databases!(
    /// A task ends when the applicant takes the case back, and when somebody of the office says why it needs no more.
    r11_a_task_ends_with_the_case_or_by_an_officer_with_a_reason,
    async |db: TestDb| {
        let app = app(&db).await;
        let mut office = Office::open(&app, &db).await;
        let (taken_back, kept) = (claimed(&office).await.case, claimed(&office).await.case);
        for case in [&taken_back, &kept] {
            ask(&office, case, &["/form/name"]).await;
        }
        days(&app, &mut office, 20).await;
        let tasks = listed(&office, "open").await;
        assert_eq!(tasks.len(), 2);
        app.post(&office.business, &format!("{taken_back}/withdraw"), json!({})).await.expect(200);
        let left = listed(&office, "open").await;
        assert_eq!(left.len(), 1);
        assert!(kept.ends_with(left[0]["application"].as_str().unwrap()));

        let close = format!("/v1/tenants/020001/tasks/{}/close", left[0]["id"].as_str().unwrap());
        assert_eq!(app.post(&office.clerk, &close, json!({ "reason": " " })).await.problem(), "422 validation_failed");
        let why = json!({ "reason": "電話で確認し、来週の提出を約した。" });
        let closed = app.post(&office.clerk, &close, why.clone()).await.expect(200);
        assert_eq!((&closed["state"], &closed["reason"]), (&json!("closed"), &why["reason"]));
        assert_eq!(closed["ended_by"], json!(office.clerk.id));
        assert_eq!(app.post(&office.clerk, &close, why.clone()).await.problem(), "409 task_ended");
        assert_eq!(app.post(&office.business, &close, why.clone()).await.problem(), "403 forbidden");
        let stranger = app.officer(AOMORI, "kendo-doro", Role::Clerk, "doro@example.jp").await;
        assert_eq!(app.post(&stranger, &close, why.clone()).await.problem(), "404 not_found");
        assert_eq!(app.get(&office.business, &kept).await.expect(200)["state"], "correction_requested");
        // The closed one does not come back, and what was closed is read by the office alone.
        days(&app, &mut office, 2).await;
        assert_eq!(listed(&office, "open").await, Vec::<Value>::new());
        let ended: Vec<_> = listed(&office, "ended").await.iter().map(|task| task["state"].clone()).collect();
        assert_eq!(ended.len(), 2);
        assert!(ended.contains(&json!("case_ended")) && ended.contains(&json!("closed")), "{ended:?}");
        let own = app.get(&office.business, &format!("{kept}/timeline")).await.expect(200);
        let closing = own["items"].as_array().unwrap().iter().find(|item| item["kind"] == "task_closed").unwrap();
        assert_eq!(closing["facts"], Value::Null);
    }
);

on_both_databases!(
    /// R-11, 行政手続法7条: the office ends a request that nobody answered, with a reason the applicant reads, and can refuse then; the
    /// clock stood still until that day.
    r11_the_office_ends_an_unanswered_request_and_decides,
    async |db: TestDb| {
        let app = app(&db).await;
        let mut office = Office::open(&app, &db).await;
        let owing = claimed(&office).await;
        office.pays(&owing).await;
        let case = owing.case;
        let asked = ask(&office, &case, &["/form/name"]).await;
        days(&app, &mut office, 21).await;
        assert_eq!(listed(&office, "open").await.len(), 1);
        let end = format!("{case}/corrections/{}/end", asked["id"].as_str().unwrap());
        let why = json!({ "reason": "期限までに補正がなかったため、審査を再開します。" });
        assert_eq!(app.post(&office.clerk, &end, json!({ "reason": " " })).await.problem(), "422 validation_failed");
        assert_eq!(app.post(&office.business, &end, why.clone()).await.problem(), "403 forbidden");
        let colleague = app.officer(AOMORI, "kiki-shobo-hoan", Role::Clerk, "sato@example.jp").await;
        assert_eq!(app.post(&colleague, &end, why.clone()).await.problem(), "403 forbidden");
        let other = format!("{case}/corrections/{}/end", crate::support::app::new_key());
        assert_eq!(app.post(&office.clerk, &other, why.clone()).await.problem(), "404 not_found");
        let ended = app.post(&office.clerk, &end, why.clone()).await.expect(200);
        assert_eq!((&ended["state"], &ended["end_reason"]), (&json!("closed"), &why["reason"]));
        assert_eq!(app.post(&office.chief, &end, why.clone()).await.problem(), "409 wrong_state");
        let shown = app.get(&office.business, &case).await.expect(200);
        assert_eq!((&shown["state"], &shown["due_on"]), (&json!("under_review"), &json!("2026-05-12")));
        let list = app.get(&office.business, &format!("{case}/corrections")).await.expect(200);
        let item = &list["items"][0];
        assert_eq!((&item["end_reason"], &item["answered_at"]), (&why["reason"], &Value::Null));
        assert_eq!(item["items"][0]["before"], "ねぶた電工");
        let clock = app.get(&office.business, &format!("{case}/clock")).await.expect(200);
        let pause = clock["pauses"].as_array().unwrap().iter().find(|it| it["reason"] == "correction").unwrap();
        assert_eq!((&pause["asked_on"], &pause["answered_on"]), (&json!("2026-04-01"), &json!("2026-04-22")));
        let task = &listed(&office, "ended").await[0];
        assert_eq!((&task["state"], &task["reason"]), (&json!("closed"), &why["reason"]));
        everything_again(&db.db, async || { app.drain().await; }).await;
        assert_eq!(mails(&app, "no answer is needed").len(), 1);
        let late = answer(&office, &case, json!({ "name": "青森電工" })).await;
        assert_eq!(late.problem(), "409 wrong_state", "what is not asked any more is not answered");
        assert!(kinds(&office, &case).await.contains(&"question_ended".to_owned()));

        let reasons = json!([{ "fact": "補正がない", "clause": "第3条第1項", "criterion": "審査基準第1" }]);
        let refuse = json!({ "decision": "refuse", "reasons": reasons, "conditions": [] });
        let version = app.get(&office.clerk, &case).await.etag();
        app.post_if(&office.clerk, &format!("{case}/proposal"), &version, refuse).await.expect(201);
        let version = app.get(&office.chief, &case).await.etag();
        let sealed = app.post_if(&office.chief, &format!("{case}/approval/approve"), &version, json!({})).await;
        assert_eq!(sealed.expect(200)["application_state"], "decided");
    }
);

on_both_databases!(
    /// an inquiry that nobody answers, or that was a mistake, keeps no notification open; a superior may end it, too.
    r2_an_inquiry_is_ended_by_a_superior_and_the_notification_closed,
    async |db: TestDb| {
        let app = app(&db).await;
        let office = Office::open(&app, &db).await;
        let submitted = app.submitted(&office.business, AOMORI, "denki-koji-henko-todoke").await;
        let case = format!("/v1/tenants/020001/applications/{}", submitted["id"].as_str().unwrap());
        app.post(&office.clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        let asked = ask(&office, &case, &["/form/before"]).await;
        assert_eq!(app.post(&office.clerk, &format!("{case}/close"), json!({})).await.problem(), "409 wrong_state");
        let end = format!("{case}/corrections/{}/end", asked["id"].as_str().unwrap());
        app.post(&office.chief, &end, json!({ "reason": "誤って照会したため" })).await.expect(200);
        let again = ask(&office, &case, &["/form/before"]).await;
        assert_ne!(again["id"], asked["id"], "it can be asked anew");
        assert_eq!(app.post(&office.clerk, &end, json!({ "reason": "x" })).await.problem(), "404 not_found");
        let end = format!("{case}/corrections/{}/end", again["id"].as_str().unwrap());
        app.post(&office.clerk, &end, json!({ "reason": "電話で確認したため" })).await.expect(200);
        let closed = app.post(&office.clerk, &format!("{case}/close"), json!({})).await.expect(200);
        assert_eq!(closed["state"], "closed");
    }
);

async fn forecast(office: &Office<'_>, case: &str) -> Value {
    office.app.get(&office.business, &format!("{case}/forecast")).await.expect(200)
}

fn awaited(forecast: &Value) -> Vec<String> {
    let items = forecast["awaited"].as_array().unwrap().iter();
    items.map(|it| format!("{} {}", it["what"].as_str().unwrap(), it["whom"].as_str().unwrap())).collect()
}

on_both_databases!(
    /// R-14, 行政手続法9条: state, what is awaited from whom, and the day, or honestly that it is not known and why.
    r14_the_forecast_names_a_day_or_says_what_would_make_it_known,
    async |db: TestDb| {
        let app = app(&db).await;
        let mut office = Office::open(&app, &db).await;
        let draft = app.draft(&office.business, AOMORI, crate::resubmissions::PROCEDURE).await;
        let draft = forecast(&office, &format!("/v1/tenants/020001/applications/{draft}")).await;
        assert_eq!((&draft["certainty"], awaited(&draft)), (&json!("not_arrived"), vec!["hand_in applicant".to_owned()]));

        let owing = claimed(&office).await;
        let case = owing.case.clone();
        let unpaid = forecast(&office, &case).await;
        assert_eq!((&unpaid["certainty"], &unpaid["expected_on"]), (&json!("paused"), &Value::Null));
        assert_eq!(awaited(&unpaid), ["payment applicant", "review office"]);
        assert_eq!(unpaid["if_answered_today"], "2026-04-15");
        assert!(unpaid["text"]["en"].as_str().unwrap().ends_with("once the fee has been paid."));
        office.pays(&owing).await;
        let running = forecast(&office, &case).await;
        assert_eq!((&running["certainty"], &running["expected_on"]), (&json!("expected"), &json!("2026-04-15")));
        assert_eq!((awaited(&running), &running["if_answered_today"]), (vec!["review office".to_owned()], &Value::Null));
        assert_eq!(running["state_text"]["ja"], "担当課で審査しています。");
        let lines = running["lines"].as_array().unwrap();
        assert_eq!(lines.last().unwrap()["text"], "2026-04-13 to 2026-04-15: counted (10 so far)");
        assert_eq!(app.get(&office.clerk, &format!("{case}/forecast")).await.expect(200), running);

        ask(&office, &case, &["/form/name"]).await;
        days(&app, &mut office, 2).await;
        let asked = forecast(&office, &case).await;
        assert_eq!((&asked["certainty"], &asked["expected_on"]), (&json!("paused"), &Value::Null));
        assert_eq!(awaited(&asked), ["answer applicant"]);
        let text = asked["text"]["en"].as_str().unwrap();
        assert!(text.contains("not known") && text.ends_with("once your answer has come."), "{text}");
        answer(&office, &case, json!({ "name": "青森電工" })).await.expect(200);
        assert_eq!(forecast(&office, &case).await["expected_on"], "2026-04-17", "two open days were waited");
        app.post(&office.business, &format!("{case}/withdraw"), json!({})).await.expect(200);
        let ended = forecast(&office, &case).await;
        assert_eq!((&ended["certainty"], awaited(&ended)), (&json!("ended"), Vec::new()));
    }
);

/// Which levels were told of a case, by its events.
async fn levels(office: &Office<'_>, case: &str) -> Vec<String> {
    let timeline = office.app.get(&office.clerk, &format!("{case}/timeline")).await.expect(200);
    let items = timeline["items"].as_array().unwrap().iter();
    let escalated = items.filter(|item| item["kind"] == "deadline_escalated");
    escalated.map(|item| item["facts"]["level"].as_str().unwrap().to_owned()).collect()
}

on_both_databases!(
    /// being late is told once a case and level, while the clock runs, and decides nothing.
    r19_an_overdue_case_is_told_level_by_level_once_and_nothing_is_decided,
    async |db: TestDb| {
        let app = app(&db).await;
        let mut office = Office::open(&app, &db).await;
        app.officer(AOMORI, "kiki-kanri", Role::Director, "kyokucho@example.jp").await;
        app.officer(AOMORI, "kankyo-energy", Role::Director, "other@example.jp").await;
        let (paid, unpaid) = (claimed(&office).await, claimed(&office).await);
        office.pays(&paid).await;
        days(&app, &mut office, 14).await;
        assert_eq!(levels(&office, &paid.case).await, Vec::<String>::new(), "due on 04-15, which is today");
        days(&app, &mut office, 1).await;
        assert_eq!(levels(&office, &paid.case).await, ["due"]);
        assert_eq!(mails(&app, "is overdue").len(), 2, "the assignee and the section chief");
        // Five open days after Wednesday 04-15 is 04-22.
        days(&app, &mut office, 5).await;
        assert_eq!(levels(&office, &paid.case).await, ["due"]);
        days(&app, &mut office, 1).await;
        assert_eq!(levels(&office, &paid.case).await, ["due", "late"]);
        assert_eq!(mails(&app, "is overdue").len(), 4, "the chief again, and the director of the bureau");
        everything_again(&db.db, async || { app.drain().await; }).await;
        days(&app, &mut office, 2).await;
        assert_eq!(levels(&office, &paid.case).await, ["due", "late"]);
        assert_eq!(mails(&app, "is overdue").len(), 4);
        assert_eq!(db.count("(SELECT COUNT(*) FROM escalations)").await, 2);
        assert_eq!(levels(&office, &unpaid.case).await, Vec::<String>::new(), "its clock waits for the fee");
        for case in [&paid.case, &unpaid.case] {
            assert_eq!(app.get(&office.business, case).await.expect(200)["state"], "under_review");
        }
        let own = app.get(&office.business, &format!("{}/timeline", paid.case)).await.expect(200);
        let told = own["items"].as_array().unwrap().iter().find(|item| item["kind"] == "deadline_escalated").unwrap();
        assert_eq!(told["facts"], Value::Null, "who was told is the office's own");
        let late = forecast(&office, &paid.case).await;
        assert_eq!((&late["certainty"], &late["expected_on"]), (&json!("overdue"), &Value::Null));
    }
);

on_both_databases!(
    /// a pause that was recorded late gives an overdue case another due date; whoever was told is told again when that
    /// one is over, and not while the clock stands still.
    r19_a_case_that_is_overdue_a_second_time_is_told_again,
    async |db: TestDb| {
        let app = app(&db).await;
        let mut office = Office::open(&app, &db).await;
        let late = claimed(&office).await;
        office.pays(&late).await;
        days(&app, &mut office, 15).await;
        assert_eq!(levels(&office, &late.case).await, ["due"], "due on 04-15");
        let pause = json!({ "reason": "extra_documents", "asked_on": "2026-04-13", "note": "図面の追加" });
        let pause = app.post(&office.clerk, &format!("{}/clock-pauses", late.case), pause).await.expect(201);
        days(&app, &mut office, 10).await;
        assert_eq!(levels(&office, &late.case).await, ["due"], "the clock stands still");
        let end = format!("/v1/tenants/020001/clock-pauses/{}/end", pause["id"].as_str().unwrap());
        app.post(&office.clerk, &end, json!({ "ended_on": "2026-04-24" })).await.expect(200);
        let due_on = app.get(&office.business, &late.case).await.expect(200)["due_on"].clone();
        assert_eq!(due_on, "2026-04-28", "two open days after Friday 04-24");
        days(&app, &mut office, 2).await;
        assert_eq!(levels(&office, &late.case).await, ["due"], "04-28 is not over");
        days(&app, &mut office, 1).await;
        assert_eq!(levels(&office, &late.case).await, ["due", "due"]);
        assert_eq!(mails(&app, "is overdue").len(), 4, "the assignee and the section chief, twice");
        everything_again(&db.db, async || { app.drain().await; }).await;
        assert_eq!(db.count("(SELECT COUNT(*) FROM escalations)").await, 2);
        assert_eq!(mails(&app, "is overdue").len(), 4);
    }
);

on_both_databases!(
    /// why it takes longer is recorded for good with a new day, told to the applicant, and shown with clock and forecast.
    r19_a_delay_is_recorded_with_a_reason_and_a_day_and_told_to_the_applicant,
    async |db: TestDb| {
        let app = app(&db).await;
        let mut office = Office::open(&app, &db).await;
        let owing = claimed(&office).await;
        office.pays(&owing).await;
        days(&app, &mut office, 16).await;
        let path = format!("{}/delay-reasons", owing.case);
        let wrong = app.post(&office.clerk, &path, json!({ "reason": "", "expected_on": "2026-04-15" })).await;
        let codes: Vec<_> = wrong.body["errors"].as_array().unwrap().iter().map(|it| it["code"].clone()).collect();
        assert_eq!((wrong.problem().as_str(), codes), ("422 validation_failed", vec![json!("length"), json!("not_later")]));
        let past = app.post(&office.clerk, &path, json!({ "reason": "x", "expected_on": "2026-04-16" })).await;
        assert_eq!(past.body["errors"][0]["code"], "not_future");
        let why = json!({ "reason": "現地調査の日程調整に時間を要しています。", "expected_on": "2026-04-30" });
        assert_eq!(app.post(&office.business, &path, why.clone()).await.problem(), "403 forbidden");
        let made = app.post(&office.clerk, &path, why.clone()).await.expect(201);
        assert_eq!((&made["due_on"], &made["reason"]), (&json!("2026-04-15"), &why["reason"]));
        app.drain().await;
        assert_eq!(mails(&app, "is expected to take longer").len(), 1);
        let shown = forecast(&office, &owing.case).await;
        assert_eq!((&shown["certainty"], &shown["expected_on"]), (&json!("delayed"), &json!("2026-04-30")));
        assert_eq!(shown["delay"], made);
        let clock = app.get(&office.business, &format!("{}/clock", owing.case)).await.expect(200);
        assert_eq!((&clock["due_on"], &clock["delays"]), (&json!("2026-04-15"), &json!([made])));
        app.advance(SignedDuration::from_secs(1)).await;
        let later = json!({ "reason": "関係機関との協議のため", "expected_on": "2026-05-20" });
        app.post(&office.clerk, &path, later).await.expect(201);
        let all = app.get(&office.business, &path).await.expect(200);
        assert_eq!((all["items"].as_array().unwrap().len(), &all["items"][0]), (2, &made), "nothing is rewritten");
        days(&app, &mut office, 35).await;
        assert_eq!(forecast(&office, &owing.case).await["certainty"], "overdue", "the second day is over, too");
        app.post(&office.business, &format!("{}/withdraw", owing.case), json!({})).await.expect(200);
        assert_eq!(app.post(&office.clerk, &path, why).await.problem(), "409 no_period_runs");
    }
);

/// every body that the shipped configuration describes tells its people of overdue cases, and says that nobody confirmed how.
#[test]
fn r19_every_shipped_body_has_levels_of_overdue_cases() {
    let catalogue = crate::support::catalogue::shipped();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/tenants");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let codes: Vec<String> =
        files.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(codes.len(), 5, "{codes:?}");
    for code in codes {
        let body = catalogue.tenant(&TenantCode::parse(&code).unwrap()).unwrap();
        let levels = &body.definition.escalation;
        let found: Vec<_> = levels.iter().map(|level| (level.code.as_str(), level.after_open_days)).collect();
        assert_eq!(found, [("due", 0), ("late", 5)], "{code}");
        assert!(levels.iter().all(|level| level.sample && !level.source.is_empty()), "{code}");
    }
}
