//! Accounts, officers and sessions through the services, on both databases.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::civil::{Date, date};
use madoguchi::domain::account::AccountKind;
use madoguchi::domain::calendar::jst_day;
use madoguchi::domain::id::{AccountId, TenantCode};
use madoguchi::domain::organisation_import::Appointed as Kind;
use madoguchi::domain::policy::{Actor, OfficerAuthority, Post, Role};
use madoguchi::service::account::{Register, Registered, me, register};
use madoguchi::service::officer::{self, Appointment, appoint, appoint_as};
use madoguchi::service::session::{Grant, SignIn, refresh, sign_in, sign_out};
use madoguchi::service::{Caller, Core, Ctx, Failure, Origin, Refusal};
use madoguchi::store::StoreError;
use madoguchi::store::officers::Term;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::support::core::{core, core_with};
use crate::support::db::TestDb;

const PASSWORD: &str = "正しい馬の電池とホチキス";
const HERE: &str = "192.0.2.1";
const ELSEWHERE: &str = "198.51.100.7";

fn secret(text: &str) -> SecretString {
    SecretString::from(text.to_owned())
}

fn registration(email: &str) -> Register {
    Register {
        email: email.to_owned(),
        password: secret(PASSWORD),
        name: "青森 太郎".to_owned(),
        kind: AccountKind::Resident,
        corporate_number: None,
    }
}

async fn registered(core: &Core, email: &str) -> AccountId {
    register(core, registration(email)).await.unwrap().id
}

async fn attempt(core: &Core, email: &str, password: &str, from: &str) -> Result<Grant, Refusal> {
    let source = from.parse::<IpAddr>().unwrap().into();
    refused(sign_in(core, SignIn { email: email.to_owned(), password: secret(password), source }).await)
}

fn refused<T>(result: Result<T, Failure>) -> Result<T, Refusal> {
    result.map_err(|failure| match failure {
        Failure::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    })
}

fn account_of(core: &Core, grant: &Grant) -> Result<AccountId, Refusal> {
    core.tokens.verify(grant.access_token.expose_secret(), core.clock.now())
}

fn ctx(core: &Arc<Core>, account: AccountId) -> Ctx {
    Ctx::new(Arc::clone(core), Caller::Account(account), Uuid::nil())
}

on_both_databases!(somebody_registers_signs_in_and_sees_the_own_account, async |db: TestDb| {
    let core = core(&db);
    let id = registered(&core, " Taro@Example.JP ").await;
    let grant = attempt(&core, "taro@example.jp", PASSWORD, HERE).await.unwrap();
    assert_eq!(grant.expires_in_s, 600);
    assert_eq!(account_of(&core, &grant), Ok(id));
    let me = me(&ctx(&core, id)).await.unwrap();
    assert_eq!((me.id, me.kind, me.posts.len()), (id, AccountKind::Resident, 0));
    assert_eq!((me.profile.name.as_str(), me.profile.email.as_str()), ("青森 太郎", "Taro@Example.JP"));
    let stranger = AccountId(Uuid::from_u128(1));
    assert_eq!(
        refused(madoguchi::service::account::me(&ctx(&core, stranger)).await),
        Err(Refusal::NotSignedIn)
    );
});

on_both_databases!(a_taken_address_gets_the_same_answer_and_its_owner_a_mail, async |db: TestDb| {
    let core = core(&db);
    let first = registered(&core, "taro@example.jp").await;
    let Registered { id: second } = register(&core, registration("TARO@example.jp")).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(second.0.get_version_num(), first.0.get_version_num());
    assert_eq!(db.count("(SELECT count(*) FROM accounts)").await, 1);
    let jobs = "(SELECT count(*) FROM jobs WHERE kind = 'mail_account_exists')";
    assert_eq!(db.count(jobs).await, 1);
    // The same minute brings no second mail, the next one does.
    register(&core, registration("taro@example.jp")).await.unwrap();
    assert_eq!(db.count(jobs).await, 1);
    db.clock.advance(SignedDuration::from_mins(1));
    register(&core, registration("taro@example.jp")).await.unwrap();
    assert_eq!(db.count(jobs).await, 2);
    let grant = attempt(&core, "taro@example.jp", PASSWORD, HERE).await.unwrap();
    assert_eq!(account_of(&core, &grant), Ok(first));
});

on_both_databases!(many_registrations_of_one_address_at_once_make_one_account, async |db: TestDb| {
    let core = core(&db);
    let all = (0..32).map(|_| register(&core, registration("taro@example.jp")));
    for result in futures_util::future::join_all(all).await {
        result.unwrap();
    }
    assert_eq!(db.count("(SELECT count(*) FROM accounts)").await, 1);
});

on_both_databases!(
    every_fault_of_a_registration_is_told_at_once_and_nothing_is_stored,
    async |db: TestDb| {
        let core = core(&db);
        let bad = Register {
            email: "nobody".to_owned(),
            password: secret("short"),
            name: String::new(),
            kind: AccountKind::Business,
            corporate_number: Some("1".to_owned()),
        };
        let Err(Refusal::Invalid(faults)) = refused(register(&core, bad).await) else {
            panic!("not refused")
        };
        let pointers: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, ["/email", "/password", "/name", "/corporate_number"]);
        let officer = Register { kind: AccountKind::Officer, ..registration("officer@example.jp") };
        assert_eq!(refused(register(&core, officer).await), Err(Refusal::Forbidden));
        assert_eq!(db.count("(SELECT count(*) FROM accounts)").await, 0);
    }
);

on_both_databases!(a_refresh_token_is_good_once_and_its_reuse_closes_the_session, async |db: TestDb| {
    let core = core(&db);
    let id = registered(&core, "taro@example.jp").await;
    let first = attempt(&core, "taro@example.jp", PASSWORD, HERE).await.unwrap();
    let other_session = attempt(&core, "taro@example.jp", PASSWORD, HERE).await.unwrap();
    db.clock.advance(SignedDuration::from_mins(11));
    assert_eq!(account_of(&core, &first), Err(Refusal::NotSignedIn));
    let second = refresh(&core, &first.refresh_token).await.unwrap();
    assert_eq!(account_of(&core, &second), Ok(id));
    let reused = refused(refresh(&core, &first.refresh_token).await.map(drop));
    assert_eq!(reused, Err(Refusal::RefreshTokenReused));
    // The token that was still good is worth nothing either: nobody knows who of the two is the thief.
    assert_eq!(refused(refresh(&core, &second.refresh_token).await.map(drop)), Err(Refusal::NotSignedIn));
    assert_eq!(db.count("(SELECT count(*) FROM sessions WHERE state = 'revoked')").await, 1);
    refresh(&core, &other_session.refresh_token).await.unwrap();
});

on_both_databases!(
    one_of_many_copies_of_a_refresh_wins_and_then_the_session_is_closed,
    async |db: TestDb| {
        let core = core(&db);
        registered(&core, "taro@example.jp").await;
        let grant = attempt(&core, "taro@example.jp", PASSWORD, HERE).await.unwrap();
        let all = (0..16).map(|_| refresh(&core, &grant.refresh_token));
        let results = futures_util::future::join_all(all).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        assert_eq!(db.count("(SELECT count(*) FROM refresh_tokens)").await, 2);
        assert_eq!(db.count("(SELECT count(*) FROM sessions WHERE state = 'revoked')").await, 1);
    }
);

on_both_databases!(refresh_tokens_end_with_their_life_and_with_signing_out, async |db: TestDb| {
    let core = core(&db);
    registered(&core, "taro@example.jp").await;
    let grant = attempt(&core, "taro@example.jp", PASSWORD, HERE).await.unwrap();
    let bearer = core.tokens.bearer(grant.access_token.expose_secret(), core.clock.now()).unwrap();
    sign_out(&core, bearer).await.unwrap();
    sign_out(&core, bearer).await.unwrap();
    assert_eq!(refused(refresh(&core, &grant.refresh_token).await.map(drop)), Err(Refusal::NotSignedIn));
    assert_eq!(db.count("(SELECT count(*) FROM sessions WHERE state = 'closed')").await, 1);

    let old = attempt(&core, "taro@example.jp", PASSWORD, HERE).await.unwrap();
    db.clock.advance(SignedDuration::from_hours(30 * 24));
    assert_eq!(refused(refresh(&core, &old.refresh_token).await.map(drop)), Err(Refusal::NotSignedIn));
    assert_eq!(refused(refresh(&core, &secret("unknown")).await.map(drop)), Err(Refusal::NotSignedIn));
});

on_both_databases!(an_unknown_address_is_answered_like_a_wrong_password_at_every_step, async |db: TestDb| {
    let core = core(&db);
    registered(&core, "taro@example.jp").await;
    let mut answers = Vec::new();
    for email in ["taro@example.jp", "nobody@example.jp"] {
        let mut seen = Vec::new();
        for _ in 0..7 {
            seen.push(attempt(&core, email, "wrong password", HERE).await.map(drop));
        }
        answers.push(seen);
    }
    assert_eq!(answers[0], answers[1]);
    let expected = [vec![Err(Refusal::WrongCredentials); 5], vec![wait(30); 2]].concat();
    assert_eq!(answers[0], expected);
});

fn wait(retry_after_s: i64) -> Result<(), Refusal> {
    Err(Refusal::TooManyAttempts { retry_after_s })
}

on_both_databases!(waits_double_end_and_are_forgotten_after_a_success, async |db: TestDb| {
    let core = core(&db);
    registered(&core, "taro@example.jp").await;
    let wrong = async || attempt(&core, "taro@example.jp", "wrong password", HERE).await.map(drop);
    for _ in 0..5 {
        assert_eq!(wrong().await, Err(Refusal::WrongCredentials));
    }
    // While waiting not even the right password is tried, and nothing is counted.
    let right = attempt(&core, "taro@example.jp", PASSWORD, HERE).await.map(drop);
    assert_eq!(right, wait(30));
    db.clock.advance(SignedDuration::from_secs(30));
    assert_eq!(wrong().await, Err(Refusal::WrongCredentials));
    assert_eq!(wrong().await, wait(60));
    db.clock.advance(SignedDuration::from_secs(60));
    attempt(&core, "taro@example.jp", PASSWORD, HERE).await.unwrap();
    for _ in 0..5 {
        assert_eq!(wrong().await, Err(Refusal::WrongCredentials));
    }
    assert_eq!(wrong().await, wait(30));
});

on_both_databases!(nobody_can_lock_somebody_else_out, async |db: TestDb| {
    let core = core_with(&db, |settings| settings.identity.lock_account_after_failures = 10);
    registered(&core, "taro@example.jp").await;
    attempt(&core, "taro@example.jp", PASSWORD, HERE).await.unwrap();
    for host in 0..10 {
        let from = format!("203.0.113.{host}");
        assert_eq!(
            attempt(&core, "taro@example.jp", "guess", &from).await.map(drop),
            Err(Refusal::WrongCredentials)
        );
    }
    // New addresses wait now, but not the one the owner has used before.
    assert_eq!(attempt(&core, "taro@example.jp", PASSWORD, ELSEWHERE).await.map(drop), wait(30));
    attempt(&core, "taro@example.jp", PASSWORD, HERE).await.unwrap();
    // Hammering does not prolong the wait of new addresses.
    for _ in 0..20 {
        assert_eq!(attempt(&core, "taro@example.jp", "guess", "203.0.113.99").await.map(drop), wait(30));
    }
    db.clock.advance(SignedDuration::from_secs(30));
    attempt(&core, "taro@example.jp", PASSWORD, ELSEWHERE).await.unwrap();
});

on_both_databases!(a_password_is_hashed_anew_when_the_settings_change, async |db: TestDb| {
    let before = core(&db);
    registered(&before, "taro@example.jp").await;
    let after = core_with(&db, |settings| settings.identity.argon2_memory_kib = 128);
    let outdated = "(SELECT count(*) FROM accounts WHERE password_hash LIKE '$argon2id$v=19$m=64,%')";
    assert_eq!(db.count(outdated).await, 1);
    attempt(&after, "taro@example.jp", PASSWORD, HERE).await.unwrap();
    assert_eq!(db.count(outdated).await, 0);
    attempt(&after, "taro@example.jp", PASSWORD, HERE).await.unwrap();
});

fn tenant(code: &str) -> TenantCode {
    TenantCode::parse(code).unwrap()
}

fn post(role: Role, from: Date, to: Option<Date>) -> (Post, Term) {
    (Post { department: "kanri".to_owned(), role, title: "主事".to_owned() }, Term { from, to })
}

fn clerk() -> Appointment {
    Appointment {
        tenant: tenant("020001"),
        email: "clerk@example.jp".to_owned(),
        name: "弘前 花子".to_owned(),
        password: secret(PASSWORD),
        posts: vec![
            post(Role::Clerk, date(2025, 4, 1), Some(date(2026, 3, 31))),
            post(Role::SectionChief, date(2026, 4, 1), None),
        ],
    }
}

async fn authority_on(
    core: &Core,
    tenant: TenantCode,
    account: AccountId,
    day: Date,
) -> Option<OfficerAuthority> {
    core.db.read(move |tx| officer::authority(tx, &tenant, account, day)).await.unwrap()
}

on_both_databases!(r126_an_officer_acts_through_the_posts_in_force_on_the_day, async |db: TestDb| {
    let core = core(&db);
    let appointed = appoint(&core, clerk()).await.unwrap();
    let account = appointed.account;
    for (day, expected) in [
        (date(2025, 3, 31), None),
        (date(2025, 4, 1), Some(Role::Clerk)),
        (date(2026, 3, 31), Some(Role::Clerk)),
        (date(2026, 4, 1), Some(Role::SectionChief)),
        (date(2030, 1, 1), Some(Role::SectionChief)),
    ] {
        let authority = authority_on(&core, tenant("020001"), account, day).await;
        let roles =
            authority.map(|authority| authority.posts.iter().map(|post| post.role).collect::<Vec<_>>());
        assert_eq!(roles, expected.map(|role| vec![role]), "{day}");
    }
    let elsewhere = tenant("022012");
    assert_eq!(authority_on(&core, elsewhere.clone(), account, date(2026, 4, 1)).await, None);
    let actor = core.db.read(move |tx| officer::actor(tx, &elsewhere, account, date(2026, 4, 1)));
    assert_eq!(actor.await.map_err(|error: StoreError| error.to_string()), Ok(Actor::Person(account)));
    let me = me(&ctx(&core, account)).await.unwrap();
    assert_eq!(jst_day(core.clock.now()), date(2026, 4, 1));
    assert_eq!(me.kind, AccountKind::Officer);
    let held: Vec<_> = me.posts.iter().map(|(tenant, post)| (tenant.as_str(), post.role)).collect();
    assert_eq!(held, [("020001", Role::SectionChief)]);
});

on_both_databases!(appointing_the_same_address_again_keeps_everything, async |db: TestDb| {
    let core = core(&db);
    let first = appoint(&core, clerk()).await.unwrap();
    let again =
        appoint(&core, Appointment { password: secret("another password"), posts: vec![], ..clerk() });
    let again = again.await.unwrap();
    assert_eq!((first.origin, again.origin), (Origin::Fresh, Origin::Replayed));
    assert_eq!((first.account, first.officer), (again.account, again.officer));
    assert_eq!(db.count("(SELECT count(*) FROM officer_posts)").await, 2);
    attempt(&core, "clerk@example.jp", PASSWORD, HERE).await.unwrap();
    // A second body may appoint the same person: one account, two officers.
    let second_body = appoint(&core, Appointment { tenant: tenant("022012"), ..clerk() }).await.unwrap();
    assert_eq!(second_body.account, first.account);
    assert_ne!(second_body.officer, first.officer);
});

on_both_databases!(
    /// A fixed term ends with the fiscal year it begins in, however somebody is appointed.
    r128_a_fixed_term_beyond_its_fiscal_year_appoints_nobody,
    async |db: TestDb| {
        let core = core(&db);
        let from = date(2026, 10, 1);
        for (to, kind, expected) in [
            (None, Kind::FixedTerm, "beyond_fiscal_year"),
            (Some(date(2027, 4, 1)), Kind::FixedTerm, "beyond_fiscal_year"),
            (Some(date(2026, 9, 30)), Kind::Regular, "ends_before_it_begins"),
        ] {
            let posts = vec![post(Role::Clerk, from, to)];
            let refused = appoint_as(&core, kind, Appointment { posts, ..clerk() }).await.unwrap_err();
            let Failure::Refused(Refusal::Invalid(faults)) = refused else { panic!("{refused:?}") };
            assert_eq!(faults.iter().map(|fault| fault.code).collect::<Vec<_>>(), [expected], "{to:?}");
        }
        assert_eq!(db.count("(SELECT count(*) FROM officers)").await, 0);
        let posts = vec![post(Role::Clerk, from, Some(date(2027, 3, 31)))];
        let appointed = appoint_as(&core, Kind::FixedTerm, Appointment { posts, ..clerk() }).await.unwrap();
        let last = authority_on(&core, tenant("020001"), appointed.account, date(2027, 3, 31)).await;
        assert!(last.is_some());
        assert_eq!(authority_on(&core, tenant("020001"), appointed.account, date(2027, 4, 1)).await, None);
    }
);

on_both_databases!(nothing_personal_stands_in_the_rows_in_clear, async |db: TestDb| {
    let core = core(&db);
    registered(&core, "taro@example.jp").await;
    attempt(&core, "taro@example.jp", "wrong password", HERE).await.unwrap_err();
    attempt(&core, "taro@example.jp", PASSWORD, HERE).await.unwrap();
    let account = core
        .db
        .read(|tx| {
            use diesel::prelude::*;
            use madoguchi::store::Reads;
            use madoguchi::store::schema::{accounts, sign_in_failures};
            let row = accounts::table
                .select((accounts::email_index, accounts::sealed_profile, accounts::wrapped_key))
                .first::<(Vec<u8>, Vec<u8>, Vec<u8>)>(tx.read())?;
            let tallies = sign_in_failures::table
                .select((sign_in_failures::email_index, sign_in_failures::source_index))
                .load::<(Vec<u8>, Vec<u8>)>(tx.read())?;
            Ok::<_, StoreError>((row, tallies))
        })
        .await
        .unwrap();
    let text = format!("{account:?}");
    for clear in ["taro@example.jp", "青森", HERE] {
        assert!(!text.contains(&format!("{:?}", clear.as_bytes()).replace(['[', ']'], "")), "{clear}");
    }
});
