//! Messages between applicant and office: written once, read, told of by a mail that says nothing, and what guidance may be.

use madoguchi::domain::policy::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::fee_timing::Counter;
use crate::policy_coverage::world::{DEPARTMENT, PROCEDURE, paper_draft};
use crate::support::app::{AOMORI, ON_ISSUE, Person, TestApp, new_key};
use crate::support::db::TestDb;
use crate::support::traces::traces;

const QUESTION: &str = "図面の縮尺は1/100でよいでしょうか。";

async fn submitted(counter: &Counter) -> String {
    let submitted = counter.app.submitted(&counter.business, AOMORI, ON_ISSUE).await;
    format!("/v1/tenants/020001/applications/{}", submitted["id"].as_str().unwrap())
}

async fn write(counter: &Counter, who: &Person, case: &str, text: &str) -> Value {
    counter.app.post(who, &format!("{case}/messages"), json!({ "text": text })).await.expect(201)
}

async fn messages(counter: &Counter, who: &Person, case: &str) -> Value {
    counter.app.get(who, &format!("{case}/messages")).await.expect(200)
}

/// Every mail, whole.
fn mails(app: &TestApp) -> Vec<String> {
    let folder = std::fs::read_dir(&app.core.settings.mail.directory).unwrap();
    folder.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

async fn unread(counter: &Counter) -> (Value, Value) {
    let mine = counter.app.get(&counter.business, "/v1/me/applications").await.expect(200);
    let queue = format!("/v1/tenants/020001/departments/{DEPARTMENT}/queue");
    let queue = counter.app.get(&counter.clerk, &queue).await.expect(200);
    (mine["items"][0]["unread_messages"].clone(), queue["items"][0]["unread_messages"].clone())
}

on_both_databases!(
    /// Both sides write, count what they have not read, and the first who reads leaves the mark.
    a_message_waits_until_the_other_side_has_read_it,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let case = submitted(&counter).await;
        assert_eq!(unread(&counter).await, (json!(0), json!(0)));
        let question = write(&counter, &counter.business, &case, QUESTION).await;
        assert_eq!((question["side"].as_str(), question["read_at"].clone()), (Some("applicant"), Value::Null));
        assert_eq!(unread(&counter).await, (json!(0), json!(1)));
        // Whoever wrote it does not read it for the other side.
        assert_eq!(messages(&counter, &counter.business, &case).await["items"][0]["read_at"], Value::Null);
        assert_eq!(unread(&counter).await, (json!(0), json!(1)));
        let read = messages(&counter, &counter.clerk, &case).await;
        let first = read["items"][0]["read_at"].clone();
        assert!(first.is_string() && read["items"][0]["text"] == QUESTION, "{read}");
        counter.app.advance(jiff::SignedDuration::from_secs(60)).await;
        assert_eq!(messages(&counter, &counter.chief, &case).await["items"][0]["read_at"], first);
        write(&counter, &counter.clerk, &case, "結構です。").await;
        assert_eq!(unread(&counter).await, (json!(1), json!(0)));
        let page = messages(&counter, &counter.business, &case).await;
        assert_eq!((page["items"][0]["side"].as_str(), page["items"][1]["side"].as_str()), (Some("office"), Some("applicant")));
        assert_eq!(page["items"][0]["officer"]["name"], "三浦 花子");
        assert_eq!(unread(&counter).await, (json!(0), json!(0)));
        assert_eq!(db.count("(SELECT COUNT(*) FROM message_reads)").await, 2);
    }
);

on_both_databases!(
    /// One key, one message, one mail; the mail names the case and nothing that was written (T-9).
    t9_a_message_is_mailed_once_and_the_mail_does_not_say_it,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let case = submitted(&counter).await;
        let (key, path) = (new_key(), format!("{case}/messages"));
        let headers = [("idempotency-key", key.as_str())];
        let body = json!({ "text": "極秘の用件です。" });
        let mut ids = Vec::new();
        for _ in 0..3 {
            let answer =
                counter.app.call(Method::POST, &path, Some(&counter.clerk), &headers, Some(body.clone())).await;
            ids.push(answer.expect(201)["id"].clone());
        }
        assert!(ids.iter().all(|id| *id == ids[0]));
        for _ in 0..2 {
            counter.app.drain().await;
        }
        let sent = mails(&counter.app);
        assert_eq!(sent.len(), 1, "{sent:?}");
        assert!(sent[0].contains("business@example.jp") && !sent[0].contains("極秘"), "{}", sent[0]);
        // Nobody has the case: the applicant's message reaches the queue; then the officer in charge is told.
        write(&counter, &counter.business, &case, QUESTION).await;
        counter.app.drain().await;
        assert_eq!(mails(&counter.app).len(), 1);
        counter.app.post(&counter.clerk, &format!("{case}/claim"), json!({})).await.expect(200);
        write(&counter, &counter.business, &case, QUESTION).await;
        counter.app.drain().await;
        let to_clerk = mails(&counter.app).into_iter().filter(|mail| mail.contains("clerk@example.jp")).count();
        assert_eq!((mails(&counter.app).len(), to_clerk), (2, 1));
        assert_eq!(db.count("(SELECT COUNT(*) FROM messages)").await, 3);
        for personal in ["極秘", QUESTION] {
            assert!(!dumped(&db, "messages").await.contains(personal), "{personal} lies in clear");
        }
    }
);

/// What a dump of a table shows of its texts.
async fn dumped(db: &TestDb, table: &'static str) -> String {
    use diesel::prelude::*;
    use madoguchi::store::{Reads, StoreError, messages::MessageRow, schema::messages::messages};
    assert_eq!(table, "messages");
    let rows = db.db.read(|tx| {
        let rows = messages::table.select(MessageRow::as_select()).load(tx.read());
        rows.map_err(StoreError::from)
    });
    let rows: Vec<MessageRow> = rows.await.unwrap();
    let texts = rows.iter().map(|row| format!("{row:?}{}", String::from_utf8_lossy(&row.sealed_text)));
    texts.collect::<Vec<_>>().concat()
}

on_both_databases!(
    /// after the statement nobody is asked to withdraw, whoever recorded it; a plain message still goes.
    r12_guidance_to_withdraw_stops_when_the_applicant_says_so,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        for by_office in [false, true] {
            let case = submitted(&counter).await;
            let path = format!("{case}/messages");
            let guidance = json!({ "kind": "guidance_to_withdraw", "text": "取下げをご検討ください。" });
            let early = counter.app.post(&counter.business, &path, guidance.clone()).await;
            assert_eq!(early.problem(), "422 validation_failed", "the applicant gives no guidance");
            counter.app.post(&counter.clerk, &path, guidance.clone()).await.expect(201);
            let (who, side) =
                if by_office { (&counter.clerk, "office") } else { (&counter.business, "applicant") };
            let refusal = format!("{case}/guidance-refusal");
            let said = json!({ "statement": "このまま審査を進めてください。" });
            let stated = counter.app.post(who, &refusal, said).await.expect(201);
            assert_eq!(stated["side"], side);
            // Again, by the other side, with another text: the first statement stays.
            let again = counter.app.post(&counter.clerk, &refusal, json!({})).await.expect(201);
            assert_eq!(again, stated);
            let before = traces(&db).await;
            let refused = counter.app.post(&counter.clerk, &path, guidance.clone()).await;
            assert_eq!(refused.problem(), "409 guidance_refused");
            assert_eq!(traces(&db).await, before, "a refusal leaves nothing");
            let ja = [("accept-language", "ja")];
            let key = new_key();
            let request = counter.app.raw(Method::POST, &path).bearer_auth(&counter.clerk.token);
            let request = request.header(ja[0].0, ja[0].1).header("idempotency-key", key).json(&guidance);
            let japanese = crate::support::app::read(request.send().await.unwrap()).await;
            assert!(japanese.body["detail"].as_str().unwrap().contains("行政手続法第33条"), "{}", japanese.body);
            write(&counter, &counter.clerk, &case, "審査を進めます。").await;
            let list = messages(&counter, &counter.clerk, &case).await;
            assert_eq!(list["guidance_refused_at"], stated["stated_at"]);
            let timeline = counter.app.get(&counter.business, &format!("{case}/timeline")).await.expect(200);
            let kinds: Vec<_> = timeline["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect();
            assert_eq!(kinds, ["submitted", "message_written", "guidance_refused", "message_written"]);
            assert_eq!(timeline["chain"], "intact", "{timeline}");
        }
    }
);

on_both_databases!(
    /// purpose, content and responsible officer, all of them; the applicant reads it.
    r13_oral_guidance_is_written_down_with_all_its_parts,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let other = counter.app.officer(AOMORI, "kendo-doro", Role::Clerk, "doro@example.jp").await;
        let case = submitted(&counter).await;
        let path = format!("{case}/messages");
        let record = |responsible: &str, content: &str| {
            json!({ "kind": "oral_guidance", "guidance": {
                "purpose": "近隣への説明を求めるもの", "content": content, "responsible": responsible,
            } })
        };
        for (body, pointers) in [
            (json!({ "kind": "oral_guidance" }), vec!["/guidance"]),
            (record(&counter.clerk.id, ""), vec!["/guidance/content"]),
            (record(&other.id, ""), vec!["/guidance/content", "/guidance/responsible"]),
        ] {
            let refused = counter.app.post(&counter.clerk, &path, body).await;
            assert_eq!(refused.problem(), "422 validation_failed");
            let faults = refused.body["errors"].as_array().unwrap();
            assert_eq!(faults.iter().map(|fault| fault["pointer"].as_str().unwrap()).collect::<Vec<_>>(), pointers);
        }
        let written = record(&counter.chief.id, "4月中に説明会を開くこと");
        counter.app.post(&counter.clerk, &path, written).await.expect(201);
        let read = messages(&counter, &counter.business, &case).await;
        let guidance = &read["items"][0]["guidance"];
        assert_eq!((guidance["content"].as_str(), guidance["responsible"]["id"].as_str()), (Some("4月中に説明会を開くこと"), Some(counter.chief.id.as_str())));
    }
);

on_both_databases!(
    /// A decided case takes questions; what has ended otherwise is read and not written to. Drafts know no office.
    ended_cases_are_read_and_only_decided_ones_written_to,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let draft = counter.app.draft(&counter.business, AOMORI, ON_ISSUE).await;
        let draft = format!("/v1/tenants/020001/applications/{draft}/messages");
        let early = counter.app.post(&counter.business, &draft, json!({ "text": QUESTION })).await;
        assert_eq!(early.problem(), "409 wrong_state");
        let withdrawn = submitted(&counter).await;
        write(&counter, &counter.business, &withdrawn, QUESTION).await;
        counter.app.post(&counter.business, &format!("{withdrawn}/withdraw"), json!({})).await.expect(200);
        for who in [&counter.business, &counter.clerk] {
            let refused = counter.app.post(who, &format!("{withdrawn}/messages"), json!({ "text": "x" })).await;
            assert_eq!(refused.problem(), "409 wrong_state");
            assert_eq!(messages(&counter, who, &withdrawn).await["items"][0]["text"], QUESTION);
        }
        let decided = counter.claimed(ON_ISSUE).await;
        counter.propose(&decided, "grant").await;
        assert_eq!(counter.seal(&decided).await, "decided");
        write(&counter, &counter.business, &decided, "通知書の受取方法は。").await;
        write(&counter, &counter.clerk, &decided, "窓口でお渡しします。").await;
        let guidance = json!({ "kind": "guidance_to_withdraw", "text": "取下げを" });
        let late = counter.app.post(&counter.clerk, &format!("{decided}/messages"), guidance).await;
        assert_eq!(late.problem(), "409 wrong_state");
    }
);

on_both_databases!(
    /// Documents of the case only, no individual number (T-9), and nothing to nobody.
    t9_what_a_message_may_not_hold,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let submitted = counter.app.submitted(&counter.business, AOMORI, PROCEDURE).await;
        let case = format!("/v1/tenants/020001/applications/{}", submitted["id"].as_str().unwrap());
        let path = format!("{case}/messages");
        let body = json!({ "text": "番号は 1234 5678 9018", "attachments": [uuid::Uuid::nil()] });
        let refused = counter.app.post(&counter.business, &path, body).await;
        let faults = refused.body["errors"].as_array().unwrap();
        let codes: Vec<_> = faults.iter().map(|fault| fault["code"].as_str().unwrap()).collect();
        assert_eq!(codes, ["individual_number", "unknown_attachment"]);
        let view = counter.app.get(&counter.business, &case).await.expect(200);
        let named = json!({ "text": "登記の件です。", "attachments": [view["attachments"][0]["id"]] });
        let made = counter.app.post(&counter.business, &path, named).await.expect(201);
        assert_eq!(made["attachments"][0], view["attachments"][0]["id"]);
        let paper = format!("/v1/tenants/020001/departments/{DEPARTMENT}/applications");
        let draft = counter.app.post(&counter.clerk, &paper, paper_draft()).await.expect(201);
        let draft = format!("/v1/tenants/020001/applications/{}/messages", draft["id"].as_str().unwrap());
        let unsent = counter.app.post(&counter.clerk, &draft, json!({ "text": "x" })).await;
        assert_eq!(unsent.problem(), "403 forbidden", "a draft of the office is not written to");
    }
);

on_both_databases!(
    /// Pages by key: all of them, once each, newest first.
    messages_are_paged_without_gap_or_repeat,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let case = submitted(&counter).await;
        for number in 0..53 {
            write(&counter, &counter.business, &case, &format!("{number}")).await;
        }
        let first = messages(&counter, &counter.clerk, &case).await;
        let cursor = first["next_cursor"].as_str().unwrap();
        let rest = counter.app.get(&counter.clerk, &format!("{case}/messages?cursor={cursor}")).await.expect(200);
        let items = |page: &Value| page["items"].as_array().unwrap().clone();
        let all: Vec<_> = items(&first).into_iter().chain(items(&rest)).map(|item| item["text"].as_str().unwrap().to_owned()).collect();
        assert_eq!((items(&first).len(), rest["next_cursor"].clone()), (50, Value::Null));
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), 53);
        assert_eq!(all.len(), 53);
    }
);
