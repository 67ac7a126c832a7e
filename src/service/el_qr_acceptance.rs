//! What the organisation says of the slips of a file (受付結果, R-82): which it takes, and which it takes no more.
//!
//! Invariants: a report is taken in as a whole or not at all; the same again has no effect; a slip is answered once for each thing
//! that was asked; what was refused is told to people.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::accounting::accountant;
use super::el_qr_results::{TakenFile, keep_file};
use super::el_qr_upload::{UploadDetail, detail, roots, told};
use super::exceptions::{self, Subject};
use super::idempotency::{IdempotencyRequest, Made, once};
use super::{Core, Ctx, Effect, Failure};
use crate::domain::el_qr::{
    Answer, Field, FileFault, FileFaultKind, Outcome, SlipOperation, read_acceptance, with_layout,
};
use crate::domain::id::{ElQrUploadId, OfficerId, TenantCode};
use crate::domain::settlement::ExceptionKind;
use crate::seal::sha256_hex;
use crate::store::el_qr_slips::{self, SlipRow};
use crate::store::el_qr_uploads::{self, UploadRecordRow};
use crate::store::sql::Micros;
use crate::store::{StoreError, Tx, el_qr_results};

/// Takes in what the organisation says of the slips of a file: as a whole or not at all, once for each slip.
pub async fn accept(
    ctx: Ctx,
    request: IdempotencyRequest,
    id: ElQrUploadId,
    bytes: Vec<u8>,
) -> Result<Effect<UploadDetail>, Failure> {
    let (inner, tenant) = (ctx.clone(), request.tenant.clone());
    let known = ctx.core.db.read(move |tx| {
        accountant(tx, &inner, &tenant)?;
        detail(tx, &tenant, id)
    });
    let known = known.await?;
    let cases: Vec<_> = known.records.iter().map(|(_, slip)| (slip.id, slip.application_id)).collect();
    let body = ctx.catalogue.tenant(&request.tenant);
    let terms = body.and_then(|body| with_layout(&body.definition.el_qr, &known.row.layout_version));
    let terms = terms.ok_or_else(|| Failure::Internal(format!("the layout of upload {id}")))?;
    let answers = read_acceptance(&terms.layout.acceptance, &bytes, request.tenant.as_str());
    let answers = answers.map_err(|faults| told(&faults))?;
    let db = ctx.core.db.clone();
    db.write_alone(roots(&cases), move |tx| {
        let tenant = &request.tenant;
        let take = |tx: &mut Tx<'_>, now: Timestamp| -> Result<Made<UploadDetail>, Failure> {
            let officer = accountant(tx, &ctx, tenant)?;
            take_answers(tx, &ctx.core, (tenant, id), (&bytes, &answers), officer, now)?;
            Ok(Made { resource_id: id.to_string(), value: detail(tx, tenant, id)? })
        };
        once(tx, &request, "el_qr_acceptance", take, |tx, _| {
            accountant(tx, &ctx, tenant)?;
            detail(tx, tenant, id)
        })
    })
    .await
}

/// An answer that is new, with the line it is about.
type News = (UploadRecordRow, SlipRow, Outcome);

fn take_answers(
    tx: &mut Tx<'_>,
    core: &Core,
    (tenant, id): (&TenantCode, ElQrUploadId),
    (bytes, answers): (&[u8], &[Answer]),
    officer: OfficerId,
    now: Timestamp,
) -> Result<(), Failure> {
    if el_qr_results::find_by_sha256(tx, tenant, Some(id), &sha256_hex(bytes))?.is_some() {
        return Ok(());
    }
    let news =
        judge_answers(el_qr_uploads::records(tx, tenant, id)?, answers).map_err(|faults| told(&faults))?;

    // From here on everything changes rows; every refusal stands above.
    let counts = (answers.len(), news.len());
    let taken = TakenFile { kind: el_qr_results::ACCEPTANCE, upload: Some(id), bytes, counts, officer };
    keep_file(tx, core, tenant, &taken, now)?;
    for (mut record, mut slip, outcome) in news {
        let broken = || StoreError::Inconsistent(format!("el_qr_upload_records.operation of {}", slip.id));
        let operation = SlipOperation::parse(&record.operation).ok_or_else(broken)?;
        let next = slip.slip_state()?.answered(operation, &outcome);
        let word = if outcome == Outcome::Accepted { "accepted" } else { "refused" };
        record.outcome = Some(word.to_owned());
        record.answered_at = Some(Micros(now));
        if let Outcome::Refused { code } = outcome {
            let facts = json!({ "slip": slip.id.to_string(), "invoice": slip.invoice_id.to_string(),
                "upload": id.to_string(), "line": record.line_no, "operation": record.operation, "code": code });
            record.outcome_code = Some(code);
            let subject = Subject::Other("el_qr_slip", slip.id.to_string());
            exceptions::raise(tx, tenant, ExceptionKind::StatusMismatch, &subject, facts)?;
        }
        el_qr_uploads::answer(tx, &record)?;
        if next.as_str() != slip.state {
            next.as_str().clone_into(&mut slip.state);
            el_qr_slips::update(tx, &mut slip)?;
        }
    }
    Ok(())
}

/// Which answers are new, or every fault: of a slip that the file does not name, and of one that was answered otherwise.
fn judge_answers(
    records: Vec<(UploadRecordRow, SlipRow)>,
    answers: &[Answer],
) -> Result<Vec<News>, Vec<FileFault>> {
    let by_number = records.into_iter().map(|(record, slip)| (slip.payment_number.clone(), (record, slip)));
    let mut by_number: BTreeMap<String, (UploadRecordRow, SlipRow)> = by_number.collect();
    let (mut news, mut faults) = (Vec::new(), Vec::new());
    for answer in answers {
        let mut fault = |field, kind| {
            faults.push(FileFault { line_no: answer.line_no, field: Some(field), kind });
        };
        let Some((record, slip)) = by_number.remove(&answer.payment_number) else {
            fault(Field::PaymentNumber, FileFaultKind::Unknown);
            continue;
        };
        match (record.outcome.as_deref(), &answer.outcome) {
            (None, outcome) => news.push((record, slip, outcome.clone())),
            (Some("accepted"), Outcome::Accepted) | (Some("refused"), Outcome::Refused { .. }) => {}
            (Some(_), _) => fault(Field::Outcome, FileFaultKind::Contradicts),
        }
    }
    if faults.is_empty() { Ok(news) } else { Err(faults) }
}
