//! What a refused request must leave alone.

use super::db::TestDb;

/// Rows and versions, by what they count.
const COUNTS: &[(&str, &str)] = &[
    ("accounts", "(SELECT COUNT(*) FROM accounts)"),
    ("applications", "(SELECT COUNT(*) FROM applications)"),
    ("versions", "(SELECT CAST(COALESCE(SUM(version), 0) AS BIGINT) FROM applications)"),
    ("attachments", "(SELECT COUNT(*) FROM attachments)"),
    ("arrivals", "(SELECT COUNT(*) FROM arrivals)"),
    ("form revisions", "(SELECT COUNT(*) FROM form_revisions)"),
    ("events", "(SELECT COUNT(*) FROM events)"),
    ("invoices", "(SELECT COUNT(*) FROM invoices)"),
    ("payments", "(SELECT COUNT(*) FROM payments)"),
    ("payment versions", "(SELECT CAST(COALESCE(SUM(version), 0) AS BIGINT) FROM payments)"),
    ("counter entries", "(SELECT COUNT(*) FROM counter_payments)"),
    ("links", "(SELECT COUNT(*) FROM payment_links)"),
    ("operations", "(SELECT COUNT(*) FROM gateway_operations)"),
    ("notifications", "(SELECT COUNT(*) FROM gateway_notifications)"),
    ("demands", "(SELECT COUNT(*) FROM demands)"),
    ("waivers", "(SELECT COUNT(*) FROM waivers)"),
    ("ledger entries", "(SELECT COUNT(*) FROM ledger_entries)"),
    ("corrections", "(SELECT COUNT(*) FROM corrections)"),
    ("answers to corrections", "(SELECT COUNT(*) FROM resubmissions)"),
    ("marks of checklists", "(SELECT COUNT(*) FROM checklist_marks)"),
    ("originals seen", "(SELECT COUNT(*) FROM original_checks)"),
    ("delay reasons", "(SELECT COUNT(*) FROM delay_reasons)"),
    ("pauses of clocks", "(SELECT COUNT(*) FROM clock_pauses)"),
    ("ends of pauses", "(SELECT COUNT(*) FROM clock_pause_ends)"),
    ("open tasks", "(SELECT COUNT(*) FROM case_tasks WHERE state = 'open')"),
    ("notes", "(SELECT COUNT(*) FROM notes)"),
    ("opinions", "(SELECT COUNT(*) FROM opinions)"),
    ("inspections", "(SELECT COUNT(*) FROM inspections)"),
    ("steps of inspections", "(SELECT COUNT(*) FROM inspection_acts)"),
    ("links of cases", "(SELECT COUNT(*) FROM case_links)"),
    ("transfers", "(SELECT COUNT(*) FROM transfers)"),
    ("measures of record files", "(SELECT CAST(COALESCE(SUM(version), 0) AS BIGINT) FROM record_measures)"),
    ("record files", "(SELECT CAST(COALESCE(SUM(version), 0) AS BIGINT) FROM record_files)"),
    ("books in record files", "(SELECT COUNT(*) FROM record_books)"),
    ("holds on records", "(SELECT COUNT(*) FROM record_holds)"),
    ("holds on record files", "(SELECT COUNT(*) FROM record_file_holds)"),
    ("releases of record files", "(SELECT COUNT(*) FROM record_file_hold_releases)"),
    ("releases of records", "(SELECT COUNT(*) FROM record_hold_releases)"),
    ("snapshots of internal control", "(SELECT COUNT(*) FROM control_snapshots)"),
    ("messages", "(SELECT COUNT(*) FROM messages)"),
    ("messages read", "(SELECT COUNT(*) FROM message_reads)"),
    ("guidance refused", "(SELECT COUNT(*) FROM guidance_refusals)"),
    ("public filings", "(SELECT COUNT(*) FROM public_filings)"),
    ("proposals", "(SELECT COUNT(*) FROM proposals)"),
    ("acts of approval", "(SELECT COUNT(*) FROM approval_acts)"),
    ("decisions", "(SELECT COUNT(*) FROM decisions)"),
    ("signatures of office", "(SELECT COUNT(*) FROM document_signatures)"),
    ("contracts", "(SELECT COUNT(*) FROM contracts)"),
    ("acts about contracts", "(SELECT COUNT(*) FROM contract_acts)"),
    ("paper filings", "(SELECT COUNT(*) FROM paper_filings)"),
    ("notices", "(SELECT COUNT(*) FROM notices)"),
    ("steps of notices", "(SELECT COUNT(*) FROM notice_acts)"),
    ("wishes", "(SELECT COUNT(*) FROM notice_consents)"),
    ("undelivered mails", "(SELECT COUNT(*) FROM undelivered_mails)"),
    ("jobs", "(SELECT COUNT(*) FROM jobs)"),
    ("keys", "(SELECT COUNT(*) FROM idempotency_keys)"),
    ("access log", "(SELECT COUNT(*) FROM access_log)"),
];

/// Counts everything.
pub async fn traces(db: &TestDb) -> Vec<(&'static str, i64)> {
    let mut found = Vec::new();
    for (name, query) in COUNTS {
        found.push((*name, db.count(query).await));
    }
    found
}

/// How often a race is run: `TEST_ROUNDS`, or `default`.
#[expect(clippy::disallowed_methods, reason = "tests may read the environment")]
pub fn rounds(default: usize) -> usize {
    std::env::var("TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(default)
}

/// So many cases of a property by default, and as many times more as `TEST_ROUNDS` is above 30.
pub fn scaled(cases: usize) -> usize {
    cases * rounds(30).div_ceil(30).max(1)
}
