//! Acknowledgements (債務承認) count a claim's limitation anew, and every line of it is explained.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::app::{Answer, Person, TestApp};
use crate::support::db::TestDb;
use crate::support::traces::traces;
use crate::waivers::office::{Office, Owing};

async fn days(office: &mut Office<'_>, days: i64) {
    office.app.advance(SignedDuration::from_hours(24 * days)).await;
    office.sign_in_again().await;
}

async fn acknowledged(office: &Office<'_>, who: &Person, owing: &Owing, day: &str, form: &str) -> Answer {
    let wanted = json!({ "acknowledged_on": day, "form": form, "evidence": "債務承認書（消保第12号）" });
    office.app.post(who, &owing.path("/acknowledgements"), wanted).await
}

async fn limitation(office: &Office<'_>, owing: &Owing) -> (String, Vec<String>) {
    let shown = office.app.get(&office.business, &owing.path("/arrears")).await.expect(200);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let lines = shown["limitation_explanation"].as_array().unwrap().iter().map(text).collect();
    (text(&shown["extinct_after"]), lines)
}

on_both_databases!(
    /// acknowledgement and part payment count anew, line by line; what comes after the last day is refused.
    r94_an_acknowledgement_counts_the_limitation_anew_until_the_claim_is_extinct,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        days(&mut office, 365).await;
        assert_eq!(acknowledged(&office, &office.business, &owing, "2027-03-31", "written").await.problem(), "403 forbidden");
        let made = acknowledged(&office, &office.clerk, &owing, "2027-03-31", "written").await.expect(201);
        assert_eq!((&made["form"], &made["recorded_by"]), (&json!("written"), &json!(office.clerk.id)));
        let (last, lines) = limitation(&office, &owing).await;
        assert_eq!(last, "2032-03-31");
        assert_eq!(lines, [
            "5 years from the day after the due day 2026-05-01: until 2031-05-01",
            "2027-03-31 a written acknowledgement counts it anew: until 2032-03-31",
        ]);
        // What was said earlier may be recorded later; it changes nothing that is counted from a later day.
        acknowledged(&office, &office.accountant, &owing, "2026-12-01", "oral").await.expect(201);
        assert_eq!(limitation(&office, &owing).await.0, "2032-03-31");
        let recorded = app.get(&office.accountant, &owing.path("/acknowledgements")).await.expect(200);
        let forms: Vec<_> = recorded["items"].as_array().unwrap().iter().map(|it| it["form"].clone()).collect();
        assert_eq!(forms, [json!("oral"), json!("written")]);
        assert_eq!(recorded["items"][0]["evidence"], "債務承認書（消保第12号）");
        assert_eq!(app.get(&office.business, &owing.path("/acknowledgements")).await.problem(), "403 forbidden");
        assert_eq!(db.count("(SELECT COUNT(*) FROM events WHERE kind = 'debt_acknowledged')").await, 2);

        days(&mut office, 365 * 5 + 10).await;
        assert_eq!(acknowledged(&office, &office.clerk, &owing, "2032-04-01", "oral").await.problem(), "409 claim_extinct");
        assert_eq!(limitation(&office, &owing).await.0, "2032-03-31");
        // On a day before the last one the debtor did acknowledge, and the paper is found now.
        acknowledged(&office, &office.clerk, &owing, "2032-03-30", "deferment").await.expect(201);
        assert_eq!(limitation(&office, &owing).await.0, "2037-03-30");
    }
);

on_both_databases!(
    /// what was entered in error is struck out by a second person, once; it stays readable and the limitation is counted anew.
    r94_an_acknowledgement_entered_in_error_is_struck_out_by_a_second_person,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        days(&mut office, 365).await;
        let wrong = acknowledged(&office, &office.clerk, &owing, "2027-03-31", "written").await.expect(201);
        acknowledged(&office, &office.clerk, &owing, "2026-12-01", "oral").await.expect(201);
        assert_eq!(limitation(&office, &owing).await.0, "2032-03-31");
        let path = format!("/v1/tenants/020001/acknowledgements/{}/reverse", wrong["id"].as_str().unwrap());
        let why = json!({ "reason": "別の事案の債務承認書だった" });
        let before = traces(&db).await;
        assert_eq!(app.post(&office.clerk, &path, why.clone()).await.problem(), "403 own_entry");
        assert_eq!(app.post(&office.business, &path, why.clone()).await.problem(), "403 forbidden");
        let silent = app.post(&office.accountant, &path, json!({ "reason": " " })).await;
        assert_eq!(silent.problem(), "422 validation_failed");
        assert_eq!(traces(&db).await, before);
        assert_eq!(limitation(&office, &owing).await.0, "2032-03-31");

        let both = tokio::join!(app.post(&office.accountant, &path, why.clone()), app.post(&office.chief, &path, why.clone()));
        let mut statuses = [both.0.status.as_u16(), both.1.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "once");
        let (last, lines) = limitation(&office, &owing).await;
        assert_eq!((last.as_str(), lines.len()), ("2031-12-01", 2), "{lines:?}");
        let listed = app.get(&office.accountant, &owing.path("/acknowledgements")).await.expect(200);
        let struck: Vec<_> = listed["items"].as_array().unwrap().iter().map(|it| it["struck_out"]["reason"].clone()).collect();
        assert_eq!(struck, [Value::Null, why["reason"].clone()], "the history is kept");
        assert_eq!(db.count("(SELECT COUNT(*) FROM events WHERE kind = 'debt_acknowledgement_struck_out')").await, 1);
        let leak = "(SELECT COUNT(*) FROM acknowledgement_reversals WHERE CAST(sealed_reason AS TEXT) LIKE '%別の%')";
        assert_eq!(db.count(leak).await, 0, "the reason lies sealed");
        let timeline = app.get(&office.clerk, &format!("{}/timeline", owing.case)).await.expect(200);
        assert_eq!(timeline["chain"], "intact");
        // What was right can be recorded again.
        acknowledged(&office, &office.clerk, &owing, "2027-03-30", "written").await.expect(201);
        assert_eq!(limitation(&office, &owing).await.0, "2032-03-30");
    }
);

on_both_databases!(what_cannot_be_true_of_an_acknowledgement_leaves_no_trace, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let mut office = Office::open(&app, &db).await;
    let (owing, paid) = (office.owing().await, office.owing().await);
    office.pays(&paid).await;
    days(&mut office, 40).await;
    let before = traces(&db).await;
    for (field, value, pointer) in [
        ("acknowledged_on", "2026-05-12", "/acknowledged_on"),
        ("acknowledged_on", "2026-03-31", "/acknowledged_on"),
        ("evidence", "", "/evidence"),
        ("evidence", "二行の\n証拠", "/evidence"),
    ] {
        let mut wanted = json!({ "acknowledged_on": "2026-05-01", "form": "oral", "evidence": "面談記録" });
        wanted[field] = json!(value);
        let refused = app.post(&office.clerk, &owing.path("/acknowledgements"), wanted).await;
        assert_eq!(refused.problem(), "422 validation_failed", "{field}");
        assert_eq!(refused.body["errors"][0]["pointer"], pointer);
    }
    assert_eq!(
        acknowledged(&office, &office.clerk, &paid, "2026-05-01", "oral").await.problem(),
        "409 claim_not_owed"
    );
    assert_eq!(traces(&db).await, before);
});

on_both_databases!(
    /// who pays what is owed beside the claim acknowledges the claim; who pays for another by a link does not.
    r94_a_part_payment_of_the_debtor_acknowledges_and_one_of_somebody_else_does_not,
    async |db: TestDb| {
        let text = include_str!("../../config/tenants/020001.yaml").replace("order: principal_first", "order: charges_first");
        let app = TestApp::start_offering(&db, "tenants/020001.yaml", &text.replace("demand_fee: 20", "demand_fee: 500")).await;
        let mut office = Office::open(&app, &db).await;
        let (own, by_link) = (office.owing().await, office.owing().await);
        days(&mut office, 31).await;
        let mut fees = Vec::new();
        for owing in [&own, &by_link] {
            let sent = app.post(&office.clerk, &owing.path("/demand"), json!({})).await.expect(201);
            let invoice = sent["charges"][0]["invoice"].as_str().unwrap().to_owned();
            fees.push(Owing { case: owing.case.clone(), invoice });
        }
        days(&mut office, 10).await;
        office.pays(&fees[0]).await;
        let link = app.post(&office.business, &fees[1].path("/payment-links"), json!({})).await.expect(201);
        let path = format!("/v1/payment-links/{}/payments", link["token"].as_str().unwrap());
        let key = crate::support::app::new_key();
        let headers = [("idempotency-key", key.as_str())];
        let card = Some(json!({ "method": "card" }));
        let opened = app.call(reqwest::Method::POST, &path, None, &headers, card).await.expect(201);
        office.pays_on(&opened).await;
        app.until("it is paid", async || office.books(&fees[1]).await.invoice.state == "entrusted").await;
        let (last, lines) = limitation(&office, &own).await;
        assert_eq!((last.as_str(), lines.len()), ("2031-05-12", 3), "{lines:?}");
        assert_eq!(lines[2], "2026-05-12 a part payment counts it anew: until 2031-05-12");
        let (last, lines) = limitation(&office, &by_link).await;
        assert_eq!((last.as_str(), lines.len()), ("2031-05-02", 2), "{lines:?}");
    }
);

on_both_databases!(
    /// what is owed beside a claim is acknowledged with it, and no more once that acknowledgement is struck out.
    r94_an_acknowledgement_of_the_claim_counts_its_charges_anew,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut office = Office::open(&app, &db).await;
        let owing = office.owing().await;
        days(&mut office, 31).await;
        let sent = app.post(&office.clerk, &owing.path("/demand"), json!({})).await.expect(201);
        let invoice = sent["charges"][0]["invoice"].as_str().unwrap().to_owned();
        let fee = Owing { case: owing.case.clone(), invoice };
        let (alone, _) = limitation(&office, &fee).await;
        days(&mut office, 365).await;
        let made = acknowledged(&office, &office.clerk, &owing, "2027-03-31", "written").await.expect(201);
        let (last, lines) = limitation(&office, &fee).await;
        assert_eq!((last.as_str(), lines.len()), ("2032-03-31", 2), "{lines:?}");
        assert_eq!(lines[1], "2027-03-31 a written acknowledgement of the claim counts it anew: until 2032-03-31");
        let path = format!("/v1/tenants/020001/acknowledgements/{}/reverse", made["id"].as_str().unwrap());
        app.post(&office.accountant, &path, json!({ "reason": "別の事案の債務承認書だった" })).await.expect(200);
        assert_eq!(limitation(&office, &fee).await.0, alone);
        office.pays(&owing).await;
        assert_eq!(limitation(&office, &fee).await.0, alone, "whoever pays the claim alone says nothing of the fee");
    }
);
