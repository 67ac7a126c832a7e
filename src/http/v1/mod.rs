//! Version 1 of the public contract: one file a noun, each with its `configure`.

pub mod absences;
pub mod accounts;
pub mod acknowledgements;
pub mod applications;
mod approval_bodies;
mod approval_history;
mod approval_issue;
pub mod approvals;
pub mod arrears;
pub mod assessments;
pub mod attachments;
pub mod bank_statements;
pub mod baskets;
pub mod bulk_approvals;
pub mod case_links;
pub mod checklists;
pub mod clock;
pub mod clock_pauses;
pub mod contracts;
pub mod corrections;
pub mod counter_payments;
pub mod day_closes;
pub mod decision_changes;
pub mod decisions;
pub mod delay_reasons;
pub mod disputes;
pub mod documents;
pub mod el_qr_results;
pub mod el_qr_uploads;
pub mod false_claims;
pub mod forecasts;
mod hold_facts;
pub mod incoming;
pub mod inspections;
pub mod internal_control;
pub mod invoices;
pub mod jwks;
pub mod me;
pub mod messages;
pub mod mine;
pub mod notices;
pub mod notifications;
pub mod opinions;
pub mod organisation_imports;
pub mod originals;
pub mod paper_filings;
pub mod payment_alerts;
pub mod payment_links;
pub mod payment_notices;
pub mod payments;
pub mod payouts;
pub mod permits;
pub mod post_reviews;
mod procedure_details;
pub mod procedure_language;
pub mod procedure_versions;
pub mod procedures;
pub mod proposal_papers;
pub mod public_inspections;
pub mod queue_views;
pub mod queues;
pub mod receipts;
pub mod reconciliation;
pub mod record_books;
pub mod record_file_holds;
pub mod record_files;
pub mod record_holds;
pub mod record_measures;
pub mod refund_interest;
pub mod refund_proposals;
pub mod refunds;
pub mod review;
pub mod sessions;
pub mod set_offs;
pub mod settlements;
pub mod stamps;
pub mod statistics;
pub mod tasks;
pub mod tenants;
pub mod timeline;
pub mod transfers;
pub mod undelivered_mails;
mod uploaded_file;
pub mod waiver_revocations;
pub mod waivers;

use utoipa_actix_web::service_config::ServiceConfig;

/// Adds the calls of every noun; the ones asked for most stand first, because a path is tried against them in order.
pub fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.configure(applications::configure)
        .configure(accounts::configure)
        .configure(sessions::configure)
        .configure(me::configure)
        .configure(mine::configure)
        .configure(tenants::configure)
        .configure(procedures::configure)
        .configure(procedure_versions::configure)
        .configure(public_inspections::configure)
        .configure(attachments::configure)
        .configure(baskets::configure)
        .configure(invoices::configure)
        .configure(payments::configure)
        .configure(payment_notices::configure)
        .configure(receipts::configure)
        .configure(payment_links::configure)
        .configure(payment_alerts::configure)
        .configure(refunds::configure)
        .configure(refund_proposals::configure)
        .configure(configure_accounting)
        .configure(queues::configure)
        .configure(queue_views::configure)
        .configure(absences::configure)
        .configure(tasks::configure)
        .configure(organisation_imports::configure)
        .configure(review::configure)
        .configure(messages::configure)
        .configure(opinions::configure)
        .configure(inspections::configure)
        .configure(case_links::configure)
        .configure(transfers::configure)
        .configure(paper_filings::configure)
        .configure(statistics::configure)
        .configure(record_files::configure)
        .configure(record_books::configure)
        .configure(record_measures::configure)
        .configure(record_holds::configure)
        .configure(notices::configure)
        .configure(undelivered_mails::configure)
        .configure(assessments::configure)
        .configure(corrections::configure)
        .configure(checklists::configure)
        .configure(originals::configure)
        .configure(approvals::configure)
        .configure(proposal_papers::configure)
        .configure(bulk_approvals::configure)
        .configure(decisions::configure)
        .configure(decision_changes::configure)
        .configure(permits::configure)
        .configure(contracts::configure)
        .configure(post_reviews::configure)
        .configure(timeline::configure)
        .configure(documents::configure)
        .configure(clock::configure)
        .configure(clock_pauses::configure)
        .configure(forecasts::configure)
        .configure(delay_reasons::configure)
        .configure(jwks::configure)
        .configure(procedure_language::configure);
}

/// The calls of those who look after the money of a body.
fn configure_accounting(cfg: &mut ServiceConfig<'_>) {
    cfg.configure(waivers::configure)
        .configure(false_claims::configure)
        .configure(arrears::configure)
        .configure(acknowledgements::configure)
        .configure(payouts::configure)
        .configure(counter_payments::configure)
        .configure(stamps::configure)
        .configure(bank_statements::configure)
        .configure(el_qr_uploads::configure)
        .configure(el_qr_results::configure)
        .configure(reconciliation::configure)
        .configure(day_closes::configure)
        .configure(disputes::configure)
        .configure(internal_control::configure)
        .configure(settlements::configure)
        .configure(notifications::configure);
}
