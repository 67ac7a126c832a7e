//! Separation of those who order and those who take money (命令機関と出納機関の分離, R-118): whoever fixed what is owed does not record
//! that it came.
//!
//! A fee that the ordinance fixes by itself at submission was fixed by nobody. What an officer measured, decided or claimed anew was
//! fixed by that officer, and the event of the very instant of the assessment says who that is.

use super::cases::OpenCase;
use super::fee_at_issue::CLAIMED;
use super::payment_refusal::PaymentRefusal;
use super::{Failure, review};
use crate::store::invoices::InvoiceRow;
use crate::store::{Reads, decisions, events};

/// The events by which an officer fixes what is owed: after review, with the last seal of a decision, by the revocation of a waiver,
/// with the act that concludes a contract; and the claim that the last seal fixed and the notice of it brought.
const ASSESSMENTS: [&str; 5] = ["fee_assessed", "decided", "waiver_revoked", CONCLUDED, CLAIMED];

/// What is claimed with a contract was fixed by two: by the grant that offered it, and by the act that concluded it.
const CONCLUDED: &str = "contract_concluded";

/// How an event names that its actor is staff.
const OFFICER: &str = "officer";

/// Refuses to let whoever fixed what is owed of an invoice record money, stamps or a slip for it.
pub(super) fn refuse_own_assessment(
    tx: &mut impl Reads,
    case: &OpenCase,
    invoice: &InvoiceRow,
) -> Result<(), Failure> {
    let officer = review::officer(case)?.officer;
    let tenant = &case.row.tenant_id;
    let found = events::at_instant(tx, tenant, case.row.id, invoice.issued_at, &ASSESSMENTS)?;
    let Some(event) = found else { return Ok(()) };
    // Whoever retrieves a notice, or turns it to paper, fixes nothing.
    let acted = event.actor_kind == OFFICER && event.actor_id == officer.to_string();
    let mut own = acted && event.kind != CLAIMED;
    if [CONCLUDED, CLAIMED].contains(&event.kind.as_str()) {
        let decided_by = decisions::of_case(tx, tenant, case.row.id)?.map(|decision| decision.decided_by);
        own |= decided_by == Some(officer);
    }
    if own { Err(PaymentRefusal::OwnAssessment.into()) } else { Ok(()) }
}
