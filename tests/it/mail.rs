//! Mail over a real connection: once, recognisable when repeated, and never lost without a word.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use madoguchi::config::{Settings, SmtpTls};
use madoguchi::domain::case_mail::CaseMail;
use madoguchi::domain::id::{CorrectionId, OfficerId, TenantCode};
use madoguchi::domain::policy::Role;
use madoguchi::store::corrections::CorrectionRow;
use madoguchi::store::sql::{IsoDate, Micros};
use madoguchi::store::{StoreError, corrections, jobs};
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::policy_coverage::world::{DEPARTMENT, PROCEDURE};
use crate::support::app::{AOMORI, Person, TestApp, new_key};
use crate::support::db::TestDb;
use crate::support::smtp::{LOGIN, Mood, SmtpPeer};
use crate::support::traces::traces;

/// The jobs that mail about a case.
const JOBS: [(&str, CaseMail); 19] = [
    ("notify_decision", CaseMail::DecisionMade),
    ("notify_fee", CaseMail::FeeFixed),
    ("notify_receipt", CaseMail::ReceiptIssued),
    ("notify_refund", CaseMail::RefundDecided),
    ("notify_overpaid", CaseMail::RefundTold),
    ("notify_set_off", CaseMail::SetOffDecided),
    ("notify_waiver", CaseMail::WaiverDecided),
    ("notify_demand", CaseMail::DemandIssued),
    ("notify_charge", CaseMail::ChargeAssessed),
    ("notify_question", CaseMail::QuestionAsked),
    ("notify_question_ended", CaseMail::QuestionEnded),
    ("notify_message", CaseMail::MessageWritten),
    ("notify_inspection", CaseMail::InspectionArranged),
    ("notify_transfer", CaseMail::CaseTransferred),
    ("notify_move", CaseMail::CaseMoved),
    ("notify_missed_correction", CaseMail::CorrectionMissed),
    ("notify_pause", CaseMail::ClockStopped),
    ("notify_delay", CaseMail::DecisionDelayed),
    ("notify_contract", CaseMail::ContractMoved),
];

const LIST: &str = "/v1/tenants/020001/departments/kiki-shobo-hoan/undelivered-mails";

struct Scene {
    peer: SmtpPeer,
    app: TestApp,
    clerk: Person,
    case: String,
    number: String,
}

impl Scene {
    async fn set(db: &TestDb, change: impl FnOnce(&mut Settings)) -> Self {
        let peer = SmtpPeer::start();
        let app = TestApp::start_with(db, |settings| {
            peer.use_in(settings);
            change(settings);
        })
        .await;
        let business = app.register("business@example.jp", "business").await;
        let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
        let submitted = app.submitted(&business, AOMORI, PROCEDURE).await;
        let (case, number) = (submitted["id"].as_str().unwrap(), submitted["number"].as_str().unwrap());
        app.drain().await;
        assert_eq!(peer.commands(), Vec::<String>::new(), "nothing to mail yet");
        Self { case: case.to_owned(), number: number.to_owned(), peer, app, clerk }
    }

    /// Asks for a mail, as the transaction of a change does.
    async fn ask(&self, db: &TestDb, kind: &'static str) {
        let mut subject = self.case.clone();
        if kind == "notify_missed_correction" {
            // This one is told only while the answer is awaited.
            let correction = self.asked(db).await;
            subject = format!("{subject}:{correction}");
        }
        let enqueue = move |tx: &mut madoguchi::store::Tx<'_>| {
            let now = tx.now();
            jobs::enqueue(tx, AOMORI, kind, &subject, now)
        };
        db.db.write_alone::<_, StoreError>(vec![], enqueue).await.unwrap();
    }

    /// A request that waits for its answer; the same one each time.
    async fn asked(&self, db: &TestDb) -> CorrectionId {
        let (tenant, id) = (TenantCode::parse(AOMORI).unwrap(), CorrectionId(uuid::Uuid::from_u128(1)));
        let row = CorrectionRow {
            tenant_id: tenant.clone(),
            id,
            application_id: self.case.parse().unwrap(),
            kind: "correction".to_owned(),
            state: "open".to_owned(),
            sealed_items: Vec::new(),
            due_on: IsoDate(jiff::civil::date(2026, 3, 31)),
            requested_by: OfficerId(uuid::Uuid::from_u128(2)),
            requested_at: Micros(jiff::Timestamp::UNIX_EPOCH),
            answered_at: None,
            attachments_before: None,
            ended_at: None,
            ended_by: None,
            sealed_end_reason: None,
        };
        let insert = move |tx: &mut madoguchi::store::Tx<'_>| match corrections::find(tx, &tenant, id)? {
            Some(_) => Ok(id),
            None => corrections::insert(tx, &row).map(|()| id),
        };
        db.db.write_alone::<_, StoreError>(vec![], insert).await.unwrap()
    }

    async fn list(&self) -> Vec<Value> {
        // The clock may have moved since the clerk signed in.
        let clerk = self.app.sign_in("clerk@example.jp", &self.clerk.id).await;
        let page = self.app.get(&clerk, LIST).await.expect(200);
        page["items"].as_array().unwrap().clone()
    }

    async fn later(&self, seconds: i64) {
        self.app.clock.advance(SignedDuration::from_secs(seconds));
        self.app.drain().await;
    }
}

on_both_databases!(
    /// Every template, in both languages; the subject is the same for everybody, so it holds nothing personal.
    every_mail_leaves_once_and_no_subject_holds_personal_data,
    async |db: TestDb| {
        let scene = Scene::set(&db, |_| {}).await;
        for (kind, _) in JOBS {
            scene.ask(&db, kind).await;
            scene.ask(&db, kind).await;
        }
        assert_eq!(JOBS.map(|(_, mail)| mail), CaseMail::ALL, "every template is here");
        scene.app.drain().await;
        scene.later(600).await;
        let received = scene.peer.received();
        let subjects: BTreeSet<String> = received.iter().map(|mail| mail.header("Subject")).collect();
        let expected = CaseMail::ALL.map(|mail| mail.subject().to_owned());
        assert_eq!((received.len(), subjects), (CaseMail::ALL.len(), BTreeSet::from(expected)));
        for mail in &received {
            assert_eq!((mail.from.as_str(), mail.to.as_slice()), ("madoguchi@localhost", &["business@example.jp".to_owned()][..]));
            assert!(mail.text.is_ascii() && mail.text.split("\r\n").all(|line| line.len() <= 78), "{}", mail.text);
            let head: Vec<&str> = mail.text.split("\r\n\r\n").next().unwrap().split("\r\n").collect();
            let open = head.into_iter().filter(|line| !line.starts_with("To: ")).collect::<String>() + &mail.header("Subject");
            for personal in ["工藤", "太郎", "business@example.jp", scene.number.as_str()] {
                assert!(!open.contains(personal), "{personal} in {open}");
            }
            let body = mail.body();
            assert_eq!(body.matches(&scene.number).count(), 2, "once in Japanese, once in English: {body}");
            assert!(body.contains("サインイン") && body.contains("sign in") && body.contains(&scene.app.base), "{body}");
            assert!(!body.contains("工藤"), "a name is read after signing in");
        }
        assert_eq!(scene.list().await, Vec::<Value>::new());
    }
);

on_both_databases!(a_mail_that_is_put_off_is_sent_again_and_then_once, async |db: TestDb| {
    let scene = Scene::set(&db, |_| {}).await;
    let moods = [Mood::RefusesRecipient(450), Mood::RefusesMail(421), Mood::RefusesMail(452)];
    scene.peer.moods(moods);
    scene.ask(&db, "notify_decision").await;
    scene.app.drain().await;
    for (attempt, pause) in [5, 30, 120].into_iter().enumerate() {
        assert_eq!(scene.peer.received().len(), 0, "attempt {attempt} was put off");
        scene.later(pause - 1).await;
        let tries = scene.peer.commands().iter().filter(|line| line.starts_with("MAIL")).count();
        assert_eq!(tries, attempt + 1, "nobody hurries before the pause is over");
        scene.later(1).await;
    }
    scene.later(100_000).await;
    assert_eq!(scene.peer.received().len(), 1);
    assert_eq!(scene.list().await, Vec::<Value>::new());
});

on_both_databases!(
    a_mail_whose_answer_got_lost_is_sent_again_under_the_same_message_id,
    async |db: TestDb| {
        let scene = Scene::set(&db, |settings| settings.mail.smtp.timeout_ms = 400).await;
        scene.peer.moods([Mood::DiesAfterMail, Mood::Sulks]);
        scene.ask(&db, "notify_decision").await;
        let begun = std::time::Instant::now();
        scene.app.drain().await;
        scene.later(5).await;
        assert!(begun.elapsed().as_secs() < 10, "a server that is silent is given up in time");
        scene.later(30).await;
        let ids: Vec<String> = scene.peer.received().iter().map(|mail| mail.header("Message-ID")).collect();
        assert_eq!(ids.len(), 2, "it was taken twice, because the first answer got lost");
        assert_eq!(ids[0], ids[1], "a mail system sees that it is the same mail");
        scene.later(100_000).await;
        assert_eq!(scene.peer.received().len(), 2);
    }
);

on_both_databases!(a_mail_refused_for_good_waits_on_the_list_of_the_department, async |db: TestDb| {
    let scene = Scene::set(&db, |_| {}).await;
    let stranger = scene.app.register("stranger@example.jp", "business").await;
    let other = scene.app.officer(AOMORI, "kendo-doro", Role::SectionChief, "doro@example.jp").await;
    scene.peer.moods([Mood::RefusesRecipient(550), Mood::RefusesMail(554)]);
    scene.ask(&db, "notify_decision").await;
    scene.app.drain().await;
    scene.later(1).await;
    scene.ask(&db, "notify_refund").await;
    scene.app.drain().await;
    scene.later(1_000_000).await;
    assert_eq!(scene.peer.received().len(), 0);
    let tries = scene.peer.commands().iter().filter(|line| line.starts_with("MAIL")).count();
    assert_eq!(tries, 2, "what is refused for good is not tried again");
    let clerk = scene.app.sign_in("clerk@example.jp", &scene.clerk.id).await;
    let scene = Scene { clerk, ..scene };
    let list = scene.list().await;
    let said: Vec<_> = list.iter().map(|it| (&it["mail"], &it["reason"], &it["reply_code"])).collect();
    let refused = json!("refused");
    let (first, second) = (json!("decision_made"), json!("refund_decided"));
    assert_eq!(said, [(&first, &refused, &json!(550)), (&second, &refused, &json!(554))]);
    assert_eq!((&list[0]["application"], &list[0]["number"]), (&json!(scene.case), &json!(scene.number)));
    let reads = "(SELECT COUNT(*) FROM access_log WHERE operation = 'undelivered_mails')";
    assert_eq!(db.count(reads).await, 1, "that somebody looked is recorded");

    let settle = format!("/v1/tenants/020001/undelivered-mails/{}/settle", list[0]["id"].as_str().unwrap());
    let stranger = scene.app.sign_in("stranger@example.jp", &stranger.id).await;
    let other = scene.app.sign_in("doro@example.jp", &other.id).await;
    let before = traces(&db).await;
    for who in [&stranger, &other] {
        assert_eq!(scene.app.post(who, &settle, json!({})).await.problem(), "404 not_found");
        assert_eq!(scene.app.get(who, LIST).await.problem(), "404 not_found");
    }
    assert_eq!(traces(&db).await, before);
    let key = new_key();
    let headers = [("idempotency-key", key.as_str())];
    let call = || scene.app.call(Method::POST, &settle, Some(&scene.clerk), &headers, Some(json!({})));
    let settled = call().await.expect(200);
    assert_eq!(settled["settled_by"], json!(scene.clerk.id));
    let again = call().await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.expect(200), settled);
    let chief = scene.app.officer(AOMORI, DEPARTMENT, Role::SectionChief, "chief@example.jp").await;
    assert_eq!(scene.app.post(&chief, &settle, json!({})).await.expect(200), settled, "the first one stays");
    assert_eq!(scene.list().await, list[1..], "only the other one waits");
});

on_both_databases!(a_mail_that_fails_to_the_last_is_on_the_list_too, async |db: TestDb| {
    let scene = Scene::set(&db, |_| {}).await;
    scene.peer.moods([Mood::RefusesMail(451); 10]);
    scene.ask(&db, "notify_question").await;
    for _ in 0..12 {
        scene.later(21_600).await;
    }
    let list = scene.list().await;
    assert_eq!(list.len(), 1);
    assert_eq!((&list[0]["reason"], &list[0]["reply_code"]), (&json!("gave_up"), &Value::Null));
    assert_eq!(scene.peer.received().len(), 0);
});

on_both_databases!(a_refusal_of_us_is_not_held_against_the_addressee, async |db: TestDb| {
    let login = |settings: &mut Settings, password: &str| {
        settings.mail.smtp.user = LOGIN.0.to_owned();
        settings.secrets.smtp_password = Some(SecretString::from(password));
    };
    let scene = Scene::set(&db, |settings| login(settings, "wrong")).await;
    scene.ask(&db, "notify_decision").await;
    scene.app.drain().await;
    let commands = scene.peer.commands();
    assert!(commands.iter().any(|line| line.starts_with("AUTH")), "{commands:?}");
    assert!(!commands.iter().any(|line| line.starts_with("MAIL")), "{commands:?}");
    assert_eq!(scene.list().await, Vec::<Value>::new(), "the operator mends it, and it is sent");
    let mended = SmtpPeer::start();
    let app = TestApp::start_with(&db, |settings| {
        mended.use_in(settings);
        login(settings, LOGIN.1);
    })
    .await;
    app.clock.advance(SignedDuration::from_secs(60));
    app.drain().await;
    assert_eq!(mended.received().len(), 1);
});

on_both_databases!(nothing_is_said_in_clear_to_a_server_that_offers_no_tls, async |db: TestDb| {
    let scene = Scene::set(&db, |settings| {
        settings.mail.smtp.tls = SmtpTls::Starttls;
        settings.mail.smtp.user = LOGIN.0.to_owned();
        settings.secrets.smtp_password = Some(SecretString::from(LOGIN.1));
    })
    .await;
    scene.ask(&db, "notify_decision").await;
    scene.app.drain().await;
    let commands = scene.peer.commands();
    assert!(commands.iter().all(|line| line.starts_with("EHLO") || line == "QUIT"), "{commands:?}");
    assert_eq!(scene.list().await, Vec::<Value>::new());
});
