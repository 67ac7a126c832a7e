//! Every operation of the document is asked by everybody who may not, and by those who may.
//!
//! The table below has one row an operation. An operation without a row fails, and so does a row without an operation:
//! nobody can add a call and forget to say who may make it.

pub mod world;

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};

use self::world::{Target, World};
use crate::support::app::{Answer, Person, TestApp};
use crate::support::db::TestDb;
use crate::support::traces::traces;

/// Who may make a call.
enum Access {
    /// Anybody, for this reason; a good request without a token gets this status.
    Public(&'static str, u16),
    /// Everybody who is signed in, about nothing but the own account, for this reason.
    Own(&'static str),
    /// As the policy says of this target, in the order of [`ACTORS`]: a status, or `ok` for whatever is no refusal of
    /// the policy (done, or not possible in this state).
    Guarded(Target, &'static str),
}

/// The columns of guarded rows.
const ACTORS: [&str; 8] = [
    "a stranger",
    "an officer of another body",
    "an officer of another department",
    "an accountant",
    "the applicant",
    "the clerk",
    "the section chief",
    "an administrator",
];

use Access::{Guarded, Own, Public};

/// Hidden from everybody outside; the applicant and the department see it.
const READ: &str = "404 404 404 404 ok ok ok 404";
/// Only the applicant, on a paper that nobody else knows of.
const DRAFT: &str = "404 404 404 404 ok 404 404 404";
/// Only the applicant, on a paper that the department sees.
const APPLICANT: &str = "404 404 404 404 ok 403 403 404";
/// Money, which the accountant sees too.
const MONEY: &str = "404 404 404 ok ok ok ok 404";
/// Money that goes back: the accountant, and the chief of the department.
const REFUND: &str = "404 404 404 ok 403 403 ok 404";
/// Only the accountants of the body.
const TREASURY: &str = "404 404 404 ok 404 404 404 404";
/// Money at the counter: the department's staff and the accounting post.
const AT_COUNTER: &str = "404 404 404 ok 403 ok ok 404";
/// Only the administrators of the body; to everybody else there is nothing.
const PUBLISHING: &str = "404 404 404 404 404 404 404 ok";
/// Only the department.
const STAFF: &str = "404 404 404 404 403 ok ok 404";
/// The desks of a department; to everybody else it has none.
const DESK: &str = "404 404 404 404 404 ok ok 404";
/// Those who approve in a department; to everybody outside there is nothing.
const SEALERS: &str = "404 404 404 404 404 403 ok 404";

const TABLE: &[(&str, Access)] = &[
    ("get_procedure_language", Public("the language is public", 200)),
    ("get_jwks", Public("public keys are public", 200)),
    ("get_health", Public("a supervisor asks without an account", 200)),
    ("get_readiness", Public("a load balancer asks without an account", 200)),
    ("get_metrics", Public("counts without personal data; the operator's network guards it", 200)),
    ("create_account", Public("this is how one gets an account", 201)),
    ("create_session", Public("its proof is the password", 200)),
    ("refresh_session", Public("its proof is the refresh token", 401)),
    ("receive_notification", Public("its proof is the gateway's signature", 401)),
    ("list_tenants", Public("the counters are public", 200)),
    ("list_procedures", Public("what can be applied for is public", 200)),
    ("list_public_filings", Public("a law opens the filings of some procedures, and of this one none", 404)),
    ("get_public_filing", Public("a law opens the filings of some procedures, and of this one none", 404)),
    ("get_procedure", Public("what can be applied for is public", 200)),
    ("quote_procedure", Public("fees are in ordinances, which are public", 200)),
    ("quote_stamp_refund", Public("what stamps are given back at is in an ordinance, which is public", 200)),
    ("quote_basket", Public("fees are in ordinances, which are public", 200)),
    ("close_session", Own("closes the session of the token itself")),
    ("get_me", Own("shows the account of the token itself")),
    ("my_applications", Own("lists cases of the account of the token")),
    ("my_invoices", Own("lists invoices of the account of the token")),
    ("list_my_approvals", Own("lists what waits for the posts of the account of the token")),
    ("verify_document", Public("whoever holds a paper may check it; nothing personal is told", 404)),
    ("get_payment_link", Public("its proof is the link's secret", 404)),
    ("pay_by_link", Public("its proof is the link's secret", 404)),
    ("create_application", Guarded(Target::Body, "ok 403 403 403 ok 403 403 403")),
    // Whose drafts they are is judged draft by draft: those of others do not exist.
    ("create_basket", Guarded(Target::Body, "ok ok ok ok ok ok ok ok")),
    // What is hidden from somebody is a fault of its place in the list, see `joint_payments`.
    ("open_joint_payment", Guarded(Target::Body, "ok ok ok ok ok ok ok ok")),
    ("receive_counter_payments", Guarded(Target::Body, "ok ok ok ok ok ok ok ok")),
    ("get_basket", Guarded(Target::Basket, DRAFT)),
    ("get_application", Guarded(Target::Submitted, READ)),
    ("list_corrections", Guarded(Target::Submitted, READ)),
    ("list_form_versions", Guarded(Target::Submitted, READ)),
    ("get_clock", Guarded(Target::Submitted, READ)),
    ("get_forecast", Guarded(Target::Submitted, READ)),
    ("list_delay_reasons", Guarded(Target::Submitted, READ)),
    ("record_delay_reason", Guarded(Target::Submitted, STAFF)),
    ("list_clock_pauses", Guarded(Target::Submitted, READ)),
    ("record_clock_pause", Guarded(Target::Submitted, STAFF)),
    ("end_clock_pause", Guarded(Target::Submitted, STAFF)),
    ("list_documents", Guarded(Target::Submitted, READ)),
    ("get_document", Guarded(Target::Submitted, READ)),
    ("get_document_page", Guarded(Target::Submitted, READ)),
    ("get_document_signature", Guarded(Target::Submitted, READ)),
    ("get_timeline", Guarded(Target::Submitted, READ)),
    ("get_attachment", Guarded(Target::Submitted, READ)),
    ("get_decision", Guarded(Target::Decided, READ)),
    ("list_decision_versions", Guarded(Target::Decided, READ)),
    ("list_permit_orders", Guarded(Target::Decided, READ)),
    ("propose_decision_correction", Guarded(Target::Decided, STAFF)),
    ("propose_permit_order", Guarded(Target::Decided, STAFF)),
    ("get_permit", Guarded(Target::Decided, READ)),
    ("renew_permit", Guarded(Target::Decided, APPLICANT)),
    ("list_permits", Guarded(Target::Body, "404 404 ok 404 404 ok ok 404")),
    ("my_permits", Own("lists permits of the account of the token")),
    ("get_invoice", Guarded(Target::Submitted, MONEY)),
    ("find_invoice", Guarded(Target::Spare, "404 404 404 ok 404 ok ok 404")),
    ("get_payment", Guarded(Target::Submitted, MONEY)),
    ("get_receipt", Guarded(Target::Decided, MONEY)),
    ("list_receipts", Guarded(Target::Decided, MONEY)),
    ("get_payment_notice", Guarded(Target::Submitted, MONEY)),
    ("reissue_receipt", Guarded(Target::Decided, AT_COUNTER)),
    ("revoke_receipt", Guarded(Target::Decided, AT_COUNTER)),
    ("edit_application", Guarded(Target::Draft, DRAFT)),
    ("add_attachment", Guarded(Target::Draft, DRAFT)),
    ("remove_attachment", Guarded(Target::Draft, DRAFT)),
    ("submit_application", Guarded(Target::Draft, DRAFT)),
    ("resubmit_application", Guarded(Target::Submitted, APPLICANT)),
    ("list_refunds", Guarded(Target::Decided, MONEY)),
    ("get_refund", Guarded(Target::Decided, MONEY)),
    ("create_refund", Guarded(Target::Decided, REFUND)),
    ("approve_refund", Guarded(Target::Decided, REFUND)),
    ("reject_refund", Guarded(Target::Decided, REFUND)),
    ("withdraw_refund", Guarded(Target::Decided, REFUND)),
    ("set_payee", Guarded(Target::Decided, "404 404 404 ok ok 403 ok 404")),
    ("list_arrears", Guarded(Target::Body, TREASURY)),
    ("get_arrears", Guarded(Target::Submitted, MONEY)),
    ("issue_demand", Guarded(Target::Submitted, AT_COUNTER)),
    ("assess_late_charge", Guarded(Target::Submitted, AT_COUNTER)),
    ("record_acknowledgement", Guarded(Target::Submitted, AT_COUNTER)),
    ("list_acknowledgements", Guarded(Target::Submitted, AT_COUNTER)),
    ("reverse_acknowledgement", Guarded(Target::Submitted, AT_COUNTER)),
    ("propose_write_off", Guarded(Target::Submitted, STAFF)),
    ("list_waivers", Guarded(Target::Submitted, READ)),
    ("create_waiver", Guarded(Target::Submitted, READ)),
    ("get_waiver", Guarded(Target::Spare, READ)),
    ("record_false_claim", Guarded(Target::Spare, STAFF)),
    ("list_false_claims", Guarded(Target::Spare, STAFF)),
    ("propose_waiver", Guarded(Target::Spare, STAFF)),
    ("withdraw_waiver", Guarded(Target::Spare, READ)),
    ("list_refund_proposals", Guarded(Target::Payout, TREASURY)),
    ("list_payouts", Guarded(Target::Payout, TREASURY)),
    ("list_disputes", Guarded(Target::Body, TREASURY)),
    ("create_payout", Guarded(Target::Payout, TREASURY)),
    ("get_payout_file", Guarded(Target::Payout, TREASURY)),
    ("confirm_payout", Guarded(Target::Payout, TREASURY)),
    ("import_bank_statement", Guarded(Target::Body, TREASURY)),
    ("list_bank_statements", Guarded(Target::Body, TREASURY)),
    ("get_bank_statement", Guarded(Target::BankStatement, TREASURY)),
    ("list_exceptions", Guarded(Target::Body, TREASURY)),
    ("get_exception", Guarded(Target::Exception, TREASURY)),
    ("claim_exception", Guarded(Target::Exception, TREASURY)),
    ("propose_resolution", Guarded(Target::Exception, TREASURY)),
    ("return_resolution", Guarded(Target::Exception, TREASURY)),
    ("approve_resolution", Guarded(Target::Exception, TREASURY)),
    ("list_payment_alerts", Guarded(Target::Body, TREASURY)),
    ("handle_payment_alert", Guarded(Target::Submitted, TREASURY)),
    ("list_day_closes", Guarded(Target::Body, TREASURY)),
    ("create_day_close", Guarded(Target::Body, TREASURY)),
    ("get_day_close", Guarded(Target::Body, TREASURY)),
    ("confirm_day_close", Guarded(Target::Body, TREASURY)),
    ("export_day_close", Guarded(Target::Body, TREASURY)),
    // The head of the body may, too: see `internal_control`.
    ("get_internal_control", Guarded(Target::Body, TREASURY)),
    ("list_control_snapshots", Guarded(Target::Body, TREASURY)),
    ("issue_control_snapshot", Guarded(Target::Body, TREASURY)),
    ("list_settlements", Guarded(Target::Payout, TREASURY)),
    ("create_settlement", Guarded(Target::Payout, TREASURY)),
    ("get_settlement", Guarded(Target::Settlement, TREASURY)),
    // Nothing is recorded yet: whoever records cannot confirm.
    ("confirm_arrival", Guarded(Target::Settlement, TREASURY)),
    ("record_arrival", Guarded(Target::Settlement, TREASURY)),
    ("cancel_payment", Guarded(Target::Submitted, APPLICANT)),
    ("create_payment_link", Guarded(Target::Spare, APPLICANT)),
    ("list_payment_links", Guarded(Target::Spare, APPLICANT)),
    ("revoke_payment_link", Guarded(Target::Spare, APPLICANT)),
    ("open_payment", Guarded(Target::Spare, APPLICANT)),
    ("receive_counter_payment", Guarded(Target::Spare, AT_COUNTER)),
    ("receive_balance", Guarded(Target::Spare, AT_COUNTER)),
    ("cancel_stamps", Guarded(Target::Spare, AT_COUNTER)),
    ("list_stamp_uses", Guarded(Target::Spare, AT_COUNTER)),
    ("reverse_stamp_use", Guarded(Target::Spare, AT_COUNTER)),
    ("reverse_counter_payment", Guarded(Target::AtCounter, AT_COUNTER)),
    ("withdraw_application", Guarded(Target::Spare, APPLICANT)),
    ("upgrade_application", Guarded(Target::Draft, DRAFT)),
    ("import_organisation", Guarded(Target::Body, PUBLISHING)),
    ("create_procedure_version", Guarded(Target::Body, PUBLISHING)),
    ("list_procedure_versions", Guarded(Target::Body, PUBLISHING)),
    ("close_procedure_version", Guarded(Target::Body, PUBLISHING)),
    ("get_procedure_version", Guarded(Target::Publication, PUBLISHING)),
    ("edit_procedure_version", Guarded(Target::Publication, PUBLISHING)),
    ("propose_procedure_version", Guarded(Target::Publication, PUBLISHING)),
    ("approve_procedure_version", Guarded(Target::Publication, PUBLISHING)),
    ("return_procedure_version", Guarded(Target::Publication, PUBLISHING)),
    ("withdraw_procedure_version", Guarded(Target::Publication, PUBLISHING)),
    ("list_queue", Guarded(Target::Body, DESK)),
    ("count_queue", Guarded(Target::Body, DESK)),
    ("review_in_bulk", Guarded(Target::Body, DESK)),
    ("list_queue_views", Guarded(Target::Body, DESK)),
    ("create_queue_view", Guarded(Target::Body, DESK)),
    // It is the clerk's.
    ("delete_queue_view", Guarded(Target::Body, "404 404 404 404 404 ok 403 404")),
    ("list_absences", Guarded(Target::Body, DESK)),
    ("record_absence", Guarded(Target::Body, DESK)),
    ("end_absence", Guarded(Target::Body, DESK)),
    ("create_paper_application", Guarded(Target::Body, "404 404 404 404 404 ok ok 404")),
    ("list_record_files", Public("the file register is published", 200)),
    ("get_record_file", Guarded(Target::Body, DESK)),
    ("list_record_cases", Guarded(Target::Body, DESK)),
    // Another measure of the file is open.
    ("propose_record_measure", Guarded(Target::Body, DESK)),
    ("get_record_measure", Guarded(Target::Body, DESK)),
    ("list_record_bundles", Guarded(Target::Body, DESK)),
    // What is recorded of it is no hash of its export: whoever may is told so.
    ("get_record_bundle", Guarded(Target::Body, SEALERS)),
    ("approve_record_measure", Guarded(Target::Body, SEALERS)),
    ("reject_record_measure", Guarded(Target::Body, SEALERS)),
    ("hand_over_records", Guarded(Target::Body, SEALERS)),
    ("place_record_hold", Guarded(Target::Submitted, STAFF)),
    ("list_record_holds", Guarded(Target::Submitted, STAFF)),
    ("release_record_hold", Guarded(Target::Submitted, STAFF)),
    ("get_casework", Guarded(Target::Body, "404 404 ok ok 404 ok ok ok")),
    ("list_notices", Guarded(Target::Decided, READ)),
    ("get_notice", Guarded(Target::Decided, READ)),
    ("choose_notice_way", Guarded(Target::Spare, APPLICANT)),
    ("list_paper_notices", Guarded(Target::Body, "404 404 404 404 404 ok ok 404")),
    ("post_notice", Guarded(Target::Decided, STAFF)),
    ("return_notice", Guarded(Target::Decided, STAFF)),
    ("turn_notice_to_paper", Guarded(Target::Decided, STAFF)),
    ("list_tasks", Guarded(Target::Body, DESK)),
    ("close_task", Guarded(Target::Spare, STAFF)),
    ("list_undelivered_mails", Guarded(Target::Body, "404 404 404 404 404 ok ok 404")),
    ("settle_undelivered_mail", Guarded(Target::Submitted, "404 404 404 404 403 ok ok 404")),
    ("claim_application", Guarded(Target::Submitted, STAFF)),
    // Nothing is asked yet: whoever may is told so.
    ("end_correction", Guarded(Target::Submitted, STAFF)),
    ("request_correction", Guarded(Target::Submitted, STAFF)),
    ("create_message", Guarded(Target::Submitted, READ)),
    ("list_messages", Guarded(Target::Submitted, READ)),
    ("refuse_guidance", Guarded(Target::Submitted, READ)),
    ("ask_opinion", Guarded(Target::Submitted, STAFF)),
    ("list_opinions", Guarded(Target::Submitted, STAFF)),
    ("list_department_opinions", Guarded(Target::Body, DESK)),
    // The department that is asked, and nobody else.
    ("answer_opinion", Guarded(Target::Consulted, "404 404 ok 404 404 404 404 404")),
    // It sees the case, which is not its to work on.
    ("recall_opinion", Guarded(Target::Consulted, "404 404 403 404 403 ok ok 404")),
    ("plan_inspection", Guarded(Target::Submitted, STAFF)),
    ("list_inspections", Guarded(Target::Submitted, READ)),
    ("reschedule_inspection", Guarded(Target::Submitted, STAFF)),
    ("carry_out_inspection", Guarded(Target::Submitted, STAFF)),
    ("release_inspection", Guarded(Target::Submitted, STAFF)),
    ("cancel_inspection", Guarded(Target::Submitted, STAFF)),
    ("link_application", Guarded(Target::Submitted, STAFF)),
    ("list_links", Guarded(Target::Submitted, READ)),
    ("end_link", Guarded(Target::Submitted, STAFF)),
    ("list_transfers", Guarded(Target::Submitted, READ)),
    ("create_note", Guarded(Target::Submitted, STAFF)),
    ("list_notes", Guarded(Target::Submitted, STAFF)),
    ("assign_application", Guarded(Target::Submitted, STAFF)),
    ("release_application", Guarded(Target::Submitted, STAFF)),
    ("close_application", Guarded(Target::Submitted, STAFF)),
    ("create_assessment", Guarded(Target::Submitted, STAFF)),
    ("get_checklist", Guarded(Target::Submitted, STAFF)),
    ("mark_checklist", Guarded(Target::Submitted, STAFF)),
    ("get_originals", Guarded(Target::Submitted, READ)),
    ("record_original", Guarded(Target::Submitted, STAFF)),
    ("get_proposal", Guarded(Target::Proposed, "404 404 404 404 404 ok ok 404")),
    ("get_proposal_paper_page", Guarded(Target::Proposed, "404 404 404 404 404 ok ok 404")),
    ("get_proposal_paper", Guarded(Target::Proposed, "404 404 404 404 404 ok ok 404")),
    ("create_proposal", Guarded(Target::Submitted, STAFF)),
    // It has nowhere to go: whoever may is told so, and the case stays.
    ("transfer_application", Guarded(Target::Submitted, STAFF)),
    // Last, for then the case is the chief's.
    ("take_over_application", Guarded(Target::Submitted, STAFF)),
    ("approve_proposal", Guarded(Target::Proposed, "404 404 404 404 403 403 ok 404")),
    ("return_proposal", Guarded(Target::Proposed, "404 404 404 404 403 403 ok 404")),
    ("dissent_from_proposal", Guarded(Target::Proposed, "404 404 404 404 403 403 ok 404")),
    ("escalate_proposal", Guarded(Target::Proposed, "404 404 404 404 403 ok ok 404")),
    // What another officer sees of cases that are not theirs is told case by case: they are not found.
    ("approve_in_bulk", Guarded(Target::Body, "404 404 ok ok 404 ok ok ok")),
    ("revise_proposal", Guarded(Target::Proposed, STAFF)),
    ("instruct_proposal", Guarded(Target::Proposed, "404 404 404 404 403 403 ok 404")),
    ("my_post_reviews", Own("lists what was done in the place of the account of the token")),
    ("list_post_reviews", Guarded(Target::Body, DESK)),
    // It was done in the place of the chief.
    ("create_post_review", Guarded(Target::Submitted, "404 404 404 404 403 403 ok 404")),
    ("recall_proposal", Guarded(Target::Proposed, "404 404 404 404 403 ok 403 404")),
];

/// An operation as the document has it.
struct Operation {
    id: String,
    method: Method,
    path: String,
    is_public: bool,
}

fn operations() -> BTreeMap<String, Operation> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/madoguchi.yaml");
    let document: Value = yaml_serde::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let by_default = public(&document["security"]);
    let mut found = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            let id = operation["operationId"].as_str().unwrap().to_owned();
            let is_public = operation.get("security").map_or(by_default, public);
            let made = Operation { id: id.clone(), method, path: path.clone(), is_public };
            assert!(found.insert(id.clone(), made).is_none(), "{id} stands twice in the document");
        }
    }
    found
}

/// No security at all, or one of the alternatives asks for nothing.
fn public(security: &Value) -> bool {
    security.as_array().is_none_or(|ways| {
        ways.is_empty() || ways.iter().any(|way| way.as_object().is_some_and(serde_json::Map::is_empty))
    })
}

#[test]
fn every_operation_has_a_row_and_every_row_an_operation() {
    let documented: BTreeSet<String> = operations().into_keys().collect();
    let listed: BTreeSet<String> = TABLE.iter().map(|(id, _)| (*id).to_owned()).collect();
    assert_eq!(listed.len(), TABLE.len(), "an operation has two rows");
    let missing: Vec<_> = documented.difference(&listed).collect();
    let left_over: Vec<_> = listed.difference(&documented).collect();
    assert!(missing.is_empty(), "nobody said who may call: {missing:?}");
    assert!(left_over.is_empty(), "there is no such operation (any more): {left_over:?}");
}

#[test]
fn the_document_says_public_where_the_table_does() {
    let operations = operations();
    for (id, access) in TABLE {
        let Some(operation) = operations.get(*id) else { continue };
        let is_public = matches!(access, Public(..));
        assert_eq!(operation.is_public, is_public, "{id}: security of the document");
        match access {
            Public(reason, _) | Own(reason) => assert!(!reason.is_empty(), "{id}: why"),
            Guarded(_, letters) => {
                assert_eq!(letters.split(' ').count(), ACTORS.len(), "{id}: one column an actor");
            }
        }
    }
}

async fn ask(world: &World, operation: &Operation, path: &str, who: Option<&Person>) -> Answer {
    if operation.id == "add_attachment" {
        return world.upload(path, who).await;
    }
    let key = crate::support::app::new_key();
    // A version that never was: who may change the thing is told that it is stale, and nothing changes.
    let mut headers = vec![("idempotency-key", key.as_str()), ("if-match", "\"999\"")];
    // Where a version may be left out, nothing is asked before who asks.
    headers.truncate(if operation.id == "recall_proposal" { 1 } else { 2 });
    let body = (operation.method != Method::GET).then(|| world.body(&operation.id));
    world.app.call(operation.method.clone(), path, who, &headers, body).await
}

/// The body without what differs from request to request.
fn same(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    if let Some(problem) = body.as_object_mut() {
        problem.remove("request_id");
    }
    body
}

fn holds(answer: &Answer, expected: &str) -> bool {
    let status = answer.status.as_u16();
    match expected {
        "ok" => (200..300).contains(&status) || [409, 412, 422].contains(&status),
        code => status.to_string() == code,
    }
}

on_both_databases!(every_call_answers_each_actor_as_the_table_says, async |db: TestDb| {
    let world = World::prepare(TestApp::start(&db).await).await;
    let operations = operations();
    let mut wrong = Vec::new();
    let before = traces(&db).await;
    for (id, access) in TABLE {
        let Some(operation) = operations.get(*id) else { continue };
        if !matches!(access, Public(..)) {
            refuses_strangers_to_the_service(&world, operation, access, &mut wrong).await;
        }
        if let Guarded(target, letters) = access {
            refuses(&world, operation, *target, letters, &mut wrong).await;
        }
    }
    assert_eq!(traces(&db).await, before, "a refused call left something behind");
    for (id, access) in TABLE {
        let Some(operation) = operations.get(*id) else { continue };
        match access {
            Public(_, status) => {
                let path = world.path(&operation.path, Target::Body, None);
                let answer = ask(&world, operation, &path, None).await;
                note(&mut wrong, operation, "anybody", &status.to_string(), &answer);
            }
            Own(_) => shows_only_the_own(&world, operation, &mut wrong).await,
            Guarded(target, letters) => {
                for ((who, actor), expected) in world.actors().into_iter().zip(letters.split(' ')) {
                    if expected == "ok" {
                        let path = world.path(&operation.path, *target, None);
                        let answer = ask(&world, operation, &path, Some(actor)).await;
                        note(&mut wrong, operation, who, expected, &answer);
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
});

fn note(wrong: &mut Vec<String>, operation: &Operation, who: &str, expected: &str, answer: &Answer) {
    if !holds(answer, expected) {
        let got = answer.problem();
        wrong.push(format!("{} for {who}: expected {expected}, got {got} {}", operation.id, answer.body));
    }
}

/// No token, and a token that nobody signed.
async fn refuses_strangers_to_the_service(
    world: &World,
    operation: &Operation,
    access: &Access,
    wrong: &mut Vec<String>,
) {
    let target = if let Guarded(target, _) = access { *target } else { Target::Body };
    let path = world.path(&operation.path, target, None);
    let forged = Person { token: format!("{}x", world.applicant.token), id: world.applicant.id.clone() };
    for (name, who) in [("nobody", None), ("a forger", Some(&forged))] {
        let answer = ask(world, operation, &path, who).await;
        note(wrong, operation, name, "401", &answer);
        if answer.body["code"] != "not_signed_in" {
            wrong.push(format!("{} for {name}: {}", operation.id, answer.body));
        }
    }
}

/// Everybody who may not: the status of the table, and for what is hidden the very answer of what does not exist.
async fn refuses(
    world: &World,
    operation: &Operation,
    target: Target,
    letters: &str,
    wrong: &mut Vec<String>,
) {
    let real = world.path(&operation.path, target, None);
    let missing = world.path(&operation.path, target, Some("00000000-0000-7000-8000-000000000000"));
    for ((who, actor), expected) in world.actors().into_iter().zip(letters.split(' ')) {
        if expected != "ok" {
            let answer = ask(world, operation, &real, Some(actor)).await;
            note(wrong, operation, who, expected, &answer);
            if expected == "404" {
                let nothing = ask(world, operation, &missing, Some(actor)).await;
                if same(&answer) != same(&nothing) {
                    wrong.push(format!(
                        "{} tells {who} that it exists: {} {}",
                        operation.id, answer.body, nothing.body
                    ));
                }
            }
        }
        // Nobody reaches a case through another body.
        if operation.path.contains("{id}") {
            let elsewhere = real.replace("/020001/", "/022012/");
            let answer = ask(world, operation, &elsewhere, Some(actor)).await;
            note(wrong, operation, &format!("{who} through another body"), "404", &answer);
        }
    }
}

/// A list of the own things of somebody who has none is empty, whatever others have.
async fn shows_only_the_own(world: &World, operation: &Operation, wrong: &mut Vec<String>) {
    for (who, actor) in [("a stranger", &world.stranger), ("an officer of another body", &world.city)] {
        let answer = ask(world, operation, &operation.path, Some(actor)).await;
        note(wrong, operation, who, "ok", &answer);
        let empty = answer.body.get("items").is_none_or(|items| *items == json!([]));
        let other = answer.body.get("id").is_some_and(|id| *id == json!(world.applicant.id));
        if !empty || other {
            wrong.push(format!("{} shows {who} what is not theirs: {}", operation.id, answer.body));
        }
    }
}
