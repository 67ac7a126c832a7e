//! How cases, money and papers are brought to their stages.

use jiff::civil::date;
use madoguchi::domain::id::{PaymentAlertId, RecordFileId, RecordMeasureId, TenantCode};
use madoguchi::domain::settlement::ExceptionKind;
use madoguchi::service::Failure;
use madoguchi::service::exceptions::{self, Subject};
use madoguchi::store::payment_alerts::{self, PaymentAlertRow};
use madoguchi::store::record_files::{self, RecordCaseRow, RecordFileRow};
use madoguchi::store::record_measures::{self, BundleRow, MeasureRow};
use madoguchi::store::sql::{IsoDate, Micros};
use madoguchi::store::{StoreError, payments, reconciliation_exceptions};

use super::*;

/// A draft for somebody without an account.
pub fn paper_draft() -> Value {
    let applicant =
        json!({ "kind": "business", "name": "有限会社りんご電設", "address": "青森市長島一丁目1番1号" });
    json!({ "procedure": PROCEDURE, "form": {}, "channel": "counter",
        "received_at": "2026-04-01T00:00:00Z", "applicant": applicant })
}

/// A mail about the case that was refused for good.
pub async fn undelivered_mail(app: &TestApp, case: &str) -> String {
    use madoguchi::domain::case_mail::CaseMail;
    use madoguchi::domain::id::{JobId, TenantCode};
    use madoguchi::service::undelivered_mail::{GivenUp, LostMail, record};
    let id = new_key();
    let lost = LostMail {
        tenant: TenantCode::parse(AOMORI).unwrap(),
        job: id.parse::<JobId>().unwrap(),
        case: case.parse().unwrap(),
        mail: CaseMail::QuestionAsked.as_str(),
    };
    record(&app.core, lost, GivenUp::Refused(Some(550))).await.unwrap();
    id
}

/// A task about a case; gives its id.
pub async fn task(app: &TestApp, case: &str) -> String {
    use madoguchi::clock::Clock;
    use madoguchi::domain::id::CaseTaskId;
    use madoguchi::store::case_tasks::{self, CaseTaskRow};
    let id = new_key();
    let row = CaseTaskRow {
        tenant_id: TenantCode::parse(AOMORI).unwrap(),
        id: id.parse::<CaseTaskId>().unwrap(),
        application_id: case.parse().unwrap(),
        kind: "correction_missed".to_owned(),
        subject_id: new_key(),
        due_on: IsoDate(jiff::civil::date(2026, 3, 31)),
        state: "open".to_owned(),
        created_at: Micros(app.clock.now()),
        ended_at: None,
        ended_by: None,
        sealed_reason: None,
    };
    app.core.db.write_alone(vec![], move |tx| case_tasks::insert(tx, &row)).await.unwrap();
    id
}

/// Makes something of the department; gives its id.
pub async fn made(app: &TestApp, who: &Person, what: &str, body: Value) -> String {
    let path = format!("/v1/tenants/{AOMORI}/departments/{DEPARTMENT}/{what}");
    app.post(who, &path, body).await.expect(201)["id"].as_str().unwrap().to_owned()
}

/// A day on which the chief covers for the clerk.
pub fn absence(clerk: &Person, chief: &Person) -> Value {
    json!({ "officer": clerk.id, "cover": chief.id, "from_on": "2026-04-20", "to_on": "2026-04-20" })
}

/// A deputy sends a proposal back in the place of the chief; gives the act.
pub async fn acting(app: &TestApp, applicant: &Person, clerk: &Person, chief: &Person) -> String {
    let deputy = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "deputy@example.jp").await;
    let away =
        json!({ "officer": chief.id, "cover": deputy.id, "from_on": "2026-04-01", "to_on": "2026-04-01" });
    made(app, chief, "absences", away).await;
    let case = submit(app, applicant, draft_of(app, applicant).await).await;
    propose(app, clerk, &case).await;
    let path = format!("/v1/tenants/{AOMORI}/applications/{}/approval/return", case.id);
    let back = json!({ "acting_for": chief.id, "comment": "補記のこと" });
    app.post(&deputy, &path, back).await.expect(200);
    let owed = app.get(chief, "/v1/me/post-reviews").await.expect(200);
    owed["items"][0]["id"].as_str().unwrap().to_owned()
}

/// The debtor of a case acknowledged it; gives the acknowledgement.
pub async fn acknowledged(app: &TestApp, who: &Person, case: &Case) -> String {
    let path = format!("/v1/tenants/{AOMORI}/invoices/{}/acknowledgements", case.invoice);
    let said = json!({ "acknowledged_on": "2026-04-01", "form": "oral", "evidence": "面談記録" });
    app.post(who, &path, said).await.expect(201)["id"].as_str().unwrap().to_owned()
}

/// A report of a payout that only takes a fee.
pub fn settlement() -> Value {
    let table = "line_key,kind,merchant_reference,gateway_payment_id,gross,fee,tax,net,occurred_on\n\
                 1,fee,,,0,500,,-500,2026-04-01";
    let content = data_encoding::BASE64.encode(table.as_bytes());
    json!({ "gateway": "komoju", "batch_reference": "2026-04", "gross": 0, "fee": 500, "net": -500,
        "content_base64": content })
}

/// A complete draft.
pub async fn draft_of(app: &TestApp, applicant: &Person) -> String {
    app.draft(applicant, AOMORI, PROCEDURE).await
}

pub async fn draft(app: &TestApp, applicant: &Person) -> Case {
    let id = draft_of(app, applicant).await;
    let attachment = attachment(app, applicant, &id).await;
    Case { id, attachment, invoice: String::new(), number: String::new(), payment: String::new() }
}

pub async fn attachment(app: &TestApp, applicant: &Person, id: &str) -> String {
    let case = app.get(applicant, &format!("/v1/tenants/020001/applications/{id}")).await.expect(200);
    case["attachments"][0]["id"].as_str().unwrap().to_owned()
}

/// Hands a draft in.
pub async fn submit(app: &TestApp, applicant: &Person, id: String) -> Case {
    let path = format!("/v1/tenants/020001/applications/{id}/submit");
    let submitted = app.post(applicant, &path, json!({})).await.expect(200);
    let invoice = submitted["invoice"]["id"].as_str().unwrap().to_owned();
    let number = submitted["invoice"]["number"].as_str().unwrap().to_owned();
    Case { attachment: attachment(app, applicant, &id).await, id, invoice, number, payment: String::new() }
}

/// Opens a payment with e-money.
pub async fn open_payment(app: &TestApp, applicant: &Person, case: &Case) -> Value {
    let path = format!("/v1/tenants/020001/invoices/{}/payments", case.invoice);
    app.post(applicant, &path, json!({ "method": "nanaco" })).await.expect(201)
}

/// A link that somebody else could pay by.
pub async fn link(app: &TestApp, applicant: &Person, case: &Case) -> String {
    let path = format!("/v1/tenants/020001/invoices/{}/payment-links", case.invoice);
    app.post(applicant, &path, json!({})).await.expect(201)["id"].as_str().unwrap().to_owned()
}

/// Pays the invoice with e-money.
pub async fn pay(app: &TestApp, applicant: &Person, case: &Case) -> String {
    let payment = open_payment(app, applicant, case).await;
    app.at_gateway(payment["redirect_url"].as_str().unwrap(), "nanaco", "result=ok").await;
    let invoice = format!("/v1/tenants/020001/invoices/{}", case.invoice);
    app.until("the invoice is entrusted", async || {
        app.get(applicant, &invoice).await.expect(200)["state"] == "entrusted"
    })
    .await;
    payment["id"].as_str().unwrap().to_owned()
}

/// Asks for a waiver on behalf of the applicant.
pub async fn waiver(app: &TestApp, clerk: &Person, case: &Case) -> String {
    let path = format!("/v1/tenants/020001/invoices/{}/waivers", case.invoice);
    let body = json!({ "ground": "half", "statement": "窓口で申請を受け付けた" });
    app.post(clerk, &path, body).await.expect(201)["id"].as_str().unwrap().to_owned()
}

/// Asks for a part of what was paid to go back.
pub async fn refund(app: &TestApp, accountant: &Person, case: &Case) -> String {
    let path = format!("/v1/tenants/020001/invoices/{}/refunds", case.invoice);
    let left = app.get(accountant, &path).await.expect(200)["refund_amount_available"].clone();
    let body = json!({ "amount": 1000, "reason": "assessment_error", "refund_amount_available": left });
    let asked = app.post(accountant, &path, body).await.expect(201);
    asked["id"].as_str().unwrap().to_owned()
}

/// A part of what was paid goes into a transfer file.
pub async fn payout(app: &TestApp, accountant: &Person, chief: &Person, case: &Case) -> String {
    let refund = format!("/v1/tenants/020001/refunds/{}", refund(app, accountant, case).await);
    // Whoever gives the account makes no file with it.
    app.post(chief, &format!("{refund}/payee"), payee("クドウ")).await.expect(200);
    app.post(chief, &format!("{refund}/approve"), json!({})).await.expect(200);
    let body = json!({ "transfer_on": "2026-04-30" });
    let made = app.post(accountant, "/v1/tenants/020001/payouts", body).await.expect(201);
    made["id"].as_str().unwrap().to_owned()
}

/// Has somebody of the department enter the fee at the counter; gives the payment.
pub async fn receive(app: &TestApp, case: &Case) -> String {
    let cashier = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "cashier@example.jp").await;
    let path = format!("/v1/tenants/020001/invoices/{}/counter-payments", case.invoice);
    let entry = json!({ "means": "cash", "amount": 22_000, "received_on": "2026-04-01" });
    app.post(&cashier, &path, entry).await.expect(201)["id"].as_str().unwrap().to_owned()
}

/// Has somebody of the department cancel the stamps of a case that is paid in them.
pub async fn stamp_use(app: &TestApp, applicant: &Person) -> String {
    let cashier = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "shoshi@example.jp").await;
    let submitted = app.submitted(applicant, AOMORI, "ryoju-seizo").await;
    let invoice = submitted["invoice"]["id"].as_str().unwrap();
    let stamps = json!([{ "face": 10_000, "count": 8 }, { "face": 5_000, "count": 1 }]);
    let body = json!({ "stamps": stamps, "cancelled_on": "2026-04-01" });
    let path = format!("/v1/tenants/020001/invoices/{invoice}/stamp-uses");
    app.post(&cashier, &path, body).await.expect(201)["id"].as_str().unwrap().to_owned()
}

/// Claims the case and drafts its grant.
pub async fn propose(app: &TestApp, clerk: &Person, case: &Case) {
    let path = format!("/v1/tenants/020001/applications/{}", case.id);
    app.post(clerk, &format!("{path}/claim"), json!({})).await.expect(200);
    let version = app.get(clerk, &path).await.etag();
    let proposal = json!({ "decision": "grant", "reasons": [], "conditions": [] });
    app.post_if(clerk, &format!("{path}/proposal"), &version, proposal).await.expect(201);
}

/// Seals the proposal.
pub async fn approve(app: &TestApp, chief: &Person, case: &Case) {
    let path = format!("/v1/tenants/020001/applications/{}", case.id);
    let version = app.get(chief, &path).await.etag();
    app.post_if(chief, &format!("{path}/approval/approve"), &version, json!({})).await.expect(200);
}

/// A file of the bank with one credit.
pub async fn bank_statement(app: &TestApp, accountant: &Person) -> String {
    let body = csv(&table(&[("2026-03-31", 700, "ｱ")]));
    let made = app.post(accountant, "/v1/tenants/020001/bank-statements", body).await.expect(201);
    made["id"].as_str().unwrap().to_owned()
}

/// Something that does not agree.
pub async fn exception(app: &TestApp) -> String {
    let tenant = TenantCode::parse(AOMORI).unwrap();
    let raised = app.core.db.write_alone(vec![], move |tx| {
        let (kind, subject) = (ExceptionKind::BankMismatch, Subject::Other("test", "1".to_owned()));
        exceptions::raise(tx, &tenant, kind, &subject, json!({}))?;
        let found = reconciliation_exceptions::of_subject(tx, &tenant, kind, &subject.text())?;
        Ok::<_, Failure>(found.unwrap().id.to_string())
    });
    raised.await.unwrap()
}

/// A question to another office.
pub fn opinion() -> Value {
    json!({ "department": "kendo-doro", "question": "道路管理上の支障の有無", "due_on": "2026-04-10" })
}

/// Asks another office about a case.
pub async fn asked_opinion(app: &TestApp, clerk: &Person, case: &Case) -> String {
    let path = format!("/v1/tenants/020001/applications/{}/opinions", case.id);
    app.post(clerk, &path, opinion()).await.expect(201)["id"].as_str().unwrap().to_owned()
}

/// An inspection in some days.
pub fn inspection(clerk: &Person) -> Value {
    json!({ "planned_at": "2026-04-10T01:00:00Z", "place": "営業所", "purpose": "施設基準の確認", "officers": [clerk.id] })
}

/// Plans an inspection.
pub async fn planned_inspection(app: &TestApp, clerk: &Person, case: &Case) -> String {
    let path = format!("/v1/tenants/020001/applications/{}/inspections", case.id);
    app.post(clerk, &path, inspection(clerk)).await.expect(201)["id"].as_str().unwrap().to_owned()
}

/// Records that documents are awaited; gives the pause.
pub async fn paused(app: &TestApp, clerk: &Person, case: &Case) -> String {
    let path = format!("/v1/tenants/020001/applications/{}/clock-pauses", case.id);
    let body = json!({ "reason": "extra_documents", "asked_on": "2026-04-01", "note": "境界の図面" });
    app.post(clerk, &path, body).await.expect(201)["id"].as_str().unwrap().to_owned()
}

/// Links two cases.
pub async fn linked(app: &TestApp, clerk: &Person, case: &Case, other: &Case) -> String {
    let path = format!("/v1/tenants/020001/applications/{}/links", case.id);
    let body = json!({ "application": other.id, "kind": "same_matter", "reason": "同一の事業" });
    app.post(clerk, &path, body).await.expect(201)["id"].as_str().unwrap().to_owned()
}

/// A record file whose last day is over, with this case in it.
pub async fn expired_file(app: &TestApp, case: &str) -> String {
    let (tenant, case) = (TenantCode::parse(AOMORI).unwrap(), case.parse().unwrap());
    let made = app.core.db.write_alone(vec![], move |tx| {
        let text = |text: &str| text.to_owned();
        let id = RecordFileId(tx.new_id());
        let file = RecordFileRow {
            tenant_id: tenant.clone(),
            id,
            // The same year may have expired files of other cases.
            rule_code: format!("file-{id}"),
            content: text("cases"),
            procedure: text(PROCEDURE),
            department: text(DEPARTMENT),
            fiscal_year: 2020,
            retention: text("3"),
            expires_on: Some(IsoDate(date(2024, 3, 31))),
            measure: text("undecided"),
            large: text("許認可等"),
            middle: text("申請"),
            small: text("登録"),
            standard_file: text("登録に関する文書"),
            name: text("登録（令和2年度）"),
            place: text("書庫"),
            manager: text("消防保安課長"),
            medium: text("電子"),
            source: text("試験用"),
            state: text("expired"),
            created_at: Micros(tx.now()),
            version: 1,
        };
        record_files::find_or_make(tx, &file)?;
        let row = RecordCaseRow {
            tenant_id: tenant.clone(),
            application_id: case,
            record_file_id: id,
            completed_on: IsoDate(date(2020, 6, 1)),
            erased_at: None,
            files_removed_at: None,
        };
        record_files::put_case(tx, &row)?;
        Ok::<_, StoreError>(id.to_string())
    });
    made.await.unwrap()
}

/// A transfer of that file whose export is recorded, though not as it would be.
pub async fn exported_measure(
    app: &TestApp,
    file: &str,
    case: &Case,
    (clerk, chief): (&Person, &Person),
) -> String {
    let (tenant, file, case) =
        (TenantCode::parse(AOMORI).unwrap(), file.parse().unwrap(), case.id.parse().unwrap());
    let (by, decided_by) = (clerk.id.parse().unwrap(), chief.id.parse().unwrap());
    let made = app.core.db.write_alone(vec![], move |tx| {
        let (id, now) = (RecordMeasureId(tx.new_id()), Micros(tx.now()));
        let row = MeasureRow {
            tenant_id: tenant.clone(),
            id,
            record_file_id: file,
            measure: "transfer".to_owned(),
            state: "exported".to_owned(),
            reason: "満了".to_owned(),
            proposed_by: by,
            proposed_at: now,
            decided_by: Some(decided_by),
            decided_at: Some(now),
            bundles_sha256: Some("ff".to_owned()),
            receipt: None,
            handed_over_by: None,
            handed_over_at: None,
            version: 1,
        };
        record_measures::insert(tx, &row)?;
        let bundle = BundleRow {
            tenant_id: tenant.clone(),
            measure_id: id,
            member_id: case,
            sha256: "ff".to_owned(),
            event_head: vec![0; 32],
            exported_at: now,
        };
        record_measures::put_bundle(tx, &bundle)?;
        Ok::<_, StoreError>(id.to_string())
    });
    made.await.unwrap()
}

/// A hold that an officer places.
pub fn hold_on_records() -> Value {
    json!({ "ground": "audit", "from_on": "2026-04-01", "note": "定期監査" })
}

/// Places a hold on the records of a case.
pub async fn held(app: &TestApp, clerk: &Person, case: &Case) -> String {
    let path = format!("/v1/tenants/020001/applications/{}/record-holds", case.id);
    app.post(clerk, &path, hold_on_records()).await.expect(201)["id"].as_str().unwrap().to_owned()
}

/// Something that a person must look at about the open payment of a case.
pub async fn alert(app: &TestApp, case: &Case) -> String {
    let (tenant, payment) = (TenantCode::parse(AOMORI).unwrap(), case.payment.parse().unwrap());
    let raised = app.core.db.write_alone(vec![], move |tx| {
        let payment = payments::find(tx, &tenant, payment)?.unwrap();
        let row = PaymentAlertRow {
            tenant_id: tenant.clone(),
            id: PaymentAlertId(tx.new_id()),
            application_id: payment.application_id,
            payment_id: payment.id,
            code: "late_payment".to_owned(),
            found: None,
            raised_at: Micros(tx.now()),
            handled_at: None,
            handled_by: None,
            comment: None,
        };
        payment_alerts::insert(tx, &row)?;
        Ok::<_, Failure>(row.id.to_string())
    });
    raised.await.unwrap()
}

/// Places a hold on a record file.
pub async fn file_held(app: &TestApp, clerk: &Person, file: &str) -> String {
    let path = format!("/v1/tenants/020001/record-files/{file}/holds");
    app.post(clerk, &path, hold_on_records()).await.expect(201)["id"].as_str().unwrap().to_owned()
}
