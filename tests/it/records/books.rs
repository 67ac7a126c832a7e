//! Books that belong to no case (会計帳票): filed by the year, held back while anything in them is open, disposed of and transferred
//! as cases are.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use jiff::SignedDuration;
use madoguchi::domain::policy::Role;
use madoguchi::domain::records::{bundle_hash, manifest_hash};
use madoguchi::service::records::filing;
use madoguchi::service::{audit, day_close_audit, ledger_check, reconciliation};
use reqwest::Method;
use serde_json::{Value, json};

use super::archive::{FILES, codes};
use crate::el_qr;
use crate::el_qr::desk::{Counter, taken_in, uploads};
use crate::reconciliation::office::{Office, STATEMENTS, csv, table};
use crate::refunds::desk::FEE;
use crate::refunds::payouts::payee;
use crate::settlements::{line, report};
use crate::support::app::{AOMORI, Answer, Person, TestApp};
use crate::support::db::{TestDb, execute};

const SETTLEMENTS: &str = "/v1/tenants/020001/settlements";
const PAYOUTS: &str = "/v1/tenants/020001/payouts";
const CLOSES: &str = "/v1/tenants/020001/day-closes";
const EXCEPTIONS: &str = "/v1/tenants/020001/reconciliation/exceptions";

/// A year, in days.
const YEAR: i64 = 366;

/// Those who keep the books: two accountants, and the clerk and the chief of their department.
struct Keepers<'a> {
    app: &'a TestApp,
    one: Person,
    two: Person,
    clerk: Person,
    chief: Person,
}

impl<'a> Keepers<'a> {
    async fn of(app: &'a TestApp, one: Person, two: Person) -> Self {
        let clerk = app.officer(AOMORI, "suito-kaikei-kanri", Role::Clerk, "books@example.jp").await;
        let chief = app.officer(AOMORI, "suito-kaikei-kanri", Role::SectionChief, "head@example.jp").await;
        Self { app, one, two, clerk, chief }
    }

    /// Days go by; everybody signs in anew.
    async fn later(&mut self, days: i64) {
        self.app.advance(SignedDuration::from_hours(24 * days)).await;
        for (email, who) in [
            ("one@example.jp", &mut self.one),
            ("two@example.jp", &mut self.two),
            ("books@example.jp", &mut self.clerk),
            ("head@example.jp", &mut self.chief),
        ] {
            *who = self.app.sign_in(email, &who.id.clone()).await;
        }
    }

    /// The clock of the register comes by.
    async fn file(&self) {
        filing::run(&self.app.core, &Office::tenant()).await.unwrap();
    }

    /// What the bank says came in on a day.
    async fn statement(&self, day: &str, amount: i64) -> Value {
        let rows = table(&[(day, amount, "ｸﾄﾞｳ ﾀﾛｳ")]);
        self.app.post(&self.one, STATEMENTS, csv(&rows)).await.expect(201)
    }

    /// A day that one closes and the other confirms.
    async fn closed(&self, day: &str) {
        self.app.post(&self.one, CLOSES, json!({ "day": day })).await.expect(201);
        self.app.post(&self.two, &format!("{CLOSES}/{day}/confirm"), json!({})).await.expect(200);
    }

    /// A payout of money that nobody here knows of, which arrived.
    async fn strangers_payout(&self) -> Value {
        let wanted = report("2026-04-A", &[line("a", "capture", "nobody", 5_000, 100)], 0);
        let made = self.app.post(&self.one, SETTLEMENTS, wanted).await.expect(201);
        let path = format!("{SETTLEMENTS}/{}", made["id"].as_str().unwrap());
        let arrival = json!({ "arrived_on": "2026-04-01", "amount": 4_900, "reference": "ｶ)ｺﾓｼﾞﾕ" });
        self.app.post(&self.one, &format!("{path}/arrival"), arrival).await.expect(200);
        self.app.post(&self.two, &format!("{path}/arrival/confirm"), json!({})).await.expect(200);
        self.app.drain().await;
        made
    }

    /// Two people say of everything that waits for them that they know why.
    async fn explained(&self) {
        let listed = self.app.get(&self.one, &format!("{EXCEPTIONS}?state=open")).await.expect(200);
        for item in listed["items"].as_array().unwrap() {
            let path = format!("{EXCEPTIONS}/{}", item["id"].as_str().unwrap());
            let said = json!({ "resolution": "explained", "comment": "別の団体の入金だった" });
            self.app.post(&self.one, &format!("{path}/resolution"), said).await.expect(200);
            self.app.post(&self.two, &format!("{path}/approve"), json!({})).await.expect(200);
        }
    }

    /// The one file of books of a fiscal year.
    async fn file_of(&self, year: i16) -> String {
        let listed = public(self.app, &format!("{FILES}?content=books&fiscal_year={year}")).await.expect(200);
        let files = listed["items"].as_array().unwrap();
        assert_eq!(files.len(), 1, "{listed}");
        format!("{FILES}/{}", files[0]["id"].as_str().unwrap())
    }

    async fn books(&self, file: &str) -> Vec<Value> {
        let listed = self.app.get(&self.clerk, &format!("{file}/books")).await.expect(200);
        listed["items"].as_array().unwrap().clone()
    }

    /// What stands in the way of the books of a file, by the day and the kind of each.
    async fn blocks(&self, file: &str) -> BTreeMap<String, Vec<String>> {
        let mut all = BTreeMap::new();
        for book in self.books(file).await {
            let blocks = book["blocks"].as_array().unwrap().iter();
            let mut found: Vec<String> =
                blocks.map(|block| block["code"].as_str().unwrap().to_owned()).collect();
            found.sort();
            let named =
                format!("{} {}", book["completed_on"].as_str().unwrap(), book["kind"].as_str().unwrap());
            all.insert(named, found);
        }
        all
    }

    async fn propose(&self, file: &str, measure: &str) -> Answer {
        let body = json!({ "measure": measure, "reason": "保存期間の満了" });
        self.app.post(&self.clerk, &format!("{file}/measures"), body).await
    }

    /// What somebody does about a measure.
    async fn decide(&self, who: &Person, measure: &Value, step: &str, body: Value) -> Answer {
        self.app.post(who, &format!("{}/{step}", measure_path(measure)), body).await
    }

    async fn standing(&self, measure: &Value) -> Value {
        self.app.get(&self.clerk, &measure_path(measure)).await.expect(200)
    }
}

fn measure_path(measure: &Value) -> String {
    format!("/v1/tenants/020001/record-measures/{}", measure["id"].as_str().unwrap())
}

async fn public(app: &TestApp, path: &str) -> Answer {
    app.call(Method::GET, path, None, &[], None).await
}

/// What stands, as a map of what is expected.
fn standing<const N: usize>(expected: [(&str, &[&str]); N]) -> BTreeMap<String, Vec<String>> {
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    expected.into_iter().map(|(book, blocks)| (book.to_owned(), words(blocks))).collect()
}

/// Everything that was ever recorded still fits: the chains, the closes, the ledger.
async fn everything_verifies(db: &TestDb, app: &TestApp) {
    let closes = day_close_audit::verify(&app.core, &Office::tenant()).await.unwrap();
    assert!(closes.broken.is_empty(), "{closes:?}");
    assert_eq!(audit::verify(&app.core, &Office::tenant(), &[]).await.unwrap().broken.len(), 0);
    for ledger in ledger_check::check(&db.db).await.unwrap() {
        assert!(ledger.findings.is_empty(), "{ledger:?}");
    }
}

on_both_databases!(
    /// Looking again files nothing twice; what is of the present year is in no file yet; the register names nobody.
    r123_books_of_a_year_that_is_over_come_into_one_file_once_and_the_register_lists_it,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let mut keepers = Keepers::of(&app, office.one, office.two).await;
        let statement = keepers.statement("2026-03-31", 21_560).await;
        keepers.strangers_payout().await;
        keepers.later(1).await;
        keepers.closed("2026-04-01").await;
        keepers.file().await;
        let none = public(&app, &format!("{FILES}?content=books")).await.expect(200);
        assert_eq!(none["items"], json!([]), "the year is not over");

        keepers.later(365).await;
        keepers.statement("2027-04-01", 500).await;
        for _ in 0..2 {
            keepers.file().await;
        }
        let listed = public(&app, &format!("{FILES}?content=books")).await.expect(200);
        let file = &listed["items"][0];
        let says = ["content", "procedure", "department", "fiscal_year", "retention", "expires_on", "measure", "state"]
            .map(|field| file[field].clone());
        let department = json!("suito-kaikei-kanri");
        let expected =
            [json!("books"), Value::Null, department, json!(2026), json!("5"), json!("2032-03-31"), json!("undecided"), json!("kept")];
        assert_eq!((says, listed["items"].as_array().unwrap().len()), (expected, 1));
        assert_eq!(public(&app, &format!("{FILES}?content=cases")).await.expect(200)["items"], json!([]));
        assert_eq!(public(&app, &format!("{FILES}?content=lost")).await.problem(), "400 malformed_request");

        let path = keepers.file_of(2026).await;
        let details = app.get(&keepers.clerk, &path).await.expect(200);
        assert_eq!((&details["books"], &details["cases"]), (&json!(3), &json!(0)));
        assert_eq!(app.get(&keepers.one, &format!("{path}/books")).await.problem(), "404 not_found", "not of the department");
        let mut books = keepers.books(&path).await;
        books.sort_by_key(|book| book["kind"].as_str().unwrap().to_owned());
        let named: Vec<_> = books.iter().map(|book| (book["kind"].as_str().unwrap(), book["completed_on"].as_str().unwrap())).collect();
        assert_eq!(named, [("bank_statement", "2026-04-01"), ("day_close", "2026-04-01"), ("settlement_report", "2026-04-01")]);
        assert_eq!((&books[0]["subject"], &books[1]["subject"]), (&statement["id"], &json!("2026-04-01")));
        assert!(books[2]["subject"].as_str().unwrap().starts_with("komoju:"), "{}", books[2]);
        assert_eq!(db.count("(SELECT COUNT(*) FROM record_books)").await, 3, "once each");

        let csv = app.raw(Method::GET, FILES).header("accept", "text/csv").send().await.unwrap();
        let csv = csv.text().await.unwrap();
        let lines: Vec<&str> = csv.lines().collect();
        assert!(lines.len() == 2 && lines[1].starts_with("会計,収入・支出,会計帳票,"), "{csv}");
        assert!(lines[1].ends_with(",会計帳票（令和8年度）,2026,5年,2032-03-31,未定,文書管理システム,会計管理課の文書管理者,電子"), "{csv}");
        for rewriting in ["DELETE FROM record_books", "UPDATE bank_statements SET sha256 = 'x'", "DELETE FROM settlement_sources"] {
            let url = db.settings.url.clone();
            assert!(std::thread::spawn(move || execute(&url, rewriting)).join().is_err(), "{rewriting}");
        }
    }
);

on_both_databases!(
    /// what is the same for all books of a file, such as the closes of a year, is asked for once a page.
    r125_a_page_of_books_asks_once_for_what_is_the_same_for_all,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let mut keepers = Keepers::of(&app, office.one, office.two).await;
        for day in ["2026-04-01", "2026-04-02", "2026-04-03"] {
            keepers.later(1).await;
            keepers.closed(day).await;
        }
        keepers.later(365).await;
        keepers.file().await;
        let file = keepers.file_of(2026).await;
        let asked = db.queries_of(async || assert_eq!(keepers.books(&file).await.len(), 3)).await;
        for table in ["day_closes", "record_file_holds"] {
            let about = asked.iter().filter(|text| text.contains(table)).count();
            assert_eq!(about, 1, "{table}: {asked:#?}");
        }
    }
);

/// A transfer file with a refund of everything in it, which an accountant of the desk made.
async fn transfer_file(app: &TestApp, office: &Office<'_>) -> String {
    let (desk, paid) = (&office.desk, office.desk.paid("nanaco").await);
    let asked = paid.ask(&desk.accountant, FEE, FEE).await.expect(201);
    let path = format!("/v1/tenants/{AOMORI}/refunds/{}/payee", asked["id"].as_str().unwrap());
    app.post(&desk.business, &path, payee("クドウ タロウ")).await.expect(200);
    paid.decide(&desk.chief, &asked, "approve").await.expect(200);
    let made = app.post(&desk.accountant, PAYOUTS, json!({ "transfer_on": "2026-04-30" })).await.expect(201);
    format!("{PAYOUTS}/{}", made["id"].as_str().unwrap())
}

on_both_databases!(
    /// Each reason is read from where it is booked and named with its book; once nothing is open two people dispose of the file, and
    /// the ledger, the closes and the chains still say what they said.
    r124_r125_books_stay_while_anything_in_them_is_open_and_are_gone_after_their_disposal,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let transfer = transfer_file(&app, &office).await;
        let mut keepers = Keepers::of(&app, office.one, office.two).await;
        let payout = keepers.strangers_payout().await;
        keepers.later(300).await;
        let statement = keepers.statement("2027-01-20", 777).await;
        let reading = format!("{STATEMENTS}/{}", statement["id"].as_str().unwrap());
        keepers.later(66).await;
        keepers.closed("2027-03-31").await;
        keepers.file().await;
        let file = keepers.file_of(2026).await;
        let (close, report) = ("2027-03-31 day_close", "2026-04-01 settlement_report");
        let (bank, transfers) = ("2027-01-26 bank_statement", "2026-04-01 transfer_file");
        assert_eq!(
            keepers.blocks(&file).await,
            standing([
                (close, &["last_day_close", "open_fiscal_year"]),
                (report, &["open_exception", "open_lines"]),
                (bank, &["open_lines"]),
                (transfers, &["open_refund", "unconfirmed_transfer"]),
            ])
        );
        assert_eq!(keepers.propose(&file, "dispose").await.problem(), "409 retention_not_over");

        // The bank's credit is nobody's payout: that is found once some days have gone by, and explained by two.
        keepers.closed("2027-04-01").await;
        reconciliation::run(&app.core, &Office::tenant(), "2027-04-02".parse().unwrap()).await.unwrap();
        let blocks = keepers.blocks(&file).await;
        assert_eq!((blocks[bank].as_slice(), blocks[close].as_slice()), (["open_exception".to_owned()].as_slice(), ["open_fiscal_year".to_owned()].as_slice()));
        keepers.explained().await;
        keepers.later(65).await;
        let open = |transfer: &'static [&'static str]| standing([(close, &[]), (report, &[]), (bank, &[]), (transfers, transfer)]);
        assert_eq!(keepers.blocks(&file).await, open(&["open_refund", "unconfirmed_transfer"]), "the year is closed (R-74)");

        keepers.later(5 * YEAR).await;
        keepers.file().await;
        let refused = keepers.propose(&file, "dispose").await;
        assert_eq!((refused.problem().as_str(), codes(&refused.body)), ("409 disposal_blocked", vec!["open_refund", "unconfirmed_transfer"]));
        let book = keepers.books(&file).await.into_iter().find(|book| book["kind"] == "transfer_file").unwrap();
        assert_eq!(refused.body["errors"][0]["pointer"], format!("/books/{}", book["book"].as_str().unwrap()));
        app.post(&keepers.two, &format!("{transfer}/confirm"), json!({})).await.expect(200);
        assert_eq!(keepers.blocks(&file).await, open(&[]));

        let proposed = keepers.propose(&file, "dispose").await.expect(201);
        assert_eq!(keepers.decide(&keepers.clerk, &proposed, "approve", json!({})).await.problem(), "403 forbidden");
        keepers.decide(&keepers.chief, &proposed, "approve", json!({})).await.expect(200);
        // A hold on the file comes between approval and clock.
        let today = madoguchi::domain::calendar::jst_day(app.core.clock.now()).to_string();
        let hold = json!({ "ground": "audit", "from_on": today, "note": "定期監査" });
        let hold = app.post(&keepers.clerk, &format!("{file}/holds"), hold).await.expect(201);
        let gone = "(SELECT COUNT(*) FROM record_books WHERE erased_at IS NOT NULL)";
        app.drain().await;
        assert_eq!((keepers.standing(&proposed).await["state"].as_str(), db.count(gone).await), (Some("approved"), 0));
        let release = format!("/v1/tenants/020001/record-file-holds/{}/release", hold["id"].as_str().unwrap());
        app.post(&keepers.clerk, &release, json!({ "reason": "終了" })).await.expect(200);
        app.get(&keepers.one, &reading).await.expect(200);
        keepers.later(2).await;
        app.drain().await;
        assert_eq!((keepers.standing(&proposed).await["state"].as_str(), db.count(gone).await), (Some("done"), 4));

        for path in [reading.clone(), format!("{transfer}/file"), format!("{CLOSES}/2027-03-31")] {
            assert_eq!(app.get(&keepers.one, &path).await.problem(), "404 not_found", "{path}");
        }
        app.get(&keepers.one, &format!("{CLOSES}/2027-04-01")).await.expect(200);
        let listed = app.get(&keepers.one, CLOSES).await.expect(200);
        let days: Vec<&Value> = listed["items"].as_array().unwrap().iter().map(|close| &close["day"]).collect();
        assert_eq!(days, ["2027-04-01"], "what is gone is in no list either");
        let shown = app.get(&keepers.one, &format!("{SETTLEMENTS}/{}", payout["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(shown["lines"][0]["gross"], 5_000, "what was booked by it is the ledger's");
        for table in ["bank_statements", "payouts", "settlement_sources"] {
            let nothing = format!("(SELECT COUNT(*) FROM {table} WHERE length(wrapped_key) = 0 AND length(sealed_file) = 0)");
            assert_eq!(db.count(nothing.leak()).await, 1, "{table}");
        }
        assert!(keepers.books(&file).await.iter().all(|book| book["erased_at"].is_string() && book["blocks"] == json!([])));
        let listed = public(&app, &format!("{FILES}?state=disposed&content=books")).await.expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 1, "the register still says what there was");
        let again = keepers.statement("2027-01-20", 777).await;
        assert_eq!(again["id"], statement["id"], "the same bytes are still the same statement");
        assert_eq!(keepers.propose(&file, "dispose").await.problem(), "409 records_gone");
        everything_verifies(&db, &app).await;
    }
);

on_both_databases!(
    /// The archive gets the bytes of each book in clear, and nothing goes before it has them.
    r124_books_are_exported_to_the_archive_and_handed_over_before_they_go,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let office = Office::open(&app, &db).await;
        let mut keepers = Keepers::of(&app, office.one, office.two).await;
        keepers.later(300).await;
        let statement = keepers.statement("2027-01-20", 777).await;
        keepers.later(66).await;
        reconciliation::run(&app.core, &Office::tenant(), "2027-04-02".parse().unwrap()).await.unwrap();
        keepers.explained().await;
        keepers.later(5 * YEAR).await;
        keepers.file().await;
        let file = keepers.file_of(2026).await;
        let proposed = keepers.propose(&file, "transfer").await.expect(201);
        keepers.decide(&keepers.chief, &proposed, "approve", json!({})).await.expect(200);
        app.drain().await;
        app.drain().await;
        assert_eq!(keepers.standing(&proposed).await["state"], "exported");
        // As if something else had been recorded of the book when it was exported: the daily look has it exported anew.
        execute(&db.settings.url, "UPDATE record_bundles SET event_head = substr(event_head, 2)");
        keepers.later(2).await;
        app.drain().await;
        app.drain().await;
        assert_eq!(db.count("(SELECT COUNT(*) FROM record_bundles WHERE length(event_head) = 64)").await, 1);
        let exported = keepers.standing(&proposed).await;
        assert_eq!(exported["state"], "exported", "nothing goes yet");
        let bundles = format!("{}/bundles", measure_path(&proposed));
        let listed = app.get(&keepers.clerk, &bundles).await.expect(200);
        let book = listed["items"][0]["book"].as_str().unwrap().to_owned();
        assert_eq!((&listed["items"][0]["application"], listed["items"].as_array().unwrap().len()), (&Value::Null, 1));

        let path = format!("{bundles}/{book}");
        assert_eq!(app.get(&keepers.clerk, &path).await.problem(), "403 forbidden");
        let text = app.raw(Method::GET, &path).bearer_auth(&keepers.chief.token).send().await.unwrap().text().await.unwrap();
        let bundle: Value = serde_json::from_str(&text).unwrap();
        let content = BASE64.decode(bundle["content_base64"].as_str().unwrap().as_bytes()).unwrap();
        assert_eq!(String::from_utf8(content).unwrap(), table(&[("2027-01-20", 777, "ｸﾄﾞｳ ﾀﾛｳ")]), "in clear");
        assert_eq!((&bundle["kind"], &bundle["subject"]), (&json!("bank_statement"), &statement["id"]));
        assert_eq!((&bundle["completed_on"], &bundle["facts"]["credits"]), (&json!("2027-01-26"), &json!(1)));
        assert_eq!(db.count("(SELECT COUNT(*) FROM access_log WHERE operation = 'record_bundle')").await, 1);

        let hash = manifest_hash([(book.parse().unwrap(), bundle_hash(&text).as_str())]);
        assert_eq!(exported["bundles_sha256"], hash);
        let said = |hash: &str| json!({ "bundles_sha256": hash, "receipt": "公文書センター受領第1号" });
        assert_eq!(keepers.decide(&keepers.chief, &proposed, "hand-over", said("00")).await.problem(), "409 bundles_differ");
        let reading = format!("{STATEMENTS}/{}", statement["id"].as_str().unwrap());
        app.get(&keepers.one, &reading).await.expect(200);
        keepers.decide(&keepers.chief, &proposed, "hand-over", said(&hash)).await.expect(200);
        app.drain().await;
        assert_eq!(keepers.standing(&proposed).await["state"], "done");
        assert_eq!(app.get(&keepers.one, &reading).await.problem(), "404 not_found");
        assert_eq!(app.get(&keepers.chief, &path).await.problem(), "404 not_found", "it is the archive's now");
        assert_eq!(db.count("(SELECT COUNT(*) FROM record_files WHERE state = 'transferred' AND content = 'books')").await, 1);
        everything_verifies(&db, &app).await;
    }
);

on_both_databases!(
    /// A slip that nobody paid stands for a claim until that is extinct by limitation.
    r125_files_of_el_qr_stay_as_long_as_a_slip_in_them_is_an_open_claim,
    async |db: TestDb| {
        let app = TestApp::start_over(&db, el_qr::files(), |_| {}).await;
        let counter = Counter::open(&app, &db).await;
        let owing = counter.office.owing().await;
        counter.number(&owing).await;
        let (upload, _) = counter.uploaded().await;
        counter.told(&upload).await;
        counter.imported(&el_qr::nobodys_payment()).await;
        let one = app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "one@example.jp").await;
        let two = app.officer(AOMORI, "suito-kaikei-kanri", Role::Accountant, "two@example.jp").await;
        let mut keepers = Keepers::of(&app, one, two).await;
        keepers.later(YEAR).await;
        keepers.file().await;
        let file = keepers.file_of(2026).await;
        let mut found: Vec<(String, Value)> = keepers
            .books(&file)
            .await
            .iter()
            .map(|book| (book["kind"].as_str().unwrap().to_owned(), book["blocks"].clone()))
            .map(|(kind, blocks)| (kind, blocks.as_array().unwrap().iter().map(|block| block["code"].clone()).collect()))
            .collect();
        found.sort_by_key(|(kind, blocks)| (kind.clone(), blocks.to_string()));
        let of = |kind: &str, block: &str| (kind.to_owned(), json!([block]));
        let expected = [of("el_qr_file", "open_exception"), of("el_qr_file", "unpaid_claim"), of("el_qr_upload", "unpaid_claim")];
        assert_eq!(found, expected);

        keepers.later(6 * YEAR).await;
        keepers.file().await;
        keepers.explained().await;
        let left = keepers.books(&file).await;
        assert!(left.iter().all(|book| book["blocks"] == json!([])), "the claim is extinct: {left:?}");
        let proposed = keepers.propose(&file, "dispose").await.expect(201);
        let upload = uploads(&format!("/{}", upload["id"].as_str().unwrap()));
        let listed = app.get(&keepers.one, &taken_in("")).await.expect(200);
        let results = taken_in(&format!("/{}", listed["items"][0]["id"].as_str().unwrap()));
        for path in [&upload, &results] {
            app.get(&keepers.one, path).await.expect(200);
        }
        keepers.decide(&keepers.chief, &proposed, "approve", json!({})).await.expect(200);
        app.drain().await;
        assert_eq!(keepers.standing(&proposed).await["state"], "done");
        for path in [upload.clone(), format!("{upload}/file"), results] {
            assert_eq!(app.get(&keepers.one, &path).await.problem(), "404 not_found", "{path}");
        }
        everything_verifies(&db, &app).await;
    }
);
