//! Review, correction, approval and the record of them, through the services, on both databases.

mod checkpoints;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::civil::date;
use madoguchi::domain::account::AccountKind;
use madoguchi::domain::approval::{DecisionKind, DecisionProposal, ProposalBody, Weight};
use madoguchi::domain::id::{AccountId, ApplicationId, OfficerId, TenantCode};
use madoguchi::domain::policy::{Post, Role};
use madoguchi::domain::queue::Criteria;
use madoguchi::service::account::{Register, register};
use madoguchi::service::approval::{self, Act, Draft, Seat, Standing};
use madoguchi::service::audit::{self, BrokenChain, Chain};
use madoguchi::service::correction::{self, Ask, CorrectionItem};
use madoguchi::service::correction_view;
use madoguchi::service::idempotency::IdempotencyRequest;
use madoguchi::service::intake::{self, NewDraft};
use madoguchi::service::officer::{Appointment, appoint};
use madoguchi::service::queue::{self, Wanted};
use madoguchi::service::{
    Caller, Core, Ctx, Effect, Failure, Origin, Refusal, decision, resubmission, review, timeline,
};
use madoguchi::store::applications::ApplicationRow;
use madoguchi::store::officers::Term;
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::core::core;
use crate::support::db::{Kind, TestDb, execute};

const DEPARTMENT: &str = "kiki-shobo-hoan";
const APPLICATION: &str = "denki-koji-toroku";
const NOTIFICATION: &str = "denki-koji-henko-todoke";

#[derive(Clone, Copy)]
struct Staff {
    account: AccountId,
    officer: OfficerId,
}

struct Stage {
    core: Arc<Core>,
    db: TestDb,
    applicant: AccountId,
    clerk: Staff,
    colleague: Staff,
    chief: Staff,
}

fn tenant() -> TenantCode {
    TenantCode::parse("020001").unwrap()
}

#[expect(clippy::disallowed_methods, reason = "tests may read the environment")]
fn rounds() -> usize {
    std::env::var("TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(5)
}

fn password() -> SecretString {
    SecretString::from("正しい馬の電池とホチキス".to_owned())
}

fn refusal<T>(result: Result<T, Failure>) -> Refusal {
    match result {
        Err(Failure::Refused(refusal)) => refusal,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it was not refused"),
    }
}

async fn hire(core: &Core, email: &str, role: Role) -> Staff {
    let post = Post { department: DEPARTMENT.into(), role, title: format!("{}の職", role.as_str()) };
    let term = Term { from: date(2025, 4, 1), to: None };
    let (email, name) = (email.to_owned(), email.to_owned());
    let posts = vec![(post, term)];
    let appointment = Appointment { tenant: tenant(), email, name, password: password(), posts };
    let appointed = appoint(core, appointment).await.unwrap();
    Staff { account: appointed.account, officer: appointed.officer }
}

/// The invoice of a case is entrusted to an agent.
const SETTLED: [&str; 4] = [
    "UPDATE invoices SET state = 'entrusted', entrusted_on = '2026-04-01'",
    "INSERT INTO payables (tenant_id, id, application_id, total, created_at) \
        SELECT tenant_id, id, application_id, total, 0 FROM invoices",
    "INSERT INTO payments (tenant_id, id, application_id, payable_id, invoice_id, gateway, legal_role, method, amount, state, \
        merchant_reference, raw_status, authorized, captured, refunded, charged_back, captured_on, poll_count, version, \
        created_at, updated_at) SELECT tenant_id, id, application_id, id, id, 'komoju', 'designated_agent', 'card', total, \
        'captured', id, 'captured', total, total, 0, 0, '2026-04-01', 0, 1, 0, 0 FROM invoices",
    "INSERT INTO ledger_entries (tenant_id, id, application_id, kind, source_id, line_no, debit_account, credit_account, \
        amount, fiscal_year, booked_on, recorded_at) SELECT tenant_id, id, application_id, 'entrust', id, 1, \
        'entrusted:komoju', 'receivable', total, fiscal_year, '2026-04-01', 0 FROM invoices",
];

impl Stage {
    async fn set(db: TestDb) -> Self {
        let core = core(&db);
        let key = core.keys.new_tenant_key(&tenant(), core.ids.as_ref());
        core.keys.adopt_tenant_key(&tenant(), 1, &key).unwrap();
        let registration = Register {
            email: "denko@example.jp".into(),
            password: password(),
            name: "株式会社ねぶた電工".into(),
            kind: AccountKind::Business,
            corporate_number: None,
        };
        let applicant = register(&core, registration).await.unwrap().id;
        let clerk = hire(&core, "clerk@example.jp", Role::Clerk).await;
        let colleague = hire(&core, "colleague@example.jp", Role::Clerk).await;
        let chief = hire(&core, "chief@example.jp", Role::SectionChief).await;
        Self { core, db, applicant, clerk, colleague, chief }
    }

    fn ctx(&self, account: AccountId) -> Ctx {
        Ctx::new(self.core.clone(), Caller::Account(account), Uuid::from_u128(1))
    }

    fn key(account: AccountId) -> IdempotencyRequest {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let key = format!("key-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        IdempotencyRequest { tenant: tenant(), actor: account, key, fingerprint: [0; 32] }
    }

    async fn submitted(&self, procedure: &str) -> ApplicationId {
        let today = date(2026, 4, 1);
        let catalogue = self.core.catalogue.current();
        let known = catalogue.find_procedure(&tenant(), procedure, today).unwrap();
        let example = known.definition.examples[0].clone();
        let draft = NewDraft { procedure: procedure.into(), form: example.form };
        let ctx = self.ctx(self.applicant);
        let id = intake::create_draft(ctx, Self::key(self.applicant), draft).await.unwrap().value.id;
        let codes: Vec<_> = example.attachments.iter().map(|file| file.code.clone()).collect();
        let codes = json!(codes);
        execute(
            &self.db.settings.url,
            &format!("UPDATE applications SET attachment_codes = '{codes}' WHERE id = '{id}'"),
        );
        intake::submit(self.ctx(self.applicant), Self::key(self.applicant), id, None).await.unwrap();
        id
    }

    /// As if an agent had taken the fee: the invoice, the payment behind it, and the ledger entry.
    fn settle(&self, id: ApplicationId) {
        for statement in SETTLED {
            execute(&self.db.settings.url, &format!("{statement} WHERE application_id = '{id}'"));
        }
    }

    async fn claimed(&self, procedure: &str) -> ApplicationRow {
        let id = self.submitted(procedure).await;
        self.claim(self.clerk, id).await.unwrap().value
    }

    async fn claim(&self, who: Staff, id: ApplicationId) -> Result<Effect<ApplicationRow>, Failure> {
        review::claim(self.ctx(who.account), Self::key(who.account), id).await
    }

    async fn propose(
        &self,
        who: Staff,
        row: &ApplicationRow,
        body: DecisionProposal,
    ) -> Result<Effect<Standing>, Failure> {
        let draft = Draft { body: ProposalBody::Decision(body), weight: Weight::Ordinary };
        approval::propose(self.ctx(who.account), Self::key(who.account), row.id, row.version, draft).await
    }

    async fn act(&self, who: Staff, id: ApplicationId, act: Act) -> Result<Effect<Standing>, Failure> {
        let seat = Seat::DECISION;
        approval::act(self.ctx(who.account), Self::key(who.account), id, seat, act).await
    }

    async fn proposed(&self) -> ApplicationRow {
        let row = self.claimed(APPLICATION).await;
        self.propose(self.clerk, &row, grant()).await.unwrap().value.case
    }

    async fn audit(&self) -> Vec<BrokenChain> {
        audit::verify(&self.core, &tenant(), &[]).await.unwrap().broken
    }
}

fn grant() -> DecisionProposal {
    DecisionProposal {
        decision: DecisionKind::Grant,
        reasons: vec![],
        conditions: vec![],
        without_opinion: None,
    }
}

on_both_databases!(two_officers_who_claim_at_once_get_one_winner, async |db: TestDb| {
    let stage = Stage::set(db).await;
    for _ in 0..rounds() {
        let id = stage.submitted(APPLICATION).await;
        let (one, other) = tokio::join!(stage.claim(stage.clerk, id), stage.claim(stage.colleague, id));
        let (won, lost) = if one.is_ok() { (one, other) } else { (other, one) };
        assert_eq!(won.unwrap().value.state, "under_review");
        assert_eq!(refusal(lost), Refusal::AlreadyClaimed);
    }
    assert_eq!(stage.audit().await, vec![]);
});

on_both_databases!(two_approvals_at_once_make_one_decision, async |db: TestDb| {
    let stage = Stage::set(db).await;
    let second_chief = hire(&stage.core, "chief2@example.jp", Role::SectionChief).await;
    for _ in 0..rounds() {
        let row = stage.proposed().await;
        stage.settle(row.id);
        let approve = || Act::Approve { version: row.version, content_sha256: None };
        let (one, other) = tokio::join!(
            stage.act(stage.chief, row.id, approve()),
            stage.act(second_chief, row.id, approve())
        );
        let (won, lost) = if one.is_ok() { (one, other) } else { (other, one) };
        assert_eq!(won.unwrap().value.case.state, "decided");
        assert!(matches!(refusal(lost), Refusal::StaleVersion { .. }));
    }
    let decisions = stage.db.count("(SELECT COUNT(*) FROM decisions)").await;
    let notices = stage.db.count("(SELECT COUNT(*) FROM jobs WHERE kind = 'notify_decision')").await;
    assert_eq!((decisions, notices), (rounds().try_into().unwrap(), rounds().try_into().unwrap()));
});

on_both_databases!(r118_the_drafter_cannot_approve_and_r68_the_fee_comes_first, async |db: TestDb| {
    let stage = Stage::set(db).await;
    let id = stage.submitted(APPLICATION).await;
    let row = stage.claim(stage.chief, id).await.unwrap().value;
    let row = stage.propose(stage.chief, &row, grant()).await.unwrap().value.case;
    let approve = Act::Approve { version: row.version, content_sha256: None };
    assert_eq!(refusal(stage.act(stage.chief, id, approve.clone()).await), Refusal::OwnProposal);
    assert_eq!(refusal(stage.act(stage.clerk, id, approve.clone()).await), Refusal::Forbidden);

    let second_chief = hire(&stage.core, "chief2@example.jp", Role::SectionChief).await;
    let (waiting, _) = decision::waiting_for_me(stage.ctx(second_chief.account), None).await.unwrap();
    assert_eq!(waiting.iter().map(|one| one.step.application).collect::<Vec<_>>(), [id]);
    assert_eq!(decision::waiting_for_me(stage.ctx(stage.chief.account), None).await.unwrap().0.len(), 0);
    assert_eq!(refusal(stage.act(second_chief, id, approve.clone()).await), Refusal::FeeNotSettled);
    stage.settle(id);
    let key = Stage::key(second_chief.account);
    let ctx = stage.ctx(second_chief.account);
    let decided = approval::act(ctx.clone(), key.clone(), id, Seat::DECISION, approve.clone()).await.unwrap();
    assert_eq!(decided.value.case.state, "decided");
    assert_eq!(approval::act(ctx, key, id, Seat::DECISION, approve).await.unwrap().origin, Origin::Replayed);
    let found = decision::find(stage.ctx(stage.applicant), tenant(), id).await.unwrap();
    assert_eq!((found.row.authority.as_str(), found.body), ("青森県知事", grant()));
});

on_both_databases!(r27_a_refusal_without_reasons_is_refused, async |db: TestDb| {
    let stage = Stage::set(db).await;
    let row = stage.claimed(APPLICATION).await;
    let body = DecisionProposal { decision: DecisionKind::Refuse, ..grant() };
    let Refusal::Invalid(faults) = refusal(stage.propose(stage.clerk, &row, body).await) else { panic!() };
    assert_eq!(faults[0].pointer, "/reasons");
});

on_both_databases!(r2_nobody_decides_a_notification, async |db: TestDb| {
    let stage = Stage::set(db).await;
    let row = stage.claimed(NOTIFICATION).await;
    assert_eq!(refusal(stage.propose(stage.clerk, &row, grant()).await), Refusal::NotForNotifications);
    let approve = Act::Approve { version: row.version, content_sha256: None };
    assert_eq!(refusal(stage.act(stage.chief, row.id, approve).await), Refusal::NotForNotifications);
    let (ctx, key) = (stage.ctx(stage.clerk.account), Stage::key(stage.clerk.account));
    assert_eq!(review::close(ctx, key, row.id).await.unwrap().value.state, "closed");
});

on_both_databases!(a_return_and_a_recall_bring_the_case_back_to_its_drafter, async |db: TestDb| {
    let stage = Stage::set(db).await;
    let row = stage.proposed().await;
    let back = Act::Return { to_step: 0, comment: "根拠条項を補うこと".into(), version: None };
    let returned = stage.act(stage.chief, row.id, back).await.unwrap().value;
    assert_eq!(
        (returned.case.state.as_str(), returned.routed.row.state.as_str()),
        ("under_review", "returned")
    );
    assert_eq!(returned.comments, [Some("根拠条項を補うこと".to_owned())]);

    let again = stage.propose(stage.clerk, &returned.case, grant()).await.unwrap().value.case;
    let recall = Act::Recall { version: None };
    assert_eq!(refusal(stage.act(stage.colleague, again.id, recall.clone()).await), Refusal::Forbidden);
    assert_eq!(stage.act(stage.clerk, again.id, recall).await.unwrap().value.case.state, "under_review");
});

on_both_databases!(r10_a_correction_unlocks_exactly_what_was_asked, async |db: TestDb| {
    let stage = Stage::set(db).await;
    let row = stage.claimed(APPLICATION).await;
    let (ctx, clerk) = (stage.ctx(stage.clerk.account), stage.clerk.account);
    let item = |pointer: &str| CorrectionItem { pointer: pointer.into(), message: "番地まで".into() };
    let unknown =
        Ask { items: vec![item("/form/nonsense"), item("/form/address")], due_on: date(2026, 4, 1) };
    let refused = refusal(correction::ask(ctx.clone(), Stage::key(clerk), row.id, unknown).await);
    let pointers: Vec<_> = refused.faults().iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(pointers, ["/items/0/pointer", "/due_on"]);
    let ask = Ask { items: vec![item("/form/address")], due_on: date(2026, 4, 20) };
    let asked = correction::ask(ctx, Stage::key(clerk), row.id, ask).await.unwrap().value;
    assert_eq!(asked.case.state, "correction_requested");

    let answer = async |version, form: Value| {
        let request = Stage::key(stage.applicant);
        resubmission::resubmit(stage.ctx(stage.applicant), request, row.id, version, form.into()).await
    };
    let version = asked.case.version;
    assert!(matches!(refusal(answer(version - 1, json!({})).await), Refusal::StaleVersion { .. }));
    let wrong =
        refusal(answer(version, json!({"address": "青森市新町1-2-3", "phone": "017-000-0000"})).await);
    let pointers: Vec<_> = wrong.faults().iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(pointers, ["/form/phone"]);
    let answered = answer(version, json!({"address": "青森市新町1-2-3"})).await.unwrap().value;
    assert_eq!((answered.state.as_str(), answered.form_revision), ("under_review", 2));
    assert_eq!(answered.arrived_at, row.arrived_at);
    assert_eq!(stage.db.count("(SELECT COUNT(*) FROM form_revisions)").await, 1);
    let listed = correction_view::list(stage.ctx(stage.applicant), tenant(), row.id).await.unwrap();
    assert_eq!((listed[0].correction.row.state.as_str(), listed[0].differences.len()), ("answered", 1));
});

on_both_databases!(the_timeline_shows_each_step_and_a_tampered_row_is_found, async |db: TestDb| {
    let stage = Stage::set(db).await;
    let row = stage.proposed().await;
    stage.settle(row.id);
    stage
        .act(stage.chief, row.id, Act::Approve { version: row.version, content_sha256: None })
        .await
        .unwrap();
    let shown = timeline::read(stage.ctx(stage.clerk.account), tenant(), row.id).await.unwrap();
    let kinds: Vec<_> = shown.items.iter().map(|item| item.kind.as_str()).collect();
    assert_eq!(kinds, ["submitted", "claimed", "proposed", "approved", "decided"]);
    assert_eq!(shown.chain, Chain::Intact);
    assert_eq!(shown.items[0].actor.name.as_deref(), Some("株式会社ねぶた電工"));
    let sealer = &shown.items[4].actor;
    assert_eq!(
        (sealer.title.as_deref(), sealer.department.as_deref()),
        (Some("section_chiefの職"), Some("消防保安課"))
    );
    let own = timeline::read(stage.ctx(stage.applicant), tenant(), row.id).await.unwrap();
    assert!(own.items[2].facts.is_null(), "the applicant learns of the decision, not of its draft");
    // Only the officer's reading is in the access log.
    assert_eq!(stage.db.count("(SELECT COUNT(*) FROM access_log)").await, 1);
    assert_eq!(stage.audit().await, vec![]);

    let drop_trigger = match stage.db.kind {
        Kind::Sqlite => "DROP TRIGGER events_no_update",
        Kind::Postgres => "DROP TRIGGER events_append_only ON events",
    };
    let tamper = format!("{drop_trigger}; UPDATE events SET actor_id = 'nobody' WHERE seq = 2");
    execute(&stage.db.settings.url, &tamper);
    let broken = timeline::read(stage.ctx(stage.clerk.account), tenant(), row.id).await.unwrap();
    assert_eq!(broken.chain, Chain::Broken { seq: 2 });
    assert_eq!(stage.audit().await, [BrokenChain::Case { application: row.id, seq: 2 }]);
});

on_both_databases!(a_queue_shows_the_row_staff_need_and_hides_itself_from_others, async |db: TestDb| {
    let stage = Stage::set(db).await;
    let (one, two) = (stage.claimed(APPLICATION).await, stage.submitted(NOTIFICATION).await);
    let wanted = |state: Option<&str>, assignee: Option<&str>| Wanted {
        tenant: tenant(),
        department: DEPARTMENT.into(),
        view: None,
        criteria: Criteria {
            state: state.map(str::to_owned),
            assignee: assignee.map(str::to_owned),
            ..Criteria::default()
        },
        cursor: None,
    };
    let all = queue::list(stage.ctx(stage.clerk.account), wanted(None, None)).await.unwrap();
    assert_eq!(all.items.len(), 2);
    assert_eq!(all.next, None);
    let mine = queue::list(stage.ctx(stage.clerk.account), wanted(None, Some("me"))).await.unwrap();
    assert_eq!(mine.items.len(), 1);
    let row = &mine.items[0];
    assert_eq!((row.id, row.fee_state.as_deref()), (one.id, Some("unpaid")));
    assert_eq!(row.applicant.as_deref(), Some("株式会社ねぶた電工"));
    assert_eq!(row.assignee, Some((stage.clerk.officer, Some("clerk@example.jp".into()))));
    let waiting = queue::list(stage.ctx(stage.clerk.account), wanted(Some("submitted"), None)).await.unwrap();
    assert_eq!(waiting.items.iter().map(|item| item.id).collect::<Vec<_>>(), [two]);
    let stranger = queue::list(stage.ctx(stage.applicant), wanted(None, None)).await;
    assert_eq!(refusal(stranger), Refusal::NotFound);
    assert_eq!(stage.db.count("(SELECT COUNT(*) FROM access_log)").await, 3);
});
