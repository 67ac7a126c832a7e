//! Waivers that are revoked because they were got by a false statement: what was waived is claimed anew, once.

use jiff::SignedDuration;
use madoguchi::domain::ledger::{Account, balances};
use madoguchi::service::fee_replay::replay;
use madoguchi::service::ledger_check;
use reqwest::Method;
use serde_json::{Value, json};

use crate::payment_faults::payer::notifications_arrive;
use crate::support::app::{AOMORI, Answer, TestApp, gateway_first, new_key};
use crate::support::db::{TestDb, execute};
use crate::support::repeat::everything_again;
use crate::support::traces::traces;
use crate::waivers::office::{FEE, Office, Owing};

const HALF: i64 = FEE / 2;

async fn days(office: &mut Office<'_>, days: i64) {
    office.app.advance(SignedDuration::from_hours(24 * days)).await;
    office.app.drain().await;
    office.sign_in_again().await;
}

fn of(waiver: &Value, rest: &str) -> String {
    format!("/v1/tenants/{AOMORI}/waivers/{}{rest}", waiver["id"].as_str().unwrap())
}

async fn found_out(office: &Office<'_>, waiver: &Value) {
    let found = json!({ "statement": "罹災証明書は別の世帯のものだった" });
    office.app.post(&office.clerk, &of(waiver, "/false-claims"), found).await.expect(201);
}

async fn draft(office: &Office<'_>, owing: &Owing, waiver: &Value, draft: Value) -> Answer {
    let version = office.app.get(&office.clerk, &owing.case).await.etag();
    office.app.post_if(&office.clerk, &of(waiver, "/revocation"), &version, draft).await
}

fn facts() -> Value {
    json!({ "reasons": ["罹災証明書は別の世帯のものだった"] })
}

/// Drafted on what was recorded, and sealed by two others; gives the claim that was assessed anew.
pub async fn revoked(office: &Office<'_>, owing: &Owing, waiver: &Value) -> Owing {
    found_out(office, waiver).await;
    draft(office, owing, waiver, facts()).await.expect(201);
    office.seal(&office.manager, owing).await.expect(200);
    office.seal(&office.chief, owing).await.expect(200);
    let shown = office.waiver(waiver).await;
    assert_eq!(shown["state"], "revoked", "{shown}");
    Owing { case: owing.case.clone(), invoice: shown["revocation"]["invoice"].as_str().unwrap().to_owned() }
}

/// Takes the case up and puts its grant on the route.
async fn proposed(office: &Office<'_>, owing: &Owing) {
    let case = &owing.case;
    office.app.post(&office.clerk, &format!("{case}/claim"), json!({})).await.expect(200);
    let version = office.app.get(&office.clerk, case).await.etag();
    let grant = json!({ "decision": "grant", "reasons": [], "conditions": [] });
    office.app.post_if(&office.clerk, &format!("{case}/proposal"), &version, grant).await.expect(201);
}

async fn decided(office: &Office<'_>, owing: &Owing) -> Answer {
    let version = office.app.get(&office.chief, &owing.case).await.etag();
    let path = format!("{}/approval/approve", owing.case);
    office.app.post_if(&office.chief, &path, &version, json!({})).await
}

on_both_databases!(
    /// found out a year after the case was closed; R-87: by a claim of its own: noticed and of the year of
    /// its notice; T-2: computed again like any other.
    r65_a_waiver_got_by_a_false_claim_is_revoked_by_others_and_what_it_took_off_is_claimed_anew_once,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        let waiver = office.waived(&owing, "half").await;
        office.pays(&owing).await;
        proposed(&office, &owing).await;
        decided(&office, &owing).await.expect(200);
        app.post_letters(&office.clerk, &owing.case).await;
        days(&mut office, 1).await;
        days(&mut office, 1).await;
        assert_eq!(app.get(&office.business, &owing.case).await.expect(200)["state"], "closed");
        days(&mut office, 365).await;

        // Looking at the case for its version is logged, so that comes before.
        let version = app.get(&office.clerk, &owing.case).await.etag();
        let path = of(&waiver, "/revocation");
        let before = traces(&db).await;
        let bare = app.post_if(&office.clerk, &path, &version, facts()).await;
        assert_eq!((bare.problem().as_str(), &bare.body["errors"][0]["pointer"]), ("422 validation_failed", &json!("/attachments")));
        let foreign = json!({ "reasons": ["x"], "attachments": [owing.invoice] });
        let refused = app.post_if(&office.clerk, &path, &version, foreign).await;
        assert_eq!(refused.problem(), "422 validation_failed");
        assert_eq!(traces(&db).await, before);
        found_out(&office, &waiver).await;
        let silent = draft(&office, &owing, &waiver, json!({ "reasons": [] })).await;
        assert_eq!((silent.problem().as_str(), &silent.body["errors"][0]["pointer"]), ("422 validation_failed", &json!("/reasons")));
        draft(&office, &owing, &waiver, facts()).await.expect(201);
        assert_eq!(draft(&office, &owing, &waiver, facts()).await.problem(), "409 proposal_in_progress");
        let shown = app.get(&office.chief, &format!("{}/proposal?subject=waiver", owing.case)).await.expect(200);
        assert_eq!((&shown["amount"], &shown["ground"], &shown["reasons"]), (&json!(HALF), &json!("false_statement"), &facts()["reasons"]));
        assert_eq!(office.seal(&office.clerk, &owing).await.problem(), "403 own_proposal");
        office.seal(&office.manager, &owing).await.expect(200);
        assert_eq!(office.waiver(&waiver).await["state"], "granted", "not before the last seal");
        let version = app.get(&office.clerk, &owing.case).await.etag();
        let (path, key) = (format!("{}/approval/approve", owing.case), new_key());
        let headers = [("idempotency-key", key.as_str()), ("if-match", version.as_str())];
        for replayed in [false, true] {
            let subject = Some(json!({ "subject": "waiver" }));
            let sealed = app.call(Method::POST, &path, Some(&office.chief), &headers, subject).await;
            assert_eq!((sealed.status.as_u16(), sealed.headers.contains_key("idempotency-replayed")), (200, replayed));
        }

        let told = office.waiver(&waiver).await;
        let revocation = &told["revocation"];
        assert_eq!((&told["state"], &revocation["amount"], &revocation["reasons"]), (&json!("revoked"), &json!(HALF), &facts()["reasons"]));
        let appeal = revocation["instruction"]["text"].as_str().unwrap();
        assert!(appeal.contains("only after the ruling on a review"), "R-32, R-199b: {appeal}");
        assert_eq!(office.stands(&owing).await, ("entrusted".to_owned(), HALF), "R-87: never an edit");
        let claim = Owing { case: owing.case.clone(), invoice: revocation["invoice"].as_str().unwrap().to_owned() };
        let owed = app.get(&office.business, &claim.path("")).await.expect(200);
        assert_eq!((&owed["state"], &owed["total"], &owed["owed"]), (&json!("unpaid"), &json!(HALF), &json!(HALF)));
        assert_eq!((&owed["lines"][0]["fiscal_year"], &owed["notice"]["way"]), (&json!(2027), &json!("electronic")));
        let first = app.get(&office.business, &owing.path("")).await.expect(200);
        assert_eq!(first["lines"][0]["fiscal_year"], 2026, "R-75: of the year in which its own notice was issued");
        assert_eq!(first["lines"][0]["revenue_account"], owed["lines"][0]["revenue_account"]);
        let report = replay(&app.core).await.unwrap();
        assert_eq!((report.invoices, report.findings), (2, vec![]));

        office.pays(&claim).await;
        let standing = (office.books(&owing).await.standing(), office.books(&claim).await.standing());
        everything_again(&db.db, async || { app.drain().await; }).await;
        assert_eq!((office.books(&owing).await.standing(), office.books(&claim).await.standing()), standing);
        assert_eq!(draft(&office, &owing, &waiver, facts()).await.problem(), "409 wrong_state");
        assert_eq!(db.count("(SELECT COUNT(*) FROM invoices)").await, 2);
        assert_eq!(db.count("(SELECT COUNT(*) FROM jobs WHERE kind = 'notify_waiver')").await, 2, "of the grant and of its end");
        let timeline = app.get(&office.business, &format!("{}/timeline", owing.case)).await.expect(200);
        assert_eq!(timeline["chain"], "intact");
        let leak = "(SELECT COUNT(*) FROM waiver_revocations WHERE CAST(sealed_reasons AS TEXT) LIKE '%別の%')";
        assert_eq!(db.count(leak).await, 0, "the reasons lie sealed");
        let url = db.settings.url.clone();
        let rewrite = "UPDATE waiver_revocations SET amount = 1";
        assert!(std::thread::spawn(move || execute(&url, rewrite)).join().is_err(), "it is never rewritten");
    }
);

on_both_databases!(
    /// what is missing again holds the decision back until it is paid; it is no new price of what was applied for.
    r68_a_revocation_during_the_review_closes_the_gate_until_the_claim_is_paid,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        let waiver = office.waived(&owing, "hardship").await;
        let claim = revoked(&office, &owing, &waiver).await;
        assert_eq!(office.stands(&owing).await, ("waived".to_owned(), 0));
        proposed(&office, &owing).await;
        assert_eq!(decided(&office, &owing).await.problem(), "409 fee_not_settled");
        office.pays(&claim).await;
        assert_eq!(decided(&office, &owing).await.expect(200)["application_state"], "decided");
    }
);

on_both_databases!(
    /// nothing is claimed where nothing is missing, nor what is extinct, also where it became so under the seals.
    r94_nothing_is_revoked_that_holds_no_more_or_was_withdrawn_or_is_extinct,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let (expired, gone, late) = (office.owing().await, office.owing().await, office.owing().await);
        let of_expired = office.waived(&expired, "half").await;
        let (of_gone, of_late) = (office.waived(&gone, "hardship").await, office.waived(&late, "hardship").await);
        for waiver in [&of_expired, &of_gone, &of_late] {
            found_out(&office, waiver).await;
        }
        app.post(&office.business, &format!("{}/withdraw", gone.case), json!({})).await.expect(200);
        assert_eq!(draft(&office, &gone, &of_gone, facts()).await.problem(), "409 nothing_to_revoke");
        days(&mut office, 31).await;
        days(&mut office, 1).await;
        assert_eq!(office.waiver(&of_expired).await["state"], "expired");
        assert_eq!(draft(&office, &expired, &of_expired, facts()).await.problem(), "409 wrong_state");
        draft(&office, &late, &of_late, facts()).await.expect(201);
        days(&mut office, 365 * 5).await;
        office.seal(&office.manager, &late).await.expect(200);
        assert_eq!(office.seal(&office.chief, &late).await.problem(), "409 claim_extinct", "since 2031-05-01");
        assert_eq!(office.waiver(&of_late).await["state"], "granted");
        assert_eq!(db.count("(SELECT COUNT(*) FROM waiver_revocations)").await, 0);
    }
);

on_both_databases!(
    /// Two waivers of one invoice: each is revoked by itself, and never more is claimed than would be owed without both.
    r65_of_two_waivers_each_is_revoked_for_what_it_took_off,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        let (half, rest) = (office.waived(&owing, "half").await, office.waived(&owing, "hardship").await);
        let mut claimed = Vec::new();
        for waiver in [&rest, &half] {
            let claim = revoked(&office, &owing, waiver).await;
            let shown = app.get(&office.business, &claim.path("")).await.expect(200);
            claimed.push(shown["owed"].as_i64().unwrap());
        }
        assert_eq!(claimed, [HALF, HALF]);
        assert_eq!(office.stands(&owing).await, ("waived".to_owned(), 0));
        let report = replay(&app.core).await.unwrap();
        assert_eq!((report.invoices, report.findings), (3, vec![]));
    }
);

on_both_databases!(
    /// what a false statement took off what was paid is owed after a withdrawal, too, whichever came first: by every way, and late
    /// with its charges. What nobody had paid for is not.
    r65_the_claim_of_a_withdrawn_case_is_paid_like_any_other,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let withdraw = async |office: &Office<'_>, owing: &Owing| {
            app.post(&office.business, &format!("{}/withdraw", owing.case), json!({})).await.expect(200);
        };
        let (first, later, unpaid) = (office.owing().await, office.owing().await, office.owing().await);
        let waiver = office.waived(&first, "half").await;
        office.pays(&first).await;
        withdraw(&office, &first).await;
        let claim = revoked(&office, &first, &waiver).await;
        let waiver = office.waived(&later, "half").await;
        office.pays(&later).await;
        let kept = revoked(&office, &later, &waiver).await;
        withdraw(&office, &later).await;
        let waiver = office.waived(&unpaid, "hardship").await;
        let gone = revoked(&office, &unpaid, &waiver).await;
        withdraw(&office, &unpaid).await;
        assert_eq!(office.books(&kept).await.invoice.state, "unpaid");
        assert_eq!(office.books(&gone).await.invoice.state, "canceled");
        let refused = app.post(&office.business, &gone.path("/payments"), json!({ "method": "card" })).await;
        assert_eq!(refused.problem(), "409 invoice_not_payable");

        app.post(&office.business, &claim.path("/payment-links"), json!({})).await.expect(201);
        office.pays(&claim).await;
        days(&mut office, 31).await;
        app.post(&office.clerk, &kept.path("/demand"), json!({})).await.expect(201);
        let sum = json!({ "means": "cash", "amount": HALF + 20, "reference": "No. 7" });
        app.post(&office.clerk, &kept.path("/balance-payments"), sum).await.expect(201);
        assert_eq!(office.books(&kept).await.invoice.state, "paid");
    }
);

on_both_databases!(
    /// what was evaded stays owed after a withdrawal as long as somebody has paid the rest; once all of that has gone back nobody
    /// pays for what was examined, and the claim is booked back.
    r65_the_claim_of_a_withdrawn_case_ends_when_the_whole_fee_has_gone_back,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let first = office.owing().await;
        let waiver = office.waived(&first, "half").await;
        office.pays(&first).await;
        let claim = revoked(&office, &first, &waiver).await;
        app.post(&office.business, &format!("{}/withdraw", first.case), json!({})).await.expect(200);
        let mut back = 0;
        for (amount, expected) in [(1_000, "unpaid"), (HALF - 1_000, "canceled")] {
            let body = json!({ "amount": amount, "reason": "assessment_error", "refund_amount_available": HALF - back });
            let asked = app.post(&office.accountant, &first.path("/refunds"), body).await.expect(201);
            assert_eq!(office.books(&claim).await.invoice.state, "unpaid", "asking gives nothing back");
            let approve = format!("/v1/tenants/{AOMORI}/refunds/{}/approve", asked["id"].as_str().unwrap());
            app.post(&office.chief, &approve, json!({})).await.expect(200);
            back += amount;
            app.until("the money is back", async || {
                office.books(&first).await.payments[0].refunded.amount() == back
            })
            .await;
            assert_eq!(office.books(&claim).await.invoice.state, expected, "{back} yen are back");
        }
        assert_eq!(office.books(&first).await.invoice.state, "refunded");
        for ledger in ledger_check::check(&db.db).await.unwrap() {
            assert!(ledger.findings.is_empty(), "{ledger:?}");
        }
        let booked_back = format!(
            "(SELECT COUNT(*) FROM ledger_entries WHERE kind = 'reverse_assess' AND source_id = '{}')",
            claim.invoice
        );
        assert_eq!(db.count(booked_back.leak()).await, 1);
    }
);

/// Sends all back that was paid, by two people; gives the refund.
async fn given_back(office: &Office<'_>, owing: &Owing, amount: i64) -> Value {
    let body = json!({ "amount": amount, "reason": "assessment_error", "refund_amount_available": amount });
    let asked = office.app.post(&office.accountant, &owing.path("/refunds"), body).await.expect(201);
    let approve = format!("/v1/tenants/{AOMORI}/refunds/{}/approve", asked["id"].as_str().unwrap());
    office.app.post(&office.chief, &approve, json!({})).await.expect(200)
}

on_both_databases!(
    /// F28: the refund that had ended the claim was done and came to nothing afterwards. What was booked back stays so; the
    /// claim is assessed again as another one, once, and ends again with the next refund.
    r65_the_claim_is_assessed_again_when_the_refund_that_ended_it_came_to_nothing,
    async |db: TestDb| {
        let app = TestApp::start_with(&db, |settings| gateway_first(settings, "stripe")).await;
        let office = Office::open(&app, &db).await;
        let first = office.owing().await;
        let waiver = office.waived(&first, "half").await;
        office.pays(&first).await;
        let claim = revoked(&office, &first, &waiver).await;
        app.post(&office.business, &format!("{}/withdraw", first.case), json!({})).await.expect(200);
        let args = json!({ "delay_seconds": 40 });
        app.fault(json!({ "match": { "op": "refund" }, "fault": "F28", "args": args })).await;
        assert_eq!(given_back(&office, &first, HALF).await["state"], "succeeded");
        assert_eq!(office.books(&claim).await.invoice.state, "canceled");

        app.advance(SignedDuration::from_secs(60)).await;
        notifications_arrive(&app).await;
        for _ in 0..20 {
            app.drain().await;
            if office.books(&first).await.payments[0].refunded.amount() == 0 {
                break;
            }
            app.advance(SignedDuration::from_secs(30)).await;
        }
        app.drain().await;
        assert_eq!(office.stands(&first).await, ("entrusted".to_owned(), HALF), "the money has not gone");
        let shown = office.waiver(&waiver).await;
        let again =
            Owing { case: first.case.clone(), invoice: shown["revocation"]["invoice"].as_str().unwrap().to_owned() };
        assert_ne!(again.invoice, claim.invoice, "R-87: by another assessment");
        let books = office.books(&again).await;
        assert_eq!((books.invoice.state.as_str(), books.invoice.total.amount()), ("unpaid", HALF));
        assert_eq!(books.invoice.fiscal_year, office.books(&claim).await.invoice.fiscal_year);
        assert_eq!(office.books(&claim).await.invoice.state, "canceled");
        let report = replay(&app.core).await.unwrap();
        assert_eq!((report.invoices, report.findings), (3, vec![]), "T-2");
        let standing = office.books(&again).await.standing();
        everything_again(&db.db, async || { app.drain().await; }).await;
        assert_eq!(office.books(&again).await.standing(), standing, "once");
        assert_eq!(db.count("(SELECT COUNT(*) FROM revived_claims)").await, 1);
        for ledger in ledger_check::check(&db.db).await.unwrap() {
            assert!(ledger.findings.is_empty(), "{ledger:?}");
        }

        app.post(&office.business, &again.path("/payment-links"), json!({})).await.expect(201);
        assert_eq!(given_back(&office, &first, HALF).await["state"], "succeeded");
        assert_eq!(office.books(&again).await.invoice.state, "canceled");
        let url = db.settings.url.clone();
        let rewrite = "UPDATE revived_claims SET amount = 1";
        assert!(std::thread::spawn(move || execute(&url, rewrite)).join().is_err(), "it is never rewritten");
    }
);

on_both_databases!(
    /// a claim that somebody is paying when all of the fee has gone back ends with that attempt.
    r65_a_claim_that_is_being_paid_ends_with_the_attempt_once_the_fee_has_gone_back,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let first = office.owing().await;
        let waiver = office.waived(&first, "half").await;
        office.pays(&first).await;
        let claim = revoked(&office, &first, &waiver).await;
        app.post(&office.business, &format!("{}/withdraw", first.case), json!({})).await.expect(200);
        let attempt = office.opens(&claim).await;
        given_back(&office, &first, HALF).await;
        app.until("the money is back", async || office.books(&first).await.invoice.state == "refunded").await;
        assert_eq!(office.books(&claim).await.invoice.state, "pending");
        let cancel = format!("/v1/tenants/{AOMORI}/payments/{}/cancel", attempt["id"].as_str().unwrap());
        app.post(&office.business, &cancel, json!({})).await.expect(200);
        app.until("the claim has ended", async || office.books(&claim).await.invoice.state == "canceled").await;
        assert_eq!(balances(&office.books(&claim).await.entries)[&Account::Receivable], 0);
    }
);

on_both_databases!(
    /// what is evaded is looked at again by the last seal: nothing is of a fee that decided refunds give back whole, also before the
    /// money has left.
    r65_nothing_is_claimed_of_a_fee_that_goes_back_before_the_last_seal,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        let waiver = office.waived(&owing, "half").await;
        // What came at the counter goes back by bank, and leaves with a file.
        let entry = json!({ "means": "cash", "amount": HALF, "received_on": "2026-04-01" });
        app.post(&office.clerk, &owing.path("/counter-payments"), entry).await.expect(201);
        found_out(&office, &waiver).await;
        draft(&office, &owing, &waiver, facts()).await.expect(201);
        office.seal(&office.manager, &owing).await.expect(200);
        assert_eq!(given_back(&office, &owing, HALF).await["state"], "payout_due");
        assert_eq!(office.books(&owing).await.invoice.state, "paid", "the money is still here");
        assert_eq!(office.seal(&office.chief, &owing).await.problem(), "409 nothing_to_revoke");
        assert_eq!(office.waiver(&waiver).await["state"], "granted");
        assert_eq!(db.count("(SELECT COUNT(*) FROM waiver_revocations)").await, 0);
    }
);

on_both_databases!(
    /// what is divided off the claim of a revoked waiver, to be set off, is no price of what was applied for, either.
    r65_a_part_of_the_claim_of_a_revoked_waiver_is_no_price,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let (from, owing) = (office.owing().await, office.owing().await);
        let entry = json!({ "means": "cash", "amount": FEE, "received_on": "2026-04-01" });
        app.post(&office.clerk, &from.path("/counter-payments"), entry).await.expect(201);
        office.waived(&from, "half").await;
        let waiver = office.waived(&owing, "half").await;
        office.pays(&owing).await;
        let claim = revoked(&office, &owing, &waiver).await;
        app.advance(SignedDuration::from_hours(24 * 35)).await;
        office.sign_in_again().await;
        let part = json!({ "claim": claim.invoice, "amount": 3_000, "refund_amount_available": FEE });
        let part = app.post(&office.accountant, &from.path("/set-offs"), part).await.expect(201);
        let approve = format!("/v1/tenants/{AOMORI}/refunds/{}/approve", part["refund"]["id"].as_str().unwrap());
        app.post(&office.chief, &approve, json!({})).await.expect(200);
        office.pays(&claim).await;
        proposed(&office, &owing).await;
        assert_eq!(decided(&office, &owing).await.expect(200)["application_state"], "decided");
    }
);

on_both_databases!(
    /// what was waived is owed by whoever owed the fee, whoever stands in the case by then.
    r65_the_claim_of_a_revoked_waiver_is_owed_by_whoever_owed_the_fee,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        let waiver = office.waived(&owing, "half").await;
        office.pays(&owing).await;
        found_out(&office, &waiver).await;
        draft(&office, &owing, &waiver, facts()).await.expect(201);
        office.seal(&office.manager, &owing).await.expect(200);
        let successor = app.register("successor@example.jp", "business").await;
        let case = office.books(&owing).await.invoice.application_id;
        let (url, handed_over) = (
            db.settings.url.clone(),
            format!("UPDATE parties SET account_id = '{}' WHERE application_id = '{case}'", successor.id),
        );
        std::thread::spawn(move || execute(&url, &handed_over)).join().unwrap();
        office.seal(&office.chief, &owing).await.expect(200);
        let same = "(SELECT COUNT(*) FROM waiver_revocations JOIN invoices AS claim ON claim.id = waiver_revocations.claim_id \
             JOIN invoices AS fee ON fee.id = waiver_revocations.invoice_id \
             WHERE claim.obligor_account_id = fee.obligor_account_id)";
        assert_eq!(db.count(same).await, 1);
    }
);
