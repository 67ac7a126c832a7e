//! Contracts: offered with a decision, concluded by the second signature and never before.

mod more;
mod untold;

use jiff::{SignedDuration, Timestamp};
use madoguchi::domain::contract::certificate::{CertificateFault, DetachedSignature, check};
use madoguchi::domain::contract::trust_anchor::{CertificationKind, TrustAnchor};
use madoguchi::domain::policy::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::fee_timing::Counter;
use crate::office_signatures::FILE;
use crate::policy_coverage::world::DEPARTMENT;
use crate::support::app::{AOMORI, Answer, ON_ISSUE, TestApp, new_key};
use crate::support::db::{TestDb, execute};
use crate::support::repeat::everything_again;
use crate::support::signing::{FUTURE, GOOD, KeyKind, PAST, Signer, SigningService};

/// The file of the body, in which this certification service is taken.
pub fn trusting(body: &str, service: &SigningService) -> String {
    let pem = service.pem().lines().map(|line| format!("      {line}\n")).collect::<Vec<_>>().concat();
    let anchor = format!(
        "contract_trust_anchors:\n  - id: test-service\n    service: 試験認証局\n    kind: jpki\n    \
         legal_basis: 地方自治法施行規則第12条の4の2\n    pem: |\n{pem}    valid_from: 2026-04-01\n    source: 試験用\n"
    );
    assert!(body.contains("contract_trust_anchors: []\n"));
    body.replace("contract_trust_anchors: []\n", &anchor)
}

/// A procedure that contracts, with a price that is due at issue.
fn contracting() -> String {
    let contract = "contract:\n  title: { ja: 試験契約書, en: Contract }\n  clauses:\n    - 第1条　{authority}は{counterpart}に{form.years}年間、\
         金{price}円で貸し付ける。\n    - 第2条　{sign_by}までに署名する。\n  authority: 青森県知事\n  signing_days: 14\n  \
         trust_anchors: [test-service]\n  basis: 地方自治法第234条第5項\n  source: 試験用\n  sample: true\n";
    include_str!("support/procedures/on-issue.yaml")
        .replace("retention_years:", &format!("{contract}retention_years:"))
}

/// The file of the prefecture as it is shipped.
const BODY: &str = include_str!("../../config/tenants/020001.yaml");

/// The counter, a certification service that it takes, and somebody certified by it.
struct Desk {
    counter: Counter,
    service: SigningService,
    signer: Signer,
}

impl Desk {
    async fn open(db: &TestDb) -> Self {
        Self::over(db, |body| body).await
    }

    /// The same over a file of the body that is changed first.
    async fn over(db: &TestDb, change: impl FnOnce(String) -> String) -> Self {
        Self::over_files(db, contracting(), change).await
    }

    /// The same with another procedure.
    async fn over_procedure(db: &TestDb, change: impl FnOnce(String) -> String) -> Self {
        Self::over_files(db, change(contracting()), |body| body).await
    }

    async fn over_files(db: &TestDb, procedure: String, change: impl FnOnce(String) -> String) -> Self {
        let service = SigningService::new();
        let body = change(trusting(BODY, &service));
        let files = [(FILE.to_owned(), procedure), ("tenants/020001.yaml".to_owned(), body)];
        let app = TestApp::start_over(db, files, |_| {}).await;
        let business = app.register("business@example.jp", "business").await;
        let clerk = app.officer(AOMORI, DEPARTMENT, Role::Clerk, "clerk@example.jp").await;
        let chief = app.officer(AOMORI, DEPARTMENT, Role::SectionChief, "chief@example.jp").await;
        let signer = service.certify("工藤 太郎", KeyKind::Rsa, "signer", GOOD);
        Self { counter: Counter { app, business, clerk, chief }, service, signer }
    }

    /// A case whose grant offers a contract; gives its path.
    async fn offered(&self) -> String {
        let case = self.counter.claimed(ON_ISSUE).await;
        self.counter.propose(&case, "grant").await;
        assert_eq!(self.counter.seal(&case).await, "decided");
        case
    }

    async fn contract(&self, case: &str) -> Value {
        self.counter.app.get(&self.counter.business, &format!("{case}/contract")).await.expect(200)
    }

    async fn text(&self, case: &str) -> String {
        self.contract(case).await["statement"].as_str().unwrap().to_owned()
    }

    async fn hand_in(&self, case: &str, body: Value) -> Answer {
        let path = format!("{case}/contract/counterpart-signature");
        self.counter.app.post(&self.counter.business, &path, body).await
    }

    async fn sign(&self, case: &str) -> Answer {
        let text = self.text(case).await;
        self.hand_in(case, self.signer.body(&text)).await
    }

    async fn confirm(&self, case: &str) -> Answer {
        let path = format!("{case}/contract/counterpart-signature/confirm");
        let note = json!({ "note": "氏名が一致。2026-04-01に失効していないことを照会した。" });
        self.counter.app.post(&self.counter.clerk, &path, note).await
    }

    async fn reject(&self, case: &str) -> Answer {
        let path = format!("{case}/contract/counterpart-signature/reject");
        self.counter.app.post(&self.counter.clerk, &path, json!({ "reason": "名義が異なる" })).await
    }

    async fn seal(&self, case: &str) -> Answer {
        self.counter.app.post(&self.counter.chief, &format!("{case}/contract/sign"), json!({})).await
    }

    async fn withdraw(&self, case: &str) -> Answer {
        let reason = json!({ "reason": "貸付物件を公用に供するため" });
        self.counter.app.post(&self.counter.chief, &format!("{case}/contract/withdraw"), reason).await
    }

    /// That many days later, with everybody signed in anew and every job done.
    async fn days_later(&mut self, days: i64) {
        self.counter.app.advance(SignedDuration::from_hours(24 * days)).await;
        self.counter.app.drain().await;
        self.sign_in_again().await;
    }

    async fn sign_in_again(&mut self) {
        let counter = &mut self.counter;
        for (person, email) in [
            (&mut counter.business, "business@example.jp"),
            (&mut counter.clerk, "clerk@example.jp"),
            (&mut counter.chief, "chief@example.jp"),
        ] {
            *person = counter.app.sign_in(email, &person.id).await;
        }
    }

    /// Refuses to be concluded: nothing anywhere says that it is.
    async fn is_not_concluded(&self, db: &TestDb, case: &str) {
        let shown = self.contract(case).await;
        assert_eq!((&shown["state"], &shown["concluded_on"]), (&json!("offered"), &Value::Null), "{shown}");
        assert_eq!(db.count("(SELECT COUNT(*) FROM invoices)").await, 0, "no price is claimed before");
        assert!(!self.kinds(case).await.contains(&"contract_concluded".to_owned()));
    }

    async fn kinds(&self, case: &str) -> Vec<String> {
        let timeline =
            self.counter.app.get(&self.counter.clerk, &format!("{case}/timeline")).await.expect(200);
        let items = timeline["items"].as_array().unwrap().iter();
        items.map(|item| item["kind"].as_str().unwrap().to_owned()).collect()
    }

    /// How many mails about contract papers were sent.
    fn mails(&self) -> usize {
        let folder = std::fs::read_dir(&self.counter.app.core.settings.mail.directory).unwrap();
        let sent = folder.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
        let body = |mail: String| {
            let (_, body) = mail.split_once("\r\n\r\n").unwrap_or_default();
            let body: String = body.split_whitespace().collect();
            String::from_utf8(data_encoding::BASE64.decode(body.as_bytes()).unwrap()).unwrap()
        };
        sent.map(body).filter(|text| text.contains("契約書について")).count()
    }
}

fn code(answer: &Answer) -> String {
    if answer.status.is_success() {
        answer.body["state"].as_str().unwrap().to_owned()
    } else {
        answer.problem()
    }
}

on_both_databases!(
    /// A grant offers; one signature of either side concludes nothing; the second one does, in either order.
    r103_a_contract_is_not_concluded_with_one_signature_and_is_with_both,
    async |db: TestDb| {
        let desk = Desk::open(&db).await;
        let case = desk.offered().await;
        desk.is_not_concluded(&db, &case).await;
        let text = desk.text(&case).await;
        assert!(text.contains("第1条　青森県知事は工藤 太郎に10年間、金15,900円で貸し付ける。"), "{text}");
        assert!(text.contains("\n2026-04-15\n"), "fourteen days, the first not counted: {text}");
        assert_eq!(desk.text(&case).await, text, "the same bytes each time");
        assert_eq!(db.count("(SELECT COUNT(*) FROM permits)").await, 0, "no permit is given");

        assert_eq!(code(&desk.confirm(&case).await), "409 no_signature_to_judge");
        assert_eq!(code(&desk.sign(&case).await), "offered");
        assert_eq!(code(&desk.sign(&case).await), "409 contract_already_signed");
        desk.is_not_concluded(&db, &case).await;
        assert_eq!(code(&desk.confirm(&case).await), "offered");
        desk.is_not_concluded(&db, &case).await;
        let shown = desk.contract(&case).await;
        let signature = &shown["counterpart_signature"];
        assert_eq!((&signature["state"], &signature["note"]), (&json!("confirmed"), &Value::Null));
        assert_eq!((&signature["subject"], &signature["service"]), (&json!("CN=工藤 太郎"), &json!("試験認証局")));
        let seen = desk.counter.app.get(&desk.counter.clerk, &format!("{case}/contract")).await.expect(200);
        assert!(seen["counterpart_signature"]["note"].as_str().unwrap().contains("照会"), "staff see what was attested");

        let concluded = desk.seal(&case).await.expect(200);
        assert_eq!((&concluded["state"], &concluded["concluded_on"]), (&json!("concluded"), &json!("2026-04-01")));
        assert_eq!(db.count("(SELECT COUNT(*) FROM invoices WHERE total = 15900)").await, 1);
        assert_eq!(desk.kinds(&case).await.iter().filter(|kind| *kind == "contract_concluded").count(), 1);
        assert_eq!(code(&desk.withdraw(&case).await), "409 contract_ended");

        let other = desk.offered().await;
        assert_eq!(code(&desk.seal(&other).await), "offered");
        assert_eq!(code(&desk.seal(&other).await), "409 contract_already_signed");
        assert_eq!(code(&desk.sign(&other).await), "offered");
        assert_eq!(desk.contract(&other).await["concluded_on"], Value::Null, "nobody looked at the certificate");
        assert_eq!(code(&desk.withdraw(&other).await), "409 contract_signed_by_both");
        assert_eq!(code(&desk.confirm(&other).await), "concluded");
        let change = "UPDATE contracts SET state = 'offered', concluded_on = NULL";
        for change in [change, "UPDATE contract_acts SET act = 'confirmed'"] {
            let url = db.settings.url.clone();
            assert!(std::panic::catch_unwind(move || execute(&url, change)).is_err(), "never rewritten: {change}");
        }
    }
);

on_both_databases!(
    /// Whoever trusts nothing but certificates and public key checks both signatures over the text; what both handed in is sealed.
    r103_a_third_party_checks_both_signatures_without_us,
    async |db: TestDb| {
        let desk = Desk::open(&db).await;
        let case = desk.offered().await;
        for answer in [desk.sign(&case).await, desk.confirm(&case).await, desk.seal(&case).await] {
            answer.expect(200);
        }
        let shown = desk.contract(&case).await;
        let statement = shown["statement"].as_str().unwrap().as_bytes();
        let office = &shown["office_signature"];
        let url = |text: &Value| data_encoding::BASE64URL_NOPAD.decode(text.as_str().unwrap().as_bytes()).unwrap();
        let key = url(&office["public_key"]["x"]);
        let key = aws_lc_rs::signature::UnparsedPublicKey::new(&aws_lc_rs::signature::ED25519, key);
        assert!(key.verify(statement, &url(&office["signature"])).is_ok());
        assert_eq!((&office["check"], &office["authority"]), (&json!("valid"), &json!("青森県知事")));
        let plain = |text: &Value| data_encoding::BASE64.decode(text.as_str().unwrap().as_bytes()).unwrap();
        let theirs = &shown["counterpart_signature"];
        let chain: Vec<_> = theirs["certificates"].as_array().unwrap().iter().map(plain).collect();
        let signature = plain(&theirs["signature"]);
        let given = DetachedSignature { signed: statement, signature: &signature, chain: &chain };
        let found = check(&given, &[&anchor(&desk.service)], desk.counter.app.core.clock.now()).unwrap();
        assert_eq!((found.subject.as_str(), found.algorithm), ("CN=工藤 太郎", "RSA PKCS#1 SHA-256"));
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, statement);
        assert_eq!(shown["statement_sha256"], data_encoding::HEXLOWER.encode(digest.as_ref()));
        let acts = "(SELECT COUNT(*) FROM contract_acts WHERE sealed_detail IS NOT NULL)";
        assert_eq!(db.count(acts).await, 3, "signature, certificate and note are sealed");
    }
);

on_both_databases!(
    /// What is no signature of the text by a certificate of the service is refused with what is wrong, and leaves nothing behind.
    r103_what_is_no_signature_of_the_text_by_a_good_certificate_is_refused,
    async |db: TestDb| {
        let desk = Desk::open(&db).await;
        let (case, other) = (desk.offered().await, desk.offered().await);
        let text = desk.text(&case).await;
        let certified = |name: &str, extensions, validity| desk.service.certify(name, KeyKind::P256, extensions, validity);
        let stranger = SigningService::new();
        let mut forged = desk.signer.body(&text);
        forged["certificates"] = certified("別人", "signer", GOOD).body(&text)["certificates"].clone();
        let mut cut = desk.signer.body(&text);
        cut["certificates"] = json!(["AAAA"]);
        let of_another_text = desk.signer.body(&desk.text(&other).await);
        for (what, body, expected) in [
            ("by another key", forged, "422 signature_invalid"),
            ("of another text", desk.signer.body(&text.replace("15,900", "15,901")), "422 signature_invalid"),
            ("of another contract", of_another_text, "422 signature_invalid"),
            ("expired", certified("a", "signer", PAST).body(&text), "422 certificate_expired"),
            ("to come", certified("b", "signer", FUTURE).body(&text), "422 certificate_not_yet_valid"),
            ("another use", certified("c", "encrypter", GOOD).body(&text), "422 certificate_not_for_signatures"),
            ("another service", stranger.certify("工藤 太郎", KeyKind::P256, "signer", GOOD).body(&text), "422 certificate_untrusted"),
            ("no certificate", cut, "422 certificate_unreadable"),
            ("no base64", json!({ "signature": "?", "certificates": ["!"] }), "422 validation_failed"),
            ("nothing", json!({ "signature": "", "certificates": [] }), "422 certificate_unreadable"),
        ] {
            assert_eq!(code(&desk.hand_in(&case, body).await), expected, "{what}");
        }
        assert_eq!(db.count("(SELECT COUNT(*) FROM contract_acts)").await, 0);
        assert_eq!(code(&desk.hand_in(&case, desk.signer.body(&text)).await), "offered");
    }
);

on_both_databases!(
    /// An officer looks whose certificate it is: what is rejected does not count, and another signature may follow.
    r103_a_signature_that_an_officer_rejects_does_not_count,
    async |db: TestDb| {
        let desk = Desk::open(&db).await;
        let case = desk.offered().await;
        desk.seal(&case).await.expect(200);
        desk.sign(&case).await.expect(200);
        let rejected = desk.reject(&case).await.expect(200);
        assert_eq!(rejected["counterpart_signature"], Value::Null);
        assert_eq!(rejected["rejected_signatures"][0]["reason"], "名義が異なる");
        desk.is_not_concluded(&db, &case).await;
        assert_eq!(code(&desk.confirm(&case).await), "409 no_signature_to_judge");
        desk.counter.app.drain().await;
        assert_eq!(desk.mails(), 2, "the other side is told of the signature of the body and of the rejection");
        desk.sign(&case).await.expect(200);
        assert_eq!(code(&desk.confirm(&case).await), "concluded");
        let path = format!("{case}/contract/counterpart-signature/confirm");
        let empty = desk.counter.app.post(&desk.counter.clerk, &path, json!({ "note": " " })).await;
        assert_eq!(empty.problem(), "409 contract_ended");
        let clerk = desk.counter.app.post(&desk.counter.clerk, &format!("{case}/contract/sign"), json!({})).await;
        assert_eq!(clerk.problem(), "403 forbidden", "the body signs by who seals");
    }
);

on_both_databases!(
    /// Fourteen days without both signatures: the offer lapses, is announced, and the case can end. What both signed in time does not.
    r103_an_offer_lapses_when_the_last_day_goes_by_without_both_signatures,
    async |db: TestDb| {
        let mut desk = Desk::open(&db).await;
        let (alone, both, taken_back) = (desk.offered().await, desk.offered().await, desk.offered().await);
        desk.sign(&alone).await.expect(200);
        desk.sign(&both).await.expect(200);
        desk.seal(&both).await.expect(200);
        assert_eq!(desk.withdraw(&taken_back).await.expect(200)["withdrawn_because"], "貸付物件を公用に供するため");
        for case in [&alone, &both, &taken_back] {
            desk.counter.app.post_letters(&desk.counter.clerk, case).await;
        }
        desk.counter.app.drain().await;
        desk.days_later(14).await;
        assert_eq!(desk.contract(&alone).await["state"], "offered", "the last day is not over");
        let closed = "(SELECT COUNT(*) FROM applications WHERE state = 'closed')";
        assert_eq!(db.count(closed).await, 1, "a case with an open offer stays open");
        desk.days_later(1).await;
        for (case, state) in [(&alone, "lapsed"), (&both, "offered"), (&taken_back, "withdrawn")] {
            assert_eq!(desk.contract(case).await["state"], state);
        }
        assert_eq!(code(&desk.seal(&alone).await), "409 contract_ended");
        assert_eq!(code(&desk.confirm(&both).await), "concluded");
        assert_eq!(desk.contract(&both).await["concluded_on"], "2026-04-01", "the day of the later signature");
        let app = &desk.counter.app;
        everything_again(&db.db, async || { app.drain().await; }).await;
        assert_eq!(db.count("(SELECT COUNT(*) FROM contract_acts WHERE act = 'lapsed')").await, 1);
        assert_eq!(desk.mails(), 4, "signed by the body, withdrawn, lapsed, concluded");
        desk.days_later(1).await;
        assert_eq!(db.count(closed).await, 2, "what lapsed holds nothing open");
    }
);

on_both_databases!(
    /// Two at once, and the same once more: one signature each, one conclusion, one claim.
    r103_two_signings_at_once_and_repeats_conclude_once,
    async |db: TestDb| {
        let desk = Desk::open(&db).await;
        let case = desk.offered().await;
        let body = desk.signer.body(&desk.text(&case).await);
        let (one, two) = tokio::join!(desk.hand_in(&case, body.clone()), desk.hand_in(&case, body));
        let mut codes = [code(&one), code(&two)];
        codes.sort();
        assert_eq!(codes, ["409 contract_already_signed", "offered"]);
        let (confirmed, sealed) = tokio::join!(desk.confirm(&case), desk.seal(&case));
        let mut codes = [code(&confirmed), code(&sealed)];
        codes.sort();
        assert_eq!(codes, ["concluded", "offered"], "whichever comes last concludes");

        let other = desk.offered().await;
        let key = new_key();
        let body = desk.signer.body(&desk.text(&other).await);
        let path = format!("{other}/contract/counterpart-signature");
        let send = async || {
            let headers = [("idempotency-key", key.as_str())];
            let business = Some(&desk.counter.business);
            desk.counter.app.call(Method::POST, &path, business, &headers, Some(body.clone())).await
        };
        let first = send().await.expect(200);
        let again = send().await;
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(again.expect(200), first);
        assert_eq!(db.count("(SELECT COUNT(*) FROM contract_acts)").await, 4);
        assert_eq!(db.count("(SELECT COUNT(*) FROM invoices)").await, 1);
    }
);

on_both_databases!(
    /// The shipped bodies take no certificates: nobody could check one here.
    r103_without_a_trust_anchor_no_contract_is_offered_and_other_cases_have_none,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let business = app.register("business@example.jp", "business").await;
        let clerk = app.officer(AOMORI, "zaimu-zaisei", Role::Clerk, "clerk@example.jp").await;
        let chief = app.officer(AOMORI, "zaimu-zaisei", Role::SectionChief, "chief@example.jp").await;
        let counter = Counter { app, business, clerk, chief };
        let case = counter.claimed("futsu-zaisan-kashitsuke").await;
        let none = counter.app.get(&counter.business, &format!("{case}/contract")).await;
        assert_eq!(none.problem(), "409 no_contract");
        counter.propose(&case, "grant").await;
        assert_eq!(counter.seal(&case).await, "409 contract_not_signable");
        assert_eq!(db.count("(SELECT COUNT(*) FROM decisions)").await, 0, "it stays on its route");
        let refused = counter.claimed("futsu-zaisan-kashitsuke").await;
        counter.propose(&refused, "refuse").await;
        assert_eq!(counter.seal(&refused).await, "decided");
        let none = counter.app.get(&counter.business, &format!("{refused}/contract")).await;
        assert_eq!(none.problem(), "409 no_contract", "a refusal offers nothing");
    }
);

fn anchor(service: &SigningService) -> TrustAnchor {
    TrustAnchor {
        id: "test-service".to_owned(),
        service: "試験認証局".to_owned(),
        kind: CertificationKind::AccreditedService,
        legal_basis: "電子署名法".to_owned(),
        pem: service.pem(),
        valid_from: jiff::civil::date(2026, 4, 1),
        valid_to: None,
        source: "試験用".to_owned(),
        sample: true,
    }
}

/// Chains: through an issuer in between, no longer than it allows, in order, and of nothing that is not understood.
#[test]
fn r103_a_chain_is_followed_to_the_anchor_link_by_link() {
    let service = SigningService::new();
    let at: Timestamp = "2026-04-01T00:00:00Z".parse().unwrap();
    let of = |signer: &Signer, chain: &[Vec<u8>]| {
        let signature = signer.sign(b"text");
        let given = DetachedSignature { signed: b"text", signature: &signature, chain };
        check(&given, &[&anchor(&service)], at).map(|found| found.subject)
    };
    let direct = service.certify("direct", KeyKind::P256, "signer", GOOD);
    let through = service.certify_through("through", "last_issuer");
    let by_a_signer = service.certify_through("forged", "signer");
    let stranger = service.certify("stranger", KeyKind::P256, "stranger", GOOD);
    let issuer = service.certify("an issuer", KeyKind::P256, "issuer", GOOD);
    let with_root = [through.chain.clone(), vec![service.root()]].concat();
    let reversed: Vec<_> = through.chain.iter().rev().cloned().collect();
    let untrusted = Err(CertificateFault::Untrusted);
    for (signer, chain, expected) in [
        (&direct, &direct.chain, Ok("CN=direct".to_owned())),
        (&through, &through.chain, Ok("CN=through".to_owned())),
        (&through, &with_root, Ok("CN=through".to_owned())),
        (&through, &through.chain[..1].to_vec(), untrusted.clone()),
        (&through, &reversed, untrusted.clone()),
        (&by_a_signer, &by_a_signer.chain, untrusted),
        (&stranger, &stranger.chain, Err(CertificateFault::Unreadable)),
        (&issuer, &issuer.chain, Err(CertificateFault::NotForSignatures)),
        (&direct, &issuer.chain, Err(CertificateFault::NotForSignatures)),
        (&direct, &vec![direct.chain[0][..40].to_vec()], Err(CertificateFault::Unreadable)),
    ] {
        assert_eq!(of(signer, chain), expected);
    }
}
