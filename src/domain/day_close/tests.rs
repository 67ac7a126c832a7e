//! Every entry is in exactly one sum, and the statement has one form.

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::domain::ledger::{
    Account, BANK, Cause, Entry, Portion, carry_claim, carry_over, entrust, incomes, interest,
    interest_cause, interest_paid, receive, refund, refund_paid, reverse,
};
use crate::domain::ledger::{RefundSource, RemittedLine, remit};
use crate::domain::money::Yen;
use crate::domain::settlement::LineKind;

const DAY: Date = date(2026, 4, 1);

fn cause(source: &str, booked_on: Date) -> Cause {
    Cause { source_id: source.to_owned(), booked_on }
}

fn portion(fiscal_year: i16, amount: i64) -> Portion {
    Portion { fiscal_year, amount: Yen::new(amount).unwrap() }
}

fn share(account: &str, fiscal_year: i16, amount: i64) -> Share {
    Share { account: account.to_owned(), fiscal_year, amount }
}

fn context() -> EntryContext {
    EntryContext {
        gateway: "komoju".to_owned(),
        method: "card".to_owned(),
        shares: vec![share("08-02-01", 2026, 600), share("08-02-02", 2026, 400)],
    }
}

fn totals(entries: &[Entry], context: &EntryContext) -> Vec<CloseRow> {
    let mut totals = DayTotals::default();
    for (entry, number) in entries.iter().zip(0..) {
        let recorded_at = Timestamp::from_second(number).unwrap();
        totals.add(&RecordedEntry { id: number.to_string(), recorded_at, entry: entry.clone() }, context);
    }
    totals.finish().0
}

fn of<'a>(rows: &'a [CloseRow], account: &str) -> &'a Amounts {
    &rows.iter().find(|row| row.key.account == account).unwrap().amounts
}

#[test]
fn r73_money_is_divided_over_the_revenue_accounts_it_is_for() {
    let mut entries = entrust(&cause("p", DAY), "komoju", &[portion(2026, 1_000)], &[portion(2026, 50)]);
    let line = RemittedLine {
        kind: LineKind::Capture,
        claim: Account::Entrusted("komoju".to_owned()),
        gross: 1_000,
        portions: &[portion(2026, 1_000)],
        kept: 20,
    };
    entries.extend(remit(&cause("l", DAY), &line).unwrap());
    let rows = totals(&entries, &context());
    assert_eq!(rows.len(), 3);
    let first = of(&rows, "08-02-01");
    assert_eq!((first.entrusted, first.fees, first.remitted), (600, 20, 580));
    let second = of(&rows, "08-02-02");
    assert_eq!((second.entrusted, second.fees, second.remitted), (400, 0, 400));
    assert_eq!(of(&rows, "overpayment").entrusted, 50);
    assert!(rows.iter().all(|row| row.key.gateway == "komoju" && row.key.method == "card"));
}

#[test]
fn r87_what_is_undone_is_taken_off_and_what_belongs_to_no_account_is_not_lost() {
    let entries = receive(&cause("p", DAY), "counter", &[portion(2026, 1_000)], &[]);
    let undone = entries.iter().filter_map(|entry| reverse(entry, DAY));
    let rows = totals(&entries.iter().cloned().chain(undone).collect::<Vec<_>>(), &context());
    assert!(rows.iter().all(|row| row.amounts == Amounts::default()));
    let beyond = receive(&cause("p", DAY), BANK, &[portion(2026, 1_300), portion(2025, 10)], &[]);
    let rows = totals(&beyond, &context());
    let nowhere: i64 =
        rows.iter().filter(|row| row.key.account.is_empty()).map(|row| row.amounts.received).sum();
    assert_eq!(nowhere, 310);
}

#[test]
fn r74_what_a_closed_year_leaves_goes_off_it_and_comes_to_the_year_of_the_money() {
    let late = date(2027, 6, 1);
    let owed = [portion(2026, 1_000)];
    let mut entries = carry_over(&cause("p", late), &owed);
    entries.extend(receive(&cause("p", late), "counter", &incomes(&owed, late).unwrap(), &[]));
    let rows = totals(&entries, &context());
    let of_year = |account: &str, year: i16| {
        let row = rows.iter().filter(|row| row.key.account == account && row.key.fiscal_year == year);
        row.fold((0, 0), |sum, row| (sum.0 + row.amounts.carried_over, sum.1 + row.amounts.received))
    };
    assert_eq!((of_year("08-02-01", 2026), of_year("08-02-01", 2027)), ((-600, 0), (600, 600)));
    assert_eq!((of_year("08-02-02", 2026), of_year("08-02-02", 2027)), ((-400, 0), (400, 400)));
    assert!(rows.iter().all(|row| !row.key.account.is_empty()), "no yen belongs to no account");
}

#[test]
fn r74_what_an_agent_sends_late_leaves_the_closed_year_and_comes_to_the_year_of_the_payout() {
    let (late, owed) = (date(2027, 6, 10), [portion(2026, 1_000)]);
    let claim = Account::Entrusted("komoju".to_owned());
    let mut entries = carry_claim(&cause("p:l", late), &claim, &owed);
    let portions = incomes(&owed, late).unwrap();
    let line = RemittedLine { kind: LineKind::Capture, claim, gross: 1_000, portions: &portions, kept: 20 };
    entries.extend(remit(&cause("l", late), &line).unwrap());
    let rows = totals(&entries, &context());
    let of_year = |account: &str, year: i16| {
        let row = rows.iter().filter(|row| row.key.account == account && row.key.fiscal_year == year);
        row.fold((0, 0), |sum, row| {
            (sum.0 + row.amounts.carried_over, sum.1 + row.amounts.remitted + row.amounts.fees)
        })
    };
    assert_eq!((of_year("08-02-01", 2026), of_year("08-02-01", 2027)), ((-600, 0), (600, 600)));
    assert_eq!((of_year("08-02-02", 2026), of_year("08-02-02", 2027)), ((-400, 0), (400, 400)));
}

#[test]
fn r95_a_refund_stands_with_the_account_it_is_taken_from() {
    let source =
        RefundSource { account: Account::Revenue("08-02-02".to_owned()), portion: portion(2026, 300) };
    let mut entries = refund(&cause("r", DAY), &[source]);
    entries.extend(refund_paid(&cause("r", DAY), &Account::Cash(BANK.to_owned()), &[portion(2026, 300)]));
    let parts = EntryContext { shares: vec![share("08-02-02", 2026, 300)], ..context() };
    let rows = totals(&entries, &parts);
    assert_eq!(rows.len(), 1);
    assert_eq!((of(&rows, "08-02-02").refund_decided, of(&rows, "08-02-02").refunded), (300, 300));
}

#[test]
fn r96_interest_stands_with_its_expenditure_and_not_with_the_revenue_of_the_refund() {
    let decided = interest(&interest_cause("r", DAY), "02-01-05-22", Yen::new(1_900).unwrap());
    let mut entries = decided.clone();
    entries.extend(interest_paid(&interest_cause("r", DAY), &[portion(2026, 1_900)]));
    let account = "interest_expense:02-01-05-22";
    let parts = EntryContext { shares: vec![share(account, 2026, 1_900)], ..context() };
    let rows = totals(&entries, &parts);
    let sums = of(&rows, account);
    assert_eq!((rows.len(), sums.interest_decided, sums.interest_paid), (1, 1_900, 1_900));
    assert_eq!((sums.refund_decided, sums.refunded), (0, 0));
    entries.extend(decided.iter().filter_map(|entry| reverse(entry, DAY)));
    assert_eq!(of(&totals(&entries, &parts), account).interest_decided, 0);
}

fn statement() -> CloseStatement {
    let (from, until) = day_span(DAY).unwrap();
    let entries = receive(&cause("p", date(2026, 3, 31)), "counter", &[portion(2026, 1_000)], &[]);
    CloseStatement {
        close_no: 2,
        closed_at: until,
        closed_by: "officer".to_owned(),
        day: DAY,
        entries_sha256: "00".to_owned(),
        entry_count: 1,
        key_id: "key".to_owned(),
        open_exceptions: [("bank_mismatch".to_owned(), 1)].into(),
        prev_hash: "ff".to_owned(),
        recorded_from: Some(from),
        recorded_until: until,
        rows: totals(&entries, &context()),
        tenant: TenantCode::parse("020001").unwrap(),
    }
}

#[test]
fn the_statement_has_one_form_and_is_read_back_as_it_was() {
    let json = statement().to_json();
    assert_eq!(serde_json::from_str::<CloseStatement>(&json).unwrap(), statement());
    let sorted: BTreeMap<String, serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(sorted.len(), 13);
    let places: Vec<_> = sorted.keys().map(|name| json.find(&format!("\"{name}\":")).unwrap()).collect();
    assert!(places.is_sorted(), "{json}");
    assert!(
        json.contains(r#""recorded_from":"2026-03-31T15:00:00Z","recorded_until":"2026-04-01T15:00:00Z""#)
    );
    assert_ne!(hash(&json), hash(&json.replace("600", "601")));
    assert_eq!(statement().of_other_days().count(), 2, "booked on the day before, known only now");
}

#[test]
fn a_table_for_spreadsheets_holds_no_formula() {
    let mut bad = statement();
    "=HYPERLINK(\"x\"),1".clone_into(&mut bad.rows[0].key.gateway);
    "@card".clone_into(&mut bad.rows[1].key.gateway);
    let text = csv(&bad);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0].split(',').count(), CSV_COLUMNS.len());
    assert_eq!(
        lines[1],
        "020001,2026-04-01,2026-03-31,2026,08-02-01,card,\"'=HYPERLINK(\"\"x\"\"),1\",0,0,0,0,0,600,0,0,0,0,0,0,0,0,0"
    );
    assert_eq!(
        lines[2],
        "020001,2026-04-01,2026-03-31,2026,08-02-02,card,'@card,0,0,0,0,0,400,0,0,0,0,0,0,0,0,0"
    );
}

#[test]
fn a_day_is_closed_when_it_is_over_and_no_earlier_day_is_open() {
    use LastClose::{Confirmed, None, Unconfirmed};
    use NotClosable::{Closed, EarlierOpen, NotOver};
    let at = |text: &str| -> Timestamp { text.parse().unwrap() };
    let over = at("2026-04-01T15:10:00Z");
    for (day, last, now, expected) in [
        (DAY, None, over, Ok(())),
        (DAY, None, at("2026-04-01T15:09:59Z"), Err(NotOver)),
        (DAY, Confirmed(date(2026, 3, 31)), over, Ok(())),
        (DAY, Unconfirmed(date(2026, 3, 31)), over, Err(EarlierOpen(date(2026, 3, 31)))),
        (DAY, Confirmed(date(2026, 3, 30)), over, Err(EarlierOpen(date(2026, 3, 31)))),
        (DAY, Confirmed(DAY), over, Err(Closed)),
        (DAY, Unconfirmed(DAY), over, Err(Closed)),
        (date(2026, 3, 1), Confirmed(DAY), over, Err(Closed)),
    ] {
        assert_eq!(may_close(day, last, now), expected, "{day} {last:?} {now}");
    }
}

proptest! {
    /// T-3: however money is divided over accounts and years, no yen is lost.
    #[test]
    fn t3_the_rows_come_to_what_was_booked(
        (amounts, shares) in (prop::collection::vec((2025_i16..2027, 1_i64..9_999), 1..20),
            prop::collection::vec((2025_i16..2027, 1_i64..9_999), 0..6))
    ) {
        let portions: Vec<Portion> = amounts.iter().map(|(year, amount)| portion(*year, *amount)).collect();
        let shares = shares.iter().zip(0..).map(|((year, amount), number)| share(&format!("a{number}"), *year, *amount));
        let context = EntryContext { shares: shares.collect(), ..context() };
        let rows = totals(&receive(&cause("p", DAY), "counter", &portions, &[]), &context);
        for year in [2025, 2026] {
            let booked: i64 = amounts.iter().filter(|(of, _)| *of == year).map(|(_, amount)| amount).sum();
            let summed: i64 =
                rows.iter().filter(|row| row.key.fiscal_year == year).map(|row| row.amounts.received).sum();
            prop_assert_eq!(booked, summed);
        }
    }
}
