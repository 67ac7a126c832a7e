//! A counter in full swing: cases at every stage and everybody who might want to look at them.

mod stages;

use madoguchi::domain::policy::Role;
use serde_json::{Value, json};

pub use self::stages::*;
use super::ACTORS;
use crate::reconciliation::office::{csv, table};
use crate::refunds::payouts::payee;
use crate::support::app::{AOMORI, AOMORI_CITY, Answer, PASSWORD, Person, TestApp, new_key, read};

/// The department of the procedure.
pub const DEPARTMENT: &str = "kiki-shobo-hoan";
/// A procedure with a fee.
pub const PROCEDURE: &str = "denki-koji-toroku";

/// A day that the accountants have closed.
const CLOSED_DAY: &str = "2026-03-31";

/// What a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The body as a whole.
    Body,
    /// A draft.
    Draft,
    /// A submitted case with an invoice and an open payment.
    Submitted,
    /// Another submitted case, which may be taken back.
    Spare,
    /// A case whose decision waits for the seal of the chief.
    Proposed,
    /// A paid and decided case.
    Decided,
    /// A submitted case about which another office is asked.
    Consulted,
    /// A submitted case whose fee came at the counter.
    AtCounter,
    /// A version of a procedure that is being written.
    Publication,
    /// A file that asks the bank to pay a refund.
    Payout,
    /// A payout of an agent.
    Settlement,
    /// Cases that were handed in at the same time.
    Basket,
    /// A file of the bank.
    BankStatement,
    /// Something that does not agree.
    Exception,
}

/// A case with what hangs on it.
pub struct Case {
    pub id: String,
    attachment: String,
    pub invoice: String,
    number: String,
    pub payment: String,
}

/// The counter.
pub struct World {
    pub app: TestApp,
    pub applicant: Person,
    pub stranger: Person,
    pub city: Person,
    other_department: Person,
    accountant: Person,
    clerk: Person,
    chief: Person,
    administrator: Person,
    publication: String,
    permit: String,
    refund: String,
    receipt: String,
    payout: String,
    link: String,
    settlement: String,
    undelivered_mail: String,
    task: String,
    notice: String,
    basket: String,
    view: String,
    absence: String,
    acting: String,
    waiver: String,
    stamp_use: String,
    bank_statement: String,
    exception: String,
    alert: String,
    draft: Case,
    submitted: Case,
    spare: Case,
    proposed: Case,
    decided: Case,
    at_counter: Case,
    consulted: Case,
    opinion: String,
    inspection: String,
    case_link: String,
    clock_pause: String,
    acknowledgement: String,
    record_file: String,
    record_file_hold: String,
    record_measure: String,
    record_hold: String,
    el_qr_upload: String,
    el_qr_results: String,
}

impl World {
    /// Lets everybody come and brings every case to its stage.
    #[expect(clippy::too_many_lines, reason = "one story, told in the order in which it happens")]
    pub async fn prepare(app: TestApp) -> Self {
        let applicant = app.register("applicant@example.jp", "business").await;
        let stranger = app.register("stranger@example.jp", "business").await;
        let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
        let chief = app.officer(AOMORI, DEPARTMENT, Role::SectionChief, "chief@example.jp").await;
        let other_department = app.officer(AOMORI, "kendo-doro", Role::SectionChief, "doro@example.jp").await;
        let accountant =
            app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "kaikei@example.jp").await;
        let city = app.officer(AOMORI_CITY, "shimin", Role::SectionChief, "shimin@example.jp").await;
        let administrator = app.officer(AOMORI, DEPARTMENT, Role::Administrator, "kanri@example.jp").await;
        let publication = app
            .post(&administrator, "/v1/tenants/020001/procedure-versions", json!({ "source": "id: x" }))
            .await;
        let publication = publication.expect(201)["id"].as_str().unwrap().to_owned();
        let together = json!({ "applications": [draft_of(&app, &applicant).await] });
        let basket = app.post(&applicant, "/v1/tenants/020001/baskets", together).await.expect(201);
        let basket = basket["id"].as_str().unwrap().to_owned();
        let view = json!({ "name": "全件", "audience": "department", "criteria": {} });
        let view = made(&app, &clerk, "queue-views", view).await;
        let absence = made(&app, &clerk, "absences", absence(&clerk, &chief)).await;
        let acting = acting(&app, &applicant, &clerk, &chief).await;
        let draft = draft(&app, &applicant).await;
        let mut submitted = submit(&app, &applicant, draft_of(&app, &applicant).await).await;
        let payment = open_payment(&app, &applicant, &submitted).await;
        payment["id"].as_str().unwrap().clone_into(&mut submitted.payment);
        let alert = alert(&app, &submitted).await;
        let spare = submit(&app, &applicant, draft_of(&app, &applicant).await).await;
        let link = link(&app, &applicant, &spare).await;
        let waiver = waiver(&app, &clerk, &spare).await;
        let proposed = submit(&app, &applicant, draft_of(&app, &applicant).await).await;
        propose(&app, &clerk, &proposed).await;
        let mut decided = submit(&app, &applicant, draft_of(&app, &applicant).await).await;
        decided.payment = pay(&app, &applicant, &decided).await;
        propose(&app, &clerk, &decided).await;
        approve(&app, &chief, &decided).await;
        let permits = app.get(&applicant, "/v1/me/permits").await.expect(200);
        let permit = permits["items"][0]["id"].as_str().unwrap().to_owned();
        // Neither of those who are asked below asked for these.
        let treasurer = app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "suito@example.jp").await;
        let payout = payout(&app, &treasurer, &chief, &decided).await;
        let receipts = format!("/v1/tenants/020001/invoices/{}/receipt", decided.invoice);
        let receipt = app.get(&applicant, &receipts).await.expect(200)["id"].as_str().unwrap().to_owned();
        let refund = refund(&app, &treasurer, &decided).await;
        let acknowledgement = acknowledged(&app, &treasurer, &spare).await;
        let bank_statement = bank_statement(&app, &treasurer).await;
        let exception = exception(&app).await;
        let day = json!({ "day": CLOSED_DAY });
        app.post(&treasurer, "/v1/tenants/020001/day-closes", day).await.expect(201);
        let settlement = app.post(&treasurer, "/v1/tenants/020001/settlements", settlement()).await;
        let settlement = settlement.expect(201)["id"].as_str().unwrap().to_owned();
        let notices = format!("/v1/tenants/020001/applications/{}/notices", decided.id);
        let notice =
            app.get(&clerk, &notices).await.expect(200)["items"][0]["id"].as_str().unwrap().to_owned();
        let undelivered_mail = undelivered_mail(&app, &submitted.id).await;
        let task = task(&app, &spare.id).await;
        let mut at_counter = submit(&app, &applicant, draft_of(&app, &applicant).await).await;
        at_counter.payment = receive(&app, &at_counter).await;
        let consulted = submit(&app, &applicant, draft_of(&app, &applicant).await).await;
        let opinion = asked_opinion(&app, &clerk, &consulted).await;
        let inspection = planned_inspection(&app, &clerk, &submitted).await;
        let case_link = linked(&app, &clerk, &submitted, &spare).await;
        let clock_pause = paused(&app, &clerk, &submitted).await;
        let stamp_use = stamp_use(&app, &applicant).await;
        let record_file = expired_file(&app, &submitted.id).await;
        let record_file_hold = file_held(&app, &clerk, &record_file).await;
        let record_measure = exported_measure(&app, &record_file, &submitted, (&clerk, &chief)).await;
        let record_hold = held(&app, &clerk, &submitted).await;
        let slips = app.post(&treasurer, "/v1/tenants/020001/el-qr-uploads", json!({})).await;
        let el_qr_upload = slips.expect(201)["id"].as_str().unwrap().to_owned();
        let paid = crate::el_qr::handed_in(&crate::el_qr::nobodys_payment());
        let paid = app.post(&treasurer, "/v1/tenants/020001/el-qr-results", paid).await;
        let el_qr_results = paid.expect(201)["id"].as_str().unwrap().to_owned();
        Self {
            app,
            applicant,
            stranger,
            city,
            other_department,
            accountant,
            clerk,
            chief,
            administrator,
            publication,
            permit,
            refund,
            receipt,
            payout,
            link,
            settlement,
            undelivered_mail,
            task,
            notice,
            basket,
            view,
            absence,
            acting,
            waiver,
            stamp_use,
            bank_statement,
            exception,
            alert,
            draft,
            submitted,
            spare,
            proposed,
            decided,
            at_counter,
            consulted,
            opinion,
            inspection,
            case_link,
            clock_pause,
            acknowledgement,
            record_file,
            record_file_hold,
            record_measure,
            record_hold,
            el_qr_upload,
            el_qr_results,
        }
    }

    /// Everybody, in the order of the columns.
    pub fn actors(&self) -> [(&'static str, &Person); 8] {
        let people = [
            &self.stranger,
            &self.city,
            &self.other_department,
            &self.accountant,
            &self.applicant,
            &self.clerk,
            &self.chief,
            &self.administrator,
        ];
        let mut names = ACTORS.into_iter();
        people.map(|person| (names.next().unwrap(), person))
    }

    fn case(&self, target: Target) -> &Case {
        match target {
            Target::Draft => &self.draft,
            Target::Body
            | Target::Submitted
            | Target::Publication
            | Target::Payout
            | Target::Settlement
            | Target::Basket
            | Target::BankStatement
            | Target::Exception => &self.submitted,
            Target::Spare => &self.spare,
            Target::Proposed => &self.proposed,
            Target::Decided => &self.decided,
            Target::AtCounter => &self.at_counter,
            Target::Consulted => &self.consulted,
        }
    }

    /// The id of what a call about `target` names.
    fn id(&self, template: &str, target: Target) -> &str {
        let case = self.case(target);
        let by_path = [
            ("/payment-alerts/", &self.alert),
            ("/invoices/", &case.invoice),
            ("/payment-links/", &self.link),
            ("payments/{id}", &case.payment),
            ("/permits/", &self.permit),
            ("/queue-views/", &self.view),
            ("/absences/", &self.absence),
            ("/post-reviews/", &self.acting),
            ("/record-file-holds/", &self.record_file_hold),
            ("/record-files/", &self.record_file),
            ("/record-measures/", &self.record_measure),
            ("/record-holds/", &self.record_hold),
            ("/el-qr-uploads/", &self.el_qr_upload),
            ("/el-qr-results/", &self.el_qr_results),
            ("/receipts/", &self.receipt),
            ("/case-links/", &self.case_link),
            ("/clock-pauses/", &self.clock_pause),
            ("/inspections/", &self.inspection),
            ("/opinions/", &self.opinion),
            ("/notices/", &self.notice),
            ("/tasks/", &self.task),
            ("/undelivered-mails/", &self.undelivered_mail),
            ("/acknowledgements/", &self.acknowledgement),
            ("/waivers/", &self.waiver),
            ("/stamp-uses/", &self.stamp_use),
            ("/refunds/", &self.refund),
        ];
        let named = by_path.into_iter().find(|(part, _)| template.contains(part));
        named.map_or_else(|| self.id_of(target), |(_, id)| id)
    }

    /// The id of a target whose path does not say what it is about.
    fn id_of(&self, target: Target) -> &str {
        match target {
            Target::BankStatement => &self.bank_statement,
            Target::Exception => &self.exception,
            Target::Payout => &self.payout,
            Target::Settlement => &self.settlement,
            Target::Publication => &self.publication,
            Target::Basket => &self.basket,
            _ => &self.case(target).id,
        }
    }

    /// The path of a call about `target`; with `missing`, about something that does not exist.
    pub fn path(&self, template: &str, target: Target, missing: Option<&str>) -> String {
        let (case, id) = (self.case(target), self.id(template, target));
        let path = template
            .replace("{tenant}", AOMORI)
            .replace("{id}", missing.unwrap_or(id))
            .replace("{application}", missing.unwrap_or(&case.id))
            .replace("{attachment}", missing.unwrap_or(&case.attachment))
            .replace("{department}", if missing.is_some() { "nowhere" } else { DEPARTMENT })
            .replace("{procedure}", PROCEDURE)
            .replace("{day}", if missing.is_some() { "2020-01-01" } else { CLOSED_DAY })
            .replace("{version}", "1")
            .replace("{document}", "application_copy")
            .replace("{paper}", "decision")
            .replace("{correction}", "00000000-0000-7000-8000-000000000000")
            .replace("{token}", "nobody-gave-me-this")
            .replace("{code}", "staff")
            .replace("{gateway}", "komoju");
        let path = path.replace("/statistics/casework", "/statistics/casework?from=2026-04-01&to=2026-04-30");
        let is_control = path.contains("/internal-control");
        let path = if is_control { format!("{path}?fiscal_year=2025") } else { path };
        let path = match path.strip_suffix("/invoices") {
            Some(before) => format!("{before}/invoices?number={}", missing.unwrap_or(&case.number)),
            None => path,
        };
        assert!(!path.contains('{'), "{path}: say what stands there");
        path
    }

    /// A good body for an operation.
    #[expect(clippy::too_many_lines, reason = "one table")]
    pub fn body(&self, operation: &str) -> Value {
        match operation {
            "create_account" => {
                json!({ "email": "new@example.jp", "password": PASSWORD, "name": "新規", "kind": "resident" })
            }
            "create_session" => json!({ "email": "stranger@example.jp", "password": PASSWORD }),
            "refresh_session" => json!({ "refresh_token": "nobody-gave-me-this" }),
            "quote_procedure" => json!({ "form": {} }),
            "quote_basket" => json!({ "applications": [{ "procedure": PROCEDURE, "form": {} }] }),
            "create_basket" => json!({ "applications": [self.submitted.id] }),
            "create_application" => json!({ "procedure": PROCEDURE, "form": {} }),
            "edit_application" => json!({ "form": { "phone": "0177221111" } }),
            "resubmit_application" => json!({ "form": { "phone": "0177221111" } }),
            "receive_counter_payment" => {
                json!({ "means": "cash", "amount": 22_000, "received_on": "2026-04-01" })
            }
            "record_acknowledgement" => {
                json!({ "acknowledged_on": "2026-04-01", "form": "oral", "evidence": "面談記録" })
            }
            "receive_balance" => json!({ "means": "cash", "amount": 1 }),
            "cancel_stamps" => {
                json!({ "stamps": [{ "face": 10_000, "count": 2 }], "cancelled_on": "2026-04-01" })
            }
            "quote_stamp_refund" => json!({ "stamps": [{ "face": 1_000, "count": 1 }] }),
            "reverse_stamp_use" | "reverse_counter_payment" | "reverse_acknowledgement" => {
                json!({ "reason": "誤入力" })
            }
            "import_el_qr_results" | "import_el_qr_acceptance" => {
                crate::el_qr::handed_in(&crate::el_qr::nobodys_payment())
            }
            "import_bank_statement" => csv(&table(&[("2026-03-31", 500, "ｱ")])),
            "propose_resolution" => json!({ "resolution": "explained", "comment": "確認した" }),
            "return_resolution" => json!({ "comment": "証拠を付けてください" }),
            "handle_payment_alert" => json!({ "comment": "確認した" }),
            "create_day_close" => json!({ "day": CLOSED_DAY }),
            "reissue_receipt" | "revoke_receipt" => json!({ "reason": "紛失" }),
            "open_payment" | "pay_by_link" => json!({ "method": "card" }),
            "open_joint_payment" => json!({ "invoices": [uuid::Uuid::nil()], "method": "card" }),
            "receive_counter_payments" => {
                json!({ "invoices": [uuid::Uuid::nil()], "means": "cash", "amount": 1, "received_on": "2026-04-01" })
            }
            "create_settlement" => settlement(),
            "record_arrival" => json!({ "arrived_on": "2026-04-01", "amount": -500, "reference": "手数料" }),
            "create_payout" => json!({ "transfer_on": "2026-04-30" }),
            "set_payee" => payee("クドウ"),
            "propose_set_off" => json!({ "claim": self.spare.invoice, "refund_amount_available": 0 }),
            "create_refund" => {
                json!({ "amount": 1, "reason": "assessment_error", "refund_amount_available": 0 })
            }
            "create_waiver" => json!({ "ground": "half", "statement": "災害により納付が困難" }),
            "record_false_claim" => json!({ "statement": "罹災証明書は別の世帯のものだった" }),
            "propose_waiver" => json!({ "decision": "grant", "reasons": ["罹災証明書を確認した"] }),
            "propose_waiver_revocation" => json!({ "reasons": ["罹災証明書は別の世帯のものだった"] }),
            "propose_write_off" => json!({ "ground": "waived-by-assembly", "reasons": ["議決第1号"] }),
            "request_correction" => json!({
                "items": [{ "pointer": "/form/phone", "message": "市外局番から" }], "due_on": "2026-04-20"
            }),
            "import_organisation" => json!({ "format": "yaml", "source": "holdings: []" }),
            "create_procedure_version" | "edit_procedure_version" => json!({ "source": "id: y" }),
            "close_procedure_version" => json!({ "last_day": "2026-04-30", "drain_until": "2026-05-31" }),
            "return_procedure_version" => json!({ "comment": "補記のこと" }),
            "create_paper_application" => paper_draft(),
            "choose_notice_way" => json!({ "way": "electronic" }),
            "post_notice" => json!({ "posted_on": "2026-04-01" }),
            "return_notice" => json!({ "returned_on": "2026-04-01", "reason": "あて所に尋ねあたりません" }),
            "turn_notice_to_paper" => json!({ "reason": "取得されないため" }),
            "create_message" => json!({ "text": "図面の縮尺は1/100でよいでしょうか。" }),
            "ask_opinion" => opinion(),
            "answer_opinion" => json!({ "stance": "agree" }),
            "plan_inspection" => inspection(&self.clerk),
            "reschedule_inspection" => json!({ "planned_at": "2026-04-12T01:00:00Z", "reason": "荒天" }),
            "carry_out_inspection" => json!({ "result": "passed", "carried_out_on": "2026-04-01" }),
            "cancel_inspection" => json!({ "reason": "書面で確認できたため" }),
            "link_application" => {
                json!({ "application": self.decided.id, "kind": "precedes", "reason": "先行する申請" })
            }
            "end_link" => json!({ "reason": "別の案件" }),
            "transfer_application" => {
                json!({ "department": "nowhere", "reason": "所管違い", "legal_basis": "条例第1条" })
            }
            "record_clock_pause" => {
                json!({ "reason": "applicant_change", "asked_on": "2026-04-01", "note": "設計の変更" })
            }
            "end_clock_pause" => json!({ "ended_on": "2026-04-01" }),
            "record_delay_reason" => json!({ "reason": "現地調査のため", "expected_on": "2026-06-30" }),
            "mark_checklist" => json!({ "marks": [{ "item": "x", "result": "met" }] }),
            "record_original" => json!({
                "part": "document", "code": "x", "shown_by": "by_post", "result": "agrees", "seen_on": "2026-04-01"
            }),
            "issue_control_snapshot" => json!({ "fiscal_year": 2025 }),
            "propose_record_measure" => json!({ "measure": "dispose", "reason": "保存期間の満了" }),
            "hand_over_records" => json!({ "bundles_sha256": "00", "receipt": "受領第1号" }),
            "place_record_hold" | "place_record_file_hold" => hold_on_records(),
            "sign_contract_as_counterpart" => json!({ "signature": "AAAA", "certificates": ["AAAA"] }),
            "confirm_counterpart_signature" => json!({ "note": "氏名が一致した。" }),
            "reject_counterpart_signature"
            | "withdraw_contract"
            | "close_task"
            | "end_correction"
            | "release_record_hold"
            | "release_record_file_hold" => {
                json!({ "reason": "電話で確認した。" })
            }
            "create_note" => json!({ "text": "電話で確認した。" }),
            "assign_application" => json!({ "officer": self.clerk.id }),
            "review_in_bulk" => json!({ "action": "claim", "applications": [self.submitted.id] }),
            "create_queue_view" => {
                json!({ "name": "期限切れ", "audience": "own", "criteria": { "due": "overdue" } })
            }
            "record_absence" => absence(&self.clerk, &self.chief),
            "create_assessment" => json!({ "office": {}, "expected_total": 0 }),
            "create_proposal" => json!({ "decision": "grant", "reasons": [], "conditions": [] }),
            "propose_decision_correction" => json!({ "error": "誤記" }),
            "propose_permit_order" => json!({
                "order": "resumption", "ground": "第28条", "effective_on": "2026-05-01", "reasons": []
            }),
            "dissent_from_proposal" => json!({ "comment": "所管の基準に合わない。" }),
            "escalate_proposal" => json!({ "weight": "important" }),
            "approve_in_bulk" => json!({ "items": [{ "application": self.proposed.id, "version": 999 }] }),
            "revise_proposal" => json!({ "reasons": ["基準に適合する。"] }),
            "instruct_proposal" => json!({ "instruction": "原案のとおり" }),
            "create_post_review" => json!({ "verdict": "agreed" }),
            "return_proposal" => json!({ "to_step": 0, "comment": "補記のこと" }),
            _ => json!({}),
        }
    }

    /// Hands a file in, as `who`.
    pub async fn upload(&self, path: &str, who: Option<&Person>) -> Answer {
        let body = "--B\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\nregistry\r\n--B\r\n\
                    Content-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\
                    Content-Type: application/pdf\r\n\r\n%PDF-1.4\n\r\n--B--\r\n";
        let mut request = self
            .app
            .raw(reqwest::Method::POST, path)
            .header("idempotency-key", new_key())
            .header("accept-language", "en")
            .header("content-type", "multipart/form-data; boundary=B")
            .body(body);
        if let Some(who) = who {
            request = request.bearer_auth(&who.token);
        }
        read(request.send().await.unwrap()).await
    }
}
