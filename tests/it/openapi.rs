//! The document says what the service does: it is whole, and every answer is one that it describes.

mod accounting;
mod acting;
mod checking;
mod contracting;
mod correcting;
mod desk;
mod document;
mod el_qr;
mod late;
mod noticing;
mod officework;
mod permitting;
mod publishing;
mod recording;
mod settling;
mod waiving;

use reqwest::Method;
use serde_json::{Value, json};

use self::document::Document;
use crate::policy_coverage::world::DEPARTMENT;
use crate::refunds::payouts::payee;
use crate::support::app::{
    AFTER_REVIEW, AOMORI, Answer, ON_ISSUE, PASSWORD, Person, ROUTES, TestApp, new_key,
};
use crate::support::db::TestDb;
use crate::support::signing::SigningService;
use madoguchi::domain::policy::Role;

const CASES: &str = "/v1/tenants/020001/applications";
const PROCEDURE: &str = "denki-koji-toroku";

#[test]
fn the_document_is_openapi_3_1_and_every_operation_is_described() {
    let document = Document::read();
    assert!(document.whole["openapi"].as_str().unwrap().starts_with("3.1."));
    assert!(document.whole["info"]["title"].is_string() && document.whole["info"]["version"].is_string());
    let tags: Vec<&Value> =
        document.whole["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let mut wrong = Vec::new();
    for (id, operation) in document.operations() {
        let text = |name: &str| operation[name].as_str().is_some_and(|text| !text.trim().is_empty());
        if !text("summary") {
            wrong.push(format!("{id} has no summary"));
        }
        if !operation["tags"].as_array().is_some_and(|own| own.iter().any(|tag| tags.contains(&tag))) {
            wrong.push(format!("{id} has no tag that is described"));
        }
        let responses = operation["responses"].as_object().unwrap();
        if !responses.keys().any(|status| status.starts_with('2')) {
            wrong.push(format!("{id} never succeeds"));
        }
        for (status, response) in responses {
            if response["description"].as_str().is_none_or(str::is_empty) {
                wrong.push(format!("{id} {status} is not described"));
            }
            let is_problem = response["content"].get("application/problem+json").is_some();
            if status.starts_with('4') && !is_problem {
                wrong.push(format!("{id} {status} is no problem+json"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_field_that_is_not_described_is_noticed() {
    let document = Document::read();
    for name in ["Health", "InvoiceView", "ApplicationView"] {
        let validator = document.compile(&json!({ "$ref": format!("#/components/schemas/{name}") })).unwrap();
        let surprise = json!({ "surprise": 1 });
        let noticed = validator.iter_errors(&surprise).any(|error| error.to_string().contains("'surprise'"));
        assert!(noticed, "{name}");
    }
}

#[test]
fn every_schema_of_the_document_compiles() {
    let document = Document::read();
    let names: Vec<&String> = document.whole["components"]["schemas"].as_object().unwrap().keys().collect();
    assert!(names.len() > 30, "{names:?}");
    for name in names {
        let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
        assert!(document.compile(&schema).is_ok(), "{name}");
    }
}

/// Walks the counter and holds each answer against the document.
struct Walk<'a> {
    app: &'a TestApp,
    document: Document,
}

impl Walk<'_> {
    fn seen(&mut self, operation: &str, answer: Answer) -> Value {
        self.document.check(operation, &answer);
        answer.body
    }

    async fn get(&mut self, operation: &str, who: &Person, path: &str) -> Value {
        let answer = self.app.get(who, path).await;
        assert!(answer.status.is_success(), "{operation}: {}", answer.body);
        self.seen(operation, answer)
    }

    async fn open(&mut self, operation: &str, method: Method, path: &str, body: Option<Value>) -> Value {
        let answer = self.app.call(method, path, None, &[], body).await;
        assert!(answer.status.is_success(), "{operation}: {}", answer.body);
        self.seen(operation, answer)
    }

    /// A change based on the present version of the case.
    async fn change(&mut self, operation: &str, who: &Person, path: &str, case: &str, body: Value) -> Value {
        let version = self.app.get(who, case).await.etag();
        let answer = self.app.post_if(who, path, &version, body).await;
        assert!(answer.status.is_success(), "{operation}: {}", answer.body);
        self.seen(operation, answer)
    }

    async fn refused(&mut self, operation: &str, who: &Person, path: &str, body: Value, problem: &str) {
        let answer = self.app.post(who, path, body).await;
        assert_eq!(answer.problem(), problem, "{}", answer.body);
        self.seen(operation, answer);
    }
}

on_both_databases!(every_answer_is_one_that_the_document_describes, async |db: TestDb| {
    let signed = crate::office_signatures::signed_and_open_procedure();
    let files =
        crate::el_qr::files().into_iter().chain([(crate::office_signatures::FILE.to_owned(), signed)]);
    let service = SigningService::new();
    let files = files.map(|file| contracting::trusting(file, &service));
    let app = TestApp::start_over(&db, files, |_| {}).await;
    let mut walk = Walk { app: &app, document: Document::read() };
    public_calls(&mut walk).await;
    let business = app.register("business@example.jp", "business").await;
    let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
    let chief = app.officer(AOMORI, DEPARTMENT, Role::SectionChief, "chief@example.jp").await;
    walk.get("get_me", &business, "/v1/me").await;
    walk.get("get_me", &clerk, "/v1/me").await;
    let case = applying(&mut walk, &business).await;
    paying(&mut walk, &business, &case).await;
    reviewing(&mut walk, &business, &clerk, &chief, &case).await;
    checking::inspection(&mut walk, &business, &clerk, &chief).await;
    side_ways(&mut walk, &business, &clerk, &chief).await;
    desk::desk(&mut walk, &business, &clerk, &chief).await;
    acting::acting(&mut walk, &business, &clerk, &chief).await;
    consulting(&mut walk, &business, &clerk).await;
    refunding(&mut walk, &business, &chief, &case).await;
    assessing(&mut walk, &business, &clerk).await;
    together(&mut walk, &business).await;
    at_the_counter(&mut walk, &business, &clerk, &chief).await;
    noticing::mails(&mut walk, &clerk, &case).await;
    noticing::figures(&mut walk, &clerk).await;
    noticing::on_paper(&mut walk, &clerk).await;
    noticing::notices(&mut walk, &business, &clerk, &chief).await;
    officework::officework(&mut walk, &business, &clerk).await;
    settling::settling(&mut walk, &clerk).await;
    contracting::contracting(&mut walk, &business, &service).await;
    el_qr::by_el_qr(&mut walk).await;
    waiving::waiving(&mut walk, &business, &clerk).await;
    recording::recording(&mut walk, &business, &clerk, &chief).await;
    problems(&mut walk, &business, &case).await;
    publishing::publishing(&mut walk, &business).await;
    late::late(&mut walk, &business, &clerk).await;
    let unseen = walk.document.unseen_successes();
    assert!(unseen.is_empty(), "no answer of these was held against the document: {unseen:?}");
});

async fn public_calls(walk: &mut Walk<'_>) {
    let account =
        json!({ "email": "new@example.jp", "password": PASSWORD, "name": "新規", "kind": "resident" });
    walk.open("create_account", Method::POST, "/v1/accounts", Some(account)).await;
    let credentials = json!({ "email": "new@example.jp", "password": PASSWORD });
    let tokens = walk.open("create_session", Method::POST, "/v1/sessions", Some(credentials)).await;
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    walk.open("refresh_session", Method::POST, "/v1/sessions/refresh", Some(refresh)).await;
    let procedure = format!("/v1/tenants/020001/procedures/{PROCEDURE}");
    for (operation, path) in [
        ("get_health", "/healthz"),
        ("get_readiness", "/readyz"),
        ("get_jwks", "/.well-known/jwks.json"),
        ("get_procedure_language", "/v1/procedure-language.json"),
        ("list_tenants", "/v1/tenants"),
        ("list_procedures", "/v1/tenants/020001/procedures"),
        ("get_procedure", procedure.as_str()),
    ] {
        walk.open(operation, Method::GET, path, None).await;
    }
    let example = walk.app.example(AOMORI, PROCEDURE).await;
    let answers = json!({ "form": example["form"] });
    walk.open("quote_procedure", Method::POST, &format!("{procedure}/quote"), Some(answers)).await;
}

/// From the draft to the arrival; gives the path of the case.
async fn applying(walk: &mut Walk<'_>, business: &Person) -> String {
    let example = walk.app.example(AOMORI, PROCEDURE).await;
    let draft = json!({ "procedure": PROCEDURE, "form": example["form"] });
    let draft = walk.app.post(business, CASES, draft).await;
    let draft = walk.seen("create_application", draft);
    let case = format!("{CASES}/{}", draft["id"].as_str().unwrap());
    let key = new_key();
    let headers = [("idempotency-key", key.as_str()), ("if-match", "\"1\"")];
    let phone = Some(json!({ "form": { "phone": "0177221111" } }));
    let edited = walk.app.call(Method::PATCH, &case, Some(business), &headers, phone).await;
    assert_eq!(edited.status, 200, "{}", edited.body);
    walk.seen("edit_application", edited);
    let id = draft["id"].as_str().unwrap();
    let file = walk.app.attach(business, AOMORI, id, &example["attachments"][0]).await;
    let first = walk.seen("add_attachment", file);
    let removing = format!("{case}/attachments/{}", first["id"].as_str().unwrap());
    let key = new_key();
    let headers = [("idempotency-key", key.as_str())];
    let removed = walk.app.call(Method::DELETE, &removing, Some(business), &headers, None).await;
    assert!(removed.status.is_success(), "{}", removed.body);
    walk.seen("remove_attachment", removed);
    walk.app.attach(business, AOMORI, id, &example["attachments"][0]).await.expect(201);
    walk.change("submit_application", business, &format!("{case}/submit"), &case, json!({})).await;
    walk.get("get_application", business, &case).await;
    walk.get("my_applications", business, "/v1/me/applications").await;
    walk.get("my_invoices", business, "/v1/me/invoices").await;
    case
}

async fn paying(walk: &mut Walk<'_>, business: &Person, case: &str) {
    let shown = walk.get("get_application", business, case).await;
    let invoice = format!("/v1/tenants/020001/invoices/{}", shown["invoice"]["id"].as_str().unwrap());
    walk.get("get_invoice", business, &invoice).await;
    let pay = format!("{invoice}/payments");
    let opened = walk.app.post(business, &pay, json!({ "method": "card" })).await;
    let given_up = walk.seen("open_payment", opened);
    let payment =
        |payment: &Value| format!("/v1/tenants/020001/payments/{}", payment["id"].as_str().unwrap());
    let canceled = walk.app.post(business, &format!("{}/cancel", payment(&given_up)), json!({})).await;
    assert_eq!(canceled.status, 200, "{}", canceled.body);
    walk.seen("cancel_payment", canceled);
    let again = walk.app.post(business, &pay, json!({ "method": "nanaco" })).await;
    let again = walk.seen("open_payment", again);
    walk.get("get_payment", business, &payment(&again)).await;
    walk.app.at_gateway(again["redirect_url"].as_str().unwrap(), "nanaco", "result=ok").await;
    let app = walk.app;
    app.until("the invoice is entrusted", async || {
        app.get(business, &invoice).await.expect(200)["state"] == "entrusted"
    })
    .await;
    walk.get("get_invoice", business, &invoice).await;
    walk.get("get_receipt", business, &format!("{invoice}/receipt")).await;
}

async fn reviewing(walk: &mut Walk<'_>, business: &Person, clerk: &Person, chief: &Person, case: &str) {
    let queue = format!("/v1/tenants/020001/departments/{DEPARTMENT}/queue");
    walk.get("list_queue", clerk, &queue).await;
    walk.change("claim_application", clerk, &format!("{case}/claim"), case, json!({})).await;
    walk.get("list_queue", clerk, &queue).await;
    let text = json!({ "text": "電話で確認した。" });
    walk.change("create_note", clerk, &format!("{case}/notes"), case, text).await;
    walk.get("list_notes", clerk, &format!("{case}/notes")).await;
    correcting::correction(walk, business, clerk, case).await;
    let why = json!({ "fact": "設備が古い", "clause": "第20条", "criterion": "審査基準第4" });
    let conditions = json!(["毎年報告すること"]);
    let proposal = json!({ "decision": "conditional_grant", "reasons": [why], "conditions": conditions });
    let propose = format!("{case}/proposal");
    for (operation, call, who) in [("return_proposal", "return", chief), ("recall_proposal", "recall", clerk)]
    {
        walk.change("create_proposal", clerk, &propose, case, proposal.clone()).await;
        let body = if call == "return" { json!({ "to_step": 0, "comment": "補記" }) } else { json!({}) };
        walk.change(operation, who, &format!("{case}/approval/{call}"), case, body).await;
    }
    walk.change("create_proposal", clerk, &propose, case, proposal).await;
    walk.get("get_proposal", chief, &propose).await;
    walk.get("list_my_approvals", chief, "/v1/me/approvals").await;
    walk.change("approve_proposal", chief, &format!("{case}/approval/approve"), case, json!({})).await;
    walk.get("get_decision", business, &format!("{case}/decision")).await;
    walk.get("get_application", chief, case).await;
    permitting::permits(walk, business, clerk, chief, case).await;
    checking::papers(walk, business, case).await;
    walk.get("get_clock", business, &format!("{case}/clock")).await;
    walk.get("get_timeline", business, &format!("{case}/timeline")).await;
    walk.get("get_timeline", clerk, &format!("{case}/timeline")).await;
}

/// A consulted section disagrees, and the drafter says that the matter is important.
async fn consulting(walk: &mut Walk<'_>, business: &Person, clerk: &Person) {
    let submitted = walk.app.submitted(business, AOMORI, ROUTES).await;
    let case = format!("/v1/tenants/020001/applications/{}", submitted["id"].as_str().unwrap());
    let manager = walk.app.officer(AOMORI, DEPARTMENT, Role::GroupManager, "gm@example.jp").await;
    let asked = walk.app.officer(AOMORI, "kankyo-hozen", Role::SectionChief, "kankyo@example.jp").await;
    walk.app.post(clerk, &format!("{case}/claim"), json!({})).await.expect(200);
    let proposal = json!({ "decision": "grant", "weight": "novel" });
    walk.change("create_proposal", clerk, &format!("{case}/proposal"), &case, proposal).await;
    walk.change("approve_proposal", &manager, &format!("{case}/approval/approve"), &case, json!({})).await;
    let heavier = json!({ "weight": "important" });
    walk.change("escalate_proposal", clerk, &format!("{case}/approval/escalate"), &case, heavier).await;
    let version = walk.app.get(clerk, &case).await.etag();
    let why = json!({ "comment": "所管の基準に合わない。" });
    let dissent = walk.app.post_if(&asked, &format!("{case}/approval/dissent"), &version, why).await;
    assert_eq!(dissent.status, 200, "{}", dissent.body);
    walk.seen("dissent_from_proposal", dissent);
    let list = walk.get("list_my_approvals", &asked, "/v1/me/approvals").await;
    assert_eq!(list["items"], json!([]), "what was acted on waits no more");
}

/// Money goes back: refused, taken back, approved.
async fn refunding(walk: &mut Walk<'_>, business: &Person, chief: &Person, case: &str) {
    let accountant =
        walk.app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "kaikei@example.jp").await;
    let shown = walk.app.get(business, case).await.expect(200);
    let refunds = format!("/v1/tenants/020001/invoices/{}/refunds", shown["invoice"]["id"].as_str().unwrap());
    for (who, verdict) in [(chief, "reject"), (&accountant, "withdraw"), (chief, "approve")] {
        let left = walk.get("list_refunds", &accountant, &refunds).await;
        let left = left["refund_amount_available"].clone();
        let wanted = json!({ "amount": 1000, "reason": "assessment_error", "refund_amount_available": left,
            "lines": [{ "line": 1, "amount": 1000 }] });
        let asked = walk.app.post(&accountant, &refunds, wanted).await;
        assert_eq!(asked.status, 201, "{}", asked.body);
        let asked = walk.seen("create_refund", asked);
        let refund = format!("/v1/tenants/020001/refunds/{}", asked["id"].as_str().unwrap());
        let told = walk.app.post(&accountant, &format!("{refund}/notice"), json!({})).await;
        assert_eq!(told.status, 201, "{}", told.body);
        walk.seen("tell_payee", told);
        let again = format!("{refund}/notice");
        walk.refused("tell_payee", &accountant, &again, json!({}), "409 refund_already_told").await;
        let claimed = walk.app.post(business, &format!("{refund}/claim"), json!({})).await;
        assert_eq!(claimed.status, 201, "{}", claimed.body);
        walk.seen("claim_refund", claimed);
        walk.get("get_refund_interest", business, &format!("{refund}/interest")).await;
        let approve = format!("{refund}/approve");
        walk.refused("approve_refund", &accountant, &approve, json!({}), "403 own_refund").await;
        let decided = walk.app.post(who, &format!("{refund}/{verdict}"), json!({})).await;
        assert_eq!(decided.status, 200, "{}", decided.body);
        walk.seen(&format!("{verdict}_refund"), decided);
        walk.get("get_refund", &accountant, &refund).await;
    }
    let list = walk.get("list_refunds", business, &refunds).await;
    let due = list["items"].as_array().unwrap().iter().find(|refund| refund["state"] == "payout_due");
    let due = due.unwrap()["id"].as_str().unwrap();
    let payee =
        walk.app.post(business, &format!("/v1/tenants/020001/refunds/{due}/payee"), payee("クドウ")).await;
    assert_eq!(payee.status, 200, "{}", payee.body);
    walk.seen("set_payee", payee);
    let payouts = "/v1/tenants/020001/payouts";
    walk.get("list_refund_proposals", &accountant, "/v1/tenants/020001/refund-proposals").await;
    walk.get("list_payouts", &accountant, payouts).await;
    walk.get("list_disputes", &accountant, "/v1/tenants/020001/disputes?state=lost").await;
    let made = walk.app.post(&accountant, payouts, json!({ "transfer_on": "2026-04-30" })).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made = walk.seen("create_payout", made);
    walk.get("list_payouts", &accountant, payouts).await;
    let second = walk.app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "bank@example.jp").await;
    let path = format!("{payouts}/{}/confirm", made["id"].as_str().unwrap());
    let confirmed = walk.app.post(&second, &path, json!({})).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.body);
    walk.seen("confirm_payout", confirmed);
    accounting::accounting(walk, &accountant, &second).await;
}

/// What the straight way does not pass: handing over, giving back, closing, taking back.
async fn side_ways(walk: &mut Walk<'_>, business: &Person, clerk: &Person, chief: &Person) {
    let notice = walk.app.submitted(business, AOMORI, "denki-koji-henko-todoke").await;
    let case = format!("{CASES}/{}", notice["id"].as_str().unwrap());
    let officer = json!({ "officer": clerk.id });
    walk.change("assign_application", chief, &format!("{case}/assign"), &case, officer).await;
    walk.change("release_application", clerk, &format!("{case}/release"), &case, json!({})).await;
    walk.change("claim_application", clerk, &format!("{case}/claim"), &case, json!({})).await;
    walk.change("close_application", clerk, &format!("{case}/close"), &case, json!({})).await;
    let other = walk.app.submitted(business, AOMORI, PROCEDURE).await;
    let case = format!("{CASES}/{}", other["id"].as_str().unwrap());
    walk.change("withdraw_application", business, &format!("{case}/withdraw"), &case, json!({})).await;
}

/// Two applications at the same time.
async fn together(walk: &mut Walk<'_>, business: &Person) {
    let example = walk.app.example(AOMORI, PROCEDURE).await;
    let one = json!({ "procedure": PROCEDURE, "form": example["form"] });
    let asked = json!({ "applications": [one, one] });
    walk.open("quote_basket", Method::POST, "/v1/tenants/020001/basket-quote", Some(asked)).await;
    let drafts = [
        walk.app.draft(business, AOMORI, PROCEDURE).await,
        walk.app.draft(business, AOMORI, PROCEDURE).await,
    ];
    let baskets = "/v1/tenants/020001/baskets";
    let body = json!({ "applications": drafts });
    let made = walk.app.post(business, baskets, body.clone()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made = walk.seen("create_basket", made);
    walk.get("get_basket", business, &format!("{baskets}/{}", made["id"].as_str().unwrap())).await;
    walk.refused("create_basket", business, baskets, body, "422 validation_failed").await;
    let invoices = [0, 1].map(|place| made["applications"][place]["invoice"]["id"].clone());
    let (payments, body) = ("/v1/tenants/020001/payments", json!({ "invoices": invoices, "method": "card" }));
    let opened = walk.app.post(business, payments, body.clone()).await;
    assert_eq!(opened.status, 201, "{}", opened.body);
    walk.seen("open_joint_payment", opened);
    walk.refused("open_joint_payment", business, payments, body, "422 validation_failed").await;
}

/// The fee that staff fix after review.
async fn assessing(walk: &mut Walk<'_>, business: &Person, clerk: &Person) {
    let submitted = walk.app.submitted(business, AOMORI, AFTER_REVIEW).await;
    let case = format!("{CASES}/{}", submitted["id"].as_str().unwrap());
    walk.change("claim_application", clerk, &format!("{case}/claim"), &case, json!({})).await;
    let office = json!({ "office": { "poles": 3, "public": false }, "expected_total": 2850 });
    let fixing = format!("{case}/assessment");
    walk.change("create_assessment", clerk, &fixing, &case, office.clone()).await;
    walk.refused("create_assessment", clerk, &fixing, office, "409 already_assessed").await;
}

/// Somebody else is given a link to pay by.
async fn by_link(walk: &mut Walk<'_>, business: &Person, invoice: &str) {
    let links = format!("/v1/tenants/020001/invoices/{invoice}/payment-links");
    let made = walk.app.post(business, &links, json!({})).await;
    let made = walk.seen("create_payment_link", made);
    walk.get("list_payment_links", business, &links).await;
    let link = format!("/v1/payment-links/{}", made["token"].as_str().unwrap());
    walk.open("get_payment_link", Method::GET, &link, None).await;
    let key = new_key();
    let (pay, headers) = (format!("{link}/payments"), [("idempotency-key", key.as_str())]);
    let card = Some(json!({ "method": "card" }));
    let paid = walk.app.call(Method::POST, &pay, None, &headers, card.clone()).await;
    assert_eq!(paid.status, 201, "{}", paid.body);
    walk.seen("pay_by_link", paid);
    walk.open("get_payment_link", Method::GET, &link, None).await;
    let keyless = walk.app.call(Method::POST, &pay, None, &[], card).await;
    assert_eq!(keyless.problem(), "400 idempotency_key_required");
    walk.seen("pay_by_link", keyless);
    let revoke = format!("/v1/tenants/020001/payment-links/{}", made["id"].as_str().unwrap());
    let gone = walk.app.call(Method::DELETE, &revoke, Some(business), &headers, Some(json!({}))).await;
    assert_eq!(gone.status, 204, "{}", gone.body);
    walk.seen("revoke_payment_link", gone);
    let nothing = walk.app.call(Method::GET, &link, None, &[], None).await;
    assert_eq!(nothing.problem(), "404 not_found");
    walk.seen("get_payment_link", nothing);
}

/// A fee is brought to the counter, and the entry was wrong.
async fn at_the_counter(walk: &mut Walk<'_>, business: &Person, clerk: &Person, chief: &Person) {
    let submitted = walk.app.submitted(business, AOMORI, PROCEDURE).await;
    let invoice = submitted["invoice"]["id"].as_str().unwrap();
    let number = submitted["invoice"]["number"].as_str().unwrap();
    walk.get("find_invoice", clerk, &format!("/v1/tenants/020001/invoices?number={number}")).await;
    by_link(walk, business, invoice).await;
    let path = format!("/v1/tenants/020001/invoices/{invoice}/counter-payments");
    let entry = json!({ "means": "pos", "amount": 22_000, "received_on": "2026-04-01", "reference": "A-1" });
    let entered = walk.app.post(clerk, &path, entry.clone()).await;
    let entered = walk.seen("receive_counter_payment", entered);
    walk.refused("receive_counter_payment", clerk, &path, entry, "409 invoice_not_payable").await;
    let other = walk.app.submitted(business, AOMORI, PROCEDURE).await;
    let sum = json!({ "invoices": [other["invoice"]["id"]], "means": "cash", "amount": 22_000, "received_on": "2026-04-01" });
    let together = walk.app.post(clerk, "/v1/tenants/020001/counter-payments", sum).await;
    assert_eq!(together.status, 201, "{}", together.body);
    walk.seen("receive_counter_payments", together);
    let of_invoice = |rest: &str| format!("/v1/tenants/020001/invoices/{invoice}/{rest}");
    walk.get("get_payment_notice", business, &of_invoice("notice")).await;
    let receipts = walk.get("list_receipts", business, &of_invoice("receipts")).await;
    let receipt = format!("/v1/tenants/020001/receipts/{}", receipts["items"][0]["id"].as_str().unwrap());
    for (operation, act) in [("reissue_receipt", "reissue"), ("revoke_receipt", "revoke")] {
        let answer = walk.app.post(clerk, &format!("{receipt}/{act}"), json!({ "reason": "紛失" })).await;
        assert!(answer.status.is_success(), "{operation}: {}", answer.body);
        walk.seen(operation, answer);
    }
    let path = format!("/v1/tenants/020001/counter-payments/{}/reverse", entered["id"].as_str().unwrap());
    let reason = json!({ "reason": "誤入力" });
    walk.refused("reverse_counter_payment", clerk, &path, reason.clone(), "403 own_entry").await;
    let reversed = walk.app.post(chief, &path, reason).await;
    assert_eq!(reversed.status, 200, "{}", reversed.body);
    walk.seen("reverse_counter_payment", reversed);
}

async fn problems(walk: &mut Walk<'_>, business: &Person, case: &str) {
    let draft = |form: Value| json!({ "procedure": PROCEDURE, "form": form });
    let nowhere = "/v1/tenants/999999/applications";
    walk.refused("create_application", business, nowhere, draft(json!({})), "404 not_found").await;
    let wrong = draft(json!({ "phone": "x", "works_kind": 1 }));
    walk.refused("create_application", business, CASES, wrong, "422 validation_failed").await;
    walk.refused("create_application", business, CASES, json!([]), "400 malformed_request").await;
    let withdraw = format!("{case}/withdraw");
    walk.refused("withdraw_application", business, &withdraw, json!({}), "409 wrong_state").await;
    let claim = format!("{case}/claim");
    walk.refused("claim_application", business, &claim, json!({}), "403 forbidden").await;
    let resubmit = format!("{case}/resubmit");
    let phone = json!({ "form": { "phone": "0177221111" } });
    walk.refused("resubmit_application", business, &resubmit, phone.clone(), "428 version_required").await;
    let stale = walk.app.post_if(business, &resubmit, "\"1\"", phone).await;
    walk.seen("resubmit_application", stale);
    let nobody = walk.app.call(Method::GET, "/v1/me", None, &[], None).await;
    walk.seen("get_me", nobody);
    let nothing = walk.app.get(business, &case.replace("020001", "022012")).await;
    walk.seen("get_application", nothing);
}
