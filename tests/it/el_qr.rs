//! Public money other than tax by eL-QR (R-82, R-83, R-84, T-5): from the number on the notice to the payout of the organisation.

pub mod desk;
mod hourly;
mod restated;
mod taken_back;

use std::fmt::Write as _;

use data_encoding::BASE64;
use jiff::civil::date;
use madoguchi::domain::ledger::{Account, balances};
use madoguchi::domain::policy::Role;
use serde_json::{Value, json};

use self::desk::{Counter, taken_in, uploads};
use crate::support::app::{AOMORI, AOMORI_CITY, Answer, Person, TestApp};
use crate::support::db::TestDb;
use crate::support::repeat::everything_again;
use crate::waivers::office::{FEE, Office};

/// What the organisation keeps of a payment.
const KEPT: i64 = 20;

/// The shipped files, with eL-QR switched on for the fee of the registration and from the first day of the tests on.
pub fn files() -> [(String, String); 2] {
    files_with(&[])
}

/// As [`files`], with these words of the terms put in the place of others.
fn files_with(changes: &[(&str, &str)]) -> [(String, String); 2] {
    let change = |text: &str, from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    };
    let body = include_str!("../../config/tenants/020001.yaml");
    let body = change(
        body,
        "valid_from: 2026-09-01\n    institution_number",
        "valid_from: 2026-04-01\n    institution_number",
    );
    let body = change(&body, "approved_on: 2026-09-01", "approved_on: 2026-04-01");
    let body = change(&body, "revenues: [\"08-01-08-01\", ", "revenues: [\"08-02-01-01\", ");
    let body = changes.iter().fold(body, |body, (from, to)| change(&body, from, to));
    let procedure = include_str!("../../config/procedures/020001/denki-koji-toroku.yaml");
    let procedure = change(procedure, "pay_easy, counter]", "pay_easy, el_qr, counter]");
    [
        ("tenants/020001.yaml".to_owned(), body),
        ("procedures/020001/denki-koji-toroku.yaml".to_owned(), procedure),
    ]
}

/// A file of the organisation as it is handed in.
pub fn handed_in(bytes: &[u8]) -> Value {
    json!({ "content_base64": BASE64.encode(bytes) })
}

/// A payment or a cancellation: name, 納付番号, amount and day.
type Line<'a> = (&'a str, &'a str, i64, &'a str);

/// A file of payments in the sample layout.
pub fn results(lines: &[Line<'_>]) -> Vec<u8> {
    let lines: Vec<(&str, Line<'_>)> = lines.iter().map(|line| ("1", *line)).collect();
    told(&lines)
}

/// A file of lines in the sample layout, each with its kind: 1 that a payment came, 9 that it is taken back.
fn told(lines: &[(&str, Line<'_>)]) -> Vec<u8> {
    let mut text = "1020001\r\n".to_owned();
    for (kind, (key, number, amount, day)) in lines {
        write!(text, "2{key:<20}58191{number:<20}      {amount:011}{day:<8}02{kind}\r\n").unwrap();
    }
    let total: i64 = lines.iter().map(|(_, (_, _, amount, _))| amount).sum();
    write!(text, "8{:06}{total:013}\r\n", lines.len()).unwrap();
    text.into_bytes()
}

/// What a file of payments says of nobody's slip.
pub fn nobodys_payment() -> Vec<u8> {
    results(&[("X1", "02000100000000000000", 500, "20260401")])
}

fn booked() -> Vec<(String, Option<String>)> {
    vec![("booked".to_owned(), None)]
}

fn referred(trouble: &str) -> Vec<(String, Option<String>)> {
    vec![("referred".to_owned(), Some(trouble.to_owned()))]
}

fn asks(operation: &str, reason: Option<&str>) -> (String, Option<String>) {
    (operation.to_owned(), reason.map(str::to_owned))
}

fn stands(outcome: &str, state: &str) -> (String, String) {
    (outcome.to_owned(), state.to_owned())
}

on_both_databases!(
    r82_a_notice_is_paid_once_by_its_el_number_however_often_it_is_reported_and_the_payout_is_booked_gross,
    async |db: TestDb| {
        let app = TestApp::start_over(&db, files(), |_| {}).await;
        let counter = Counter::open(&app, &db).await;
        let owing = counter.office.owing().await;
        let number = counter.number(&owing).await;
        let part = |name: &str| number[name].as_str().unwrap().to_owned();
        assert_eq!(
            (part("institution_number"), part("payment_category")),
            ("58191".to_owned(), "001".to_owned())
        );
        assert!(part("payment_number").starts_with(AOMORI) && part("payment_number").len() == 20, "{number}");
        assert_eq!((part("confirmation_number").len(), &number["amount"]), (6, &json!(FEE)));
        let code = format!(
            "EL01{}{}{}001{FEE:011}",
            part("institution_number"),
            part("payment_number"),
            part("confirmation_number")
        );
        assert!(part("code_text").starts_with(&code), "{number}");
        assert_eq!(counter.number(&owing).await, number, "made once");
        let page = counter.page_of_notice(&owing).await;
        let digits: Vec<char> = part("payment_number").chars().collect();
        let groups: Vec<String> = digits.chunks(4).map(|group| group.iter().collect()).collect();
        for printed in ["eLマーク", "eL番号", "eL-QR（地方税統一QRコード）", groups.join(" ").as_str()]
        {
            assert!(page.contains(printed), "{printed}");
        }
        assert_eq!(counter.page_of_notice(&owing).await, page, "the same bytes again");
        assert_eq!(counter.pays(&number, "channel=01").await, 404, "the organisation was not told yet");

        let (upload, asked) = counter.uploaded().await;
        assert_eq!(asked, [asks("add", None)]);
        assert_eq!(
            counter.post(&uploads(""), json!({})).await.problem(),
            "422 validation_failed",
            "nothing new"
        );
        let looked = "(SELECT COUNT(*) FROM access_log WHERE operation = 'el_qr_upload_file')";
        let bytes = counter.file(&upload).await;
        assert_eq!((bytes == counter.file(&upload).await, db.count(looked).await), (true, 2));
        let strangers = counter.client.post(format!("{}/el-qr/uploads", app.simulator)).body(bytes);
        assert_eq!(strangers.send().await.unwrap().status(), 401);
        assert_eq!(counter.told(&upload).await, [stands("accepted", "accepted")]);
        assert_eq!(counter.pays(&number, "confirmation_number=xxxxxx").await, 404);
        assert_eq!(
            counter
                .pays(&number, &format!("channel=02&confirmation_number={}", part("confirmation_number")))
                .await,
            200
        );

        // An attempt that is open meanwhile is closed at its gateway: the first payment wins.
        let card = counter.office.opens(&owing).await;
        let report = counter.report().await;
        assert_eq!(counter.imported(&report).await, booked());
        assert_eq!(counter.imported(&report).await, booked(), "the same bytes again");
        let closed = async || {
            let books = counter.office.books(&owing).await;
            books.payments.iter().any(|payment| payment.method == "card" && payment.state == "canceled")
        };
        app.until("the open attempt is closed", closed).await;
        assert!(card["id"].is_string());
        let books = counter.office.books(&owing).await;
        assert_eq!(
            (books.invoice.state.as_str(), books.invoice.paid_on.unwrap().0),
            ("paid", date(2026, 4, 1))
        );
        let paid: Vec<_> = books.payments.iter().filter(|payment| payment.method == "el_qr").collect();
        assert_eq!(paid.len(), 1);
        assert_eq!((paid[0].legal_role.as_str(), paid[0].captured.amount()), ("collection_agent", FEE));
        let truth = counter.truth().await;
        assert_eq!((&truth["captured"], &truth["el_qr"][0]["charges"]), (&json!(FEE), &json!(1)));
        // the bank gave the payer a proof; the body gives none beside it.
        let receipt = app.get(&counter.office.business, &owing.path("/receipt")).await;
        assert_eq!((receipt.problem().as_str(), books.receipts.len()), ("404 not_found", 0));
        assert_eq!(counter.number(&owing).await, Value::Null, "nothing is owed");
        assert!(!counter.page_of_notice(&owing).await.contains("eL番号"));

        // The payment stands in another file, too.
        let key = paid[0].gateway_payment_id.clone().unwrap();
        let line = |amount| results(&[(&key, &part("payment_number"), amount, "20260401")]);
        let again = counter.post(&taken_in(""), handed_in(&line(FEE))).await.expect(201);
        assert_eq!(again["new_count"], 0, "the same payment, told of with less: {again}");
        let before = counter.office.books(&owing).await.standing();
        everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
        assert_eq!(counter.office.books(&owing).await.standing(), before);

        let (status, payout) =
            counter.at_organisation(&format!("/el-qr/payouts?body={AOMORI}"), Vec::new()).await;
        assert_eq!(status, 200);
        let payout: Value = serde_json::from_slice(&payout).unwrap();
        let body = json!({ "gateway": "el_qr", "batch_reference": payout["batch_reference"], "gross": payout["gross"],
            "fee": payout["fee"], "net": payout["net"],
            "content_base64": BASE64.encode(payout["table"].as_str().unwrap().as_bytes()) });
        let path = format!("/v1/tenants/{AOMORI}/settlements");
        let made = counter.post(&path, body).await.expect(201);
        app.drain().await;
        let path = format!("{path}/{}", made["id"].as_str().unwrap());
        let arrival = json!({ "arrived_on": "2026-04-01", "amount": FEE - KEPT, "reference": "機構" });
        counter.post(&format!("{path}/arrival"), arrival).await.expect(200);
        let second = app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "suito@example.jp").await;
        app.post(&second, &format!("{path}/arrival/confirm"), json!({})).await.expect(200);
        app.drain().await;
        assert_eq!(counter.get(&path).await["state"], "settled");
        // gross as revenue, the fee as an expense.
        let held = balances(&counter.office.books(&owing).await.entries);
        let of = |account: &Account| held.get(account).copied().unwrap_or(0);
        let cash = |place: &str| of(&Account::Cash(place.to_owned()));
        assert_eq!((cash("el_qr"), cash("bank"), of(&Account::FeeExpense)), (0, FEE - KEPT, KEPT));
        assert_eq!(counter.exceptions().await, Vec::<String>::new());
    }
);

on_both_databases!(
    r84_money_by_el_qr_for_a_debt_that_a_card_paid_is_overpaid_and_what_comes_after_the_withdrawal_is_an_exception,
    async |db: TestDb| {
        let app = TestApp::start_over(&db, files(), |_| {}).await;
        let mut counter = Counter::open(&app, &db).await;
        let (first, second) = (counter.office.owing().await, counter.office.owing().await);
        let (one, two) = (counter.number(&first).await, counter.number(&second).await);
        assert_ne!(one["payment_number"], two["payment_number"]);
        let (upload, asked) = counter.uploaded().await;
        assert_eq!(asked, [asks("add", None), asks("add", None)]);
        assert_eq!(counter.told(&upload).await, [stands("accepted", "accepted"), stands("accepted", "accepted")]);
        // What the clock has to do this hour is done, so that it does nothing in between.
        app.drain().await;
        counter.office.pays(&first).await;
        assert_eq!(counter.number(&first).await, Value::Null);
        // The payer was at the bank before the organisation heard of the card.
        assert_eq!(counter.pays(&one, "channel=02").await, 200);
        assert_eq!(counter.imported(&counter.report().await).await, booked());
        assert_eq!(counter.office.stands(&first).await.0, "overpaid");
        let proposed = counter.office.proposals().await;
        assert_eq!(proposed, [(first.invoice.clone(), FEE, "overpaid".to_owned())]);

        counter.office.pays(&second).await;
        // The clock makes the file as well.
        app.advance(jiff::SignedDuration::from_hours(1)).await;
        app.drain().await;
        counter.office.sign_in_again().await;
        let listed = counter.get(&uploads("")).await;
        let withdrawal = listed["items"][0].clone();
        assert_eq!((listed["items"].as_array().unwrap().len(), &withdrawal["made_by"]), (2, &Value::Null));
        let shown = counter.get(&uploads(&format!("/{}", withdrawal["id"].as_str().unwrap()))).await;
        let item = &shown["items"][0];
        assert_eq!((&item["operation"], &item["withdrawal_reason"]), (&json!("withdraw"), &json!("paid_otherwise")));
        assert_eq!(counter.told(&withdrawal).await, [stands("accepted", "withdrawn")]);
        assert_eq!(counter.pays(&two, "channel=01").await, 410, "the organisation takes it no more");
        assert_eq!(counter.pays(&two, "channel=02&read_before=1").await, 200);
        assert_eq!(counter.imported(&counter.report().await).await, referred("withdrawn"));
        assert_eq!(counter.office.stands(&second).await.0, "entrusted", "nobody guesses what that money is");
        assert_eq!(counter.imported(&nobodys_payment()).await, referred("unknown_number"));
        let mut kinds = counter.exceptions().await;
        kinds.sort();
        assert_eq!(kinds, ["missing_at_us", "status_mismatch"]);
        // Every yen that the organisation took is in a line, and none of them is lost.
        let lines = "(SELECT CAST(SUM(amount) AS BIGINT) FROM el_qr_lines WHERE payment_key LIKE 'P%')";
        let truth = counter.truth().await;
        let by_number = truth["el_qr"].as_array().unwrap().iter().map(|of| of["captured"].as_i64().unwrap());
        assert_eq!(db.count(lines).await, by_number.sum::<i64>());
        everything_again(&db.db, async || assert!(app.drain().await > 0)).await;
        assert_eq!(counter.exceptions().await.len(), 2);
        assert_eq!(db.count("(SELECT COUNT(*) FROM el_qr_uploads)").await, 2);
    }
);

on_both_databases!(
    r84_another_amount_gets_another_number_and_the_old_slip_pays_what_it_was_over,
    async |db: TestDb| {
        let app = TestApp::start_over(&db, files(), |_| {}).await;
        let counter = Counter::open(&app, &db).await;
        let owing = counter.office.owing().await;
        let old = counter.number(&owing).await;
        let (upload, _) = counter.uploaded().await;
        counter.told(&upload).await;
        counter.office.waived(&owing, "half").await;
        let new = counter.number(&owing).await;
        assert_eq!(new["amount"], FEE / 2);
        assert_ne!(new["payment_number"], old["payment_number"]);
        let (change, asked) = counter.uploaded().await;
        // The reading of the notice made the new slip; the old one is taken back in the same file.
        assert_eq!(asked, [asks("withdraw", Some("amount_changed")), asks("replace", None)]);
        // The payer had shown the old slip at the window before.
        assert_eq!(counter.pays(&old, "channel=02").await, 200);
        let answered = counter.told(&change).await;
        assert_eq!(answered, [stands("refused", "withdrawal_refused"), stands("accepted", "accepted")]);
        assert_eq!(counter.exceptions().await, ["status_mismatch"]);
        assert_eq!(counter.imported(&counter.report().await).await, booked());
        assert_eq!(counter.office.stands(&owing).await, ("overpaid".to_owned(), FEE / 2));
        let proposed = counter.office.proposals().await;
        assert_eq!(proposed, [(owing.invoice.clone(), FEE / 2, "overpaid".to_owned())]);
        // Another sum than that of the slip is no success.
        let third = counter.office.owing().await;
        let number = counter.number(&third).await["payment_number"].as_str().unwrap().to_owned();
        let short = results(&[("S1", &number, FEE - 1, "20260401")]);
        assert_eq!(counter.imported(&short).await, referred("amount_differs"));
        assert_eq!(counter.office.stands(&third).await, ("unpaid".to_owned(), FEE));
    }
);

on_both_databases!(t5_without_terms_in_force_nothing_is_offered_made_or_taken_in, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let counter = Counter::open(&app, &db).await;
    let owing = counter.office.owing().await;
    assert_eq!(counter.number(&owing).await, Value::Null, "the terms begin later, for other revenues");
    assert!(!counter.page_of_notice(&owing).await.contains("eL番号"));
    let wanted = json!({ "method": "el_qr" });
    let opened = app.post(&counter.office.business, &owing.path("/payments"), wanted).await;
    assert_eq!(opened.problem(), "422 method_not_offered");
    assert_eq!(counter.post(&uploads(""), json!({})).await.problem(), "422 validation_failed");
    let refused = counter.post(&taken_in(""), handed_in(&nobodys_payment())).await;
    assert_eq!(refused.body["errors"][0]["code"], "no_el_qr", "{}", refused.body);
    let settlement = json!({ "gateway": "el_qr", "batch_reference": "E", "gross": 1, "fee": 0, "net": 1,
        "content_base64": BASE64.encode(b"line_key,kind,merchant_reference,gateway_payment_id,gross,fee,tax,net,occurred_on\na,capture,,P,1,0,0,1,2026-04-01") });
    let city = app.officer(AOMORI_CITY, "shimin", Role::Accountant, "shi@example.jp").await;
    let path = format!("/v1/tenants/{AOMORI_CITY}/settlements");
    assert_eq!(app.post(&city, &path, settlement).await.body["errors"][0]["code"], "unknown_gateway");
    let strangers: [&Person; 2] = [&counter.office.business, &counter.office.chief];
    for who in strangers {
        for path in [uploads(""), taken_in("")] {
            assert_eq!(app.get(who, &path).await.problem(), "404 not_found", "only for the treasury");
        }
    }
    assert_eq!(db.count("(SELECT COUNT(*) FROM el_qr_slips)").await, 0);
});

on_both_databases!(
    t5_a_revenue_that_is_switched_off_is_offered_no_more_and_its_slips_are_withdrawn,
    async |db: TestDb| {
        let app = TestApp::start_over(&db, files(), |_| {}).await;
        let counter = Counter::open(&app, &db).await;
        let owing = counter.office.owing().await;
        assert!(counter.number(&owing).await.is_object());
        let (upload, _) = counter.uploaded().await;
        counter.told(&upload).await;
        let off = files_with(&[("revenues: [\"08-02-01-01\", ", "revenues: [")]);
        let after = TestApp::start_over(&db, off, |_| {}).await;
        let mut counter = Counter { office: Office { app: &after, ..counter.office }, ..counter };
        counter.office.sign_in_again().await;
        assert_eq!(counter.number(&owing).await, Value::Null);
        let (_, asked) = counter.uploaded().await;
        assert_eq!(asked, [asks("withdraw", Some("not_offered"))]);
        assert_eq!(db.count("(SELECT COUNT(*) FROM el_qr_slips)").await, 1);
    }
);

on_both_databases!(
    /// the ordinance of a procedure that does not name it keeps it away as well.
    r70_a_procedure_whose_ordinance_does_not_name_el_qr_gives_no_number,
    async |db: TestDb| {
        let [body, _] = files();
        let app = TestApp::start_over(&db, [body], |_| {}).await;
        let counter = Counter::open(&app, &db).await;
        let owing = counter.office.owing().await;
        assert_eq!(counter.number(&owing).await, Value::Null);
        assert_eq!(db.count("(SELECT COUNT(*) FROM el_qr_slips)").await, 0);
    }
);

on_both_databases!(
    r82_a_broken_file_is_refused_whole_with_every_fault_and_a_body_may_give_its_own_receipt,
    async |db: TestDb| {
        let app = TestApp::start_over(&db, files_with(&[("proof: elsewhere", "proof: body")]), |_| {}).await;
        let counter = Counter::open(&app, &db).await;
        let owing = counter.office.owing().await;
        let number = counter.number(&owing).await["payment_number"].as_str().unwrap().to_owned();
        let good = results(&[
            ("K1", &number, FEE, "20260401"),
            ("K1", &number, FEE, "20260402"),
            ("K2", &number, FEE, "20261301"),
        ]);
        let refused = counter.post(&taken_in(""), handed_in(&good)).await;
        assert_eq!(refused.problem(), "422 validation_failed");
        let places = |answer: &Answer| -> Vec<String> {
            let faults = answer.body["errors"].as_array().unwrap().iter();
            faults.map(|fault| fault["pointer"].as_str().unwrap().to_owned()).collect()
        };
        let expected =
            ["/content_base64/3/paid_on", "/content_base64/3/payment_key", "/content_base64/4/paid_on"];
        assert_eq!(places(&refused), expected, "{}", refused.body);
        let wrong_word = json!({ "content_base64": "x" });
        assert_eq!(counter.post(&taken_in(""), wrong_word).await.status, 400);
        let (upload, _) = counter.uploaded().await;
        let acceptance = uploads(&format!("/{}/acceptance", upload["id"].as_str().unwrap()));
        let report = "1,020001,受付結果\r\n2,02000100000000000000,0,\r\n8,1\r\n";
        let report = encoding_rs::SHIFT_JIS.encode(report).0.into_owned();
        let refused = counter.post(&acceptance, handed_in(&report)).await;
        assert_eq!(places(&refused), ["/content_base64/2/payment_number"], "{}", refused.body);
        app.drain().await;
        let stored = "(SELECT (SELECT COUNT(*) FROM el_qr_files) + (SELECT COUNT(*) FROM el_qr_lines) \
             + (SELECT COUNT(*) FROM payments) + (SELECT COUNT(*) FROM reconciliation_exceptions))";
        assert_eq!(db.count(stored).await, 0, "nothing of a broken file is kept");

        counter.told(&upload).await;
        assert_eq!(counter.pays(&json!({ "payment_number": number }), "channel=01").await, 200);
        assert_eq!(counter.imported(&counter.report().await).await, booked());
        let receipt = app.get(&counter.office.business, &owing.path("/receipt")).await.expect(200);
        assert_eq!((&receipt["kind"], &receipt["total"]), (&json!("official_receipt"), &json!(FEE)));
    }
);

async fn days(counter: &mut Counter<'_>, days: i64) {
    counter.office.app.advance(jiff::SignedDuration::from_hours(24 * days)).await;
    counter.office.app.drain().await;
    counter.office.sign_in_again().await;
}

on_both_databases!(
    /// a rest that was paid in time by its number is reported later. The grant waits for that, and nothing is given up: until
    /// the slip is withdrawn, and for the days in which a payment is still reported.
    r63_a_grant_waits_while_its_rest_may_have_been_paid_by_el_qr,
    async |db: TestDb| {
        let app = TestApp::start_over(&db, files(), |_| {}).await;
        let mut counter = Counter::open(&app, &db).await;
        let (paid, unpaid, whole) =
            (counter.office.owing().await, counter.office.owing().await, counter.office.owing().await);
        let of_paid = counter.office.waived(&paid, "half").await;
        let of_unpaid = counter.office.waived(&unpaid, "half").await;
        // The slips under the grants come after those that they replace.
        app.advance(jiff::SignedDuration::from_secs(1)).await;
        let number = counter.number(&paid).await["payment_number"].as_str().unwrap().to_owned();
        assert!(counter.number(&unpaid).await.is_object());
        let (upload, asked) = counter.uploaded().await;
        assert_eq!(asked, [asks("add", None), asks("add", None), asks("add", None)]);
        counter.told(&upload).await;
        days(&mut counter, 31).await;
        days(&mut counter, 1).await;
        for waiver in [&of_paid, &of_unpaid] {
            assert_eq!(counter.office.waiver(waiver).await["state"], "granted", "its last day was 2026-05-01");
        }
        let version = app.get(&counter.office.clerk, &whole.case).await.etag();
        let draft = json!({ "ground": "waived-by-assembly", "reasons": ["財産がない"] });
        let refused = app.post_if(&counter.office.clerk, &whole.path("/write-off"), &version, draft).await;
        assert_eq!(refused.problem(), "409 payment_in_progress");
        let line = results(&[("L1", &number, FEE / 2, "20260501")]);
        assert_eq!(counter.imported(&line).await, booked());
        assert_eq!(counter.office.stands(&paid).await, ("paid".to_owned(), FEE / 2));

        let withdrawal = counter.get(&uploads("")).await["items"][0].clone();
        assert!(counter.told(&withdrawal).await.contains(&stands("accepted", "withdrawn")));
        days(&mut counter, 5).await;
        assert_eq!(counter.office.waiver(&of_unpaid).await["state"], "granted", "it may still be reported");
        days(&mut counter, 1).await;
        days(&mut counter, 1).await;
        assert_eq!(counter.office.waiver(&of_unpaid).await["state"], "expired");
        assert_eq!(counter.office.waiver(&of_paid).await["state"], "granted");
        assert_eq!(counter.office.stands(&unpaid).await, ("unpaid".to_owned(), FEE));
    }
);

on_both_databases!(
    /// whoever holds a slip can pay by its number, so that such a payment acknowledges nothing.
    r94_money_that_came_by_el_qr_does_not_renew_the_limitation,
    async |db: TestDb| {
        let changed = files_with(&[
            ("revenues: [\"08-02-01-01\", ", "revenues: [\"08-02-01-01\", \"08-02-01-90\", "),
            ("order: principal_first", "order: charges_first"),
        ]);
        let app = TestApp::start_over(&db, changed, |_| {}).await;
        let mut counter = Counter::open(&app, &db).await;
        let owing = counter.office.owing().await;
        days(&mut counter, 31).await;
        let sent = app.post(&counter.office.clerk, &owing.path("/demand"), json!({})).await.expect(201);
        let fee = sent["charges"][0]["invoice"].as_str().unwrap().to_owned();
        let fee = crate::waivers::office::Owing { case: owing.case.clone(), invoice: fee };
        let number = counter.number(&fee).await["payment_number"].as_str().unwrap().to_owned();
        let (upload, _) = counter.uploaded().await;
        counter.told(&upload).await;
        days(&mut counter, 10).await;
        let line = results(&[("F1", &number, 20, "20260512")]);
        assert_eq!(counter.imported(&line).await, booked());
        assert_eq!(counter.office.books(&fee).await.invoice.state, "paid");
        let late = app.get(&counter.office.business, &owing.path("/arrears")).await.expect(200);
        assert_eq!(late["extinct_after"], "2031-05-02", "from the demand: {late}");
    }
);
