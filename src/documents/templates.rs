//! Which template sets which document: the installation's own, the most special first, else the one that comes with the
//! program.
//!
//! In the folder `documents.templates_directory` the files `<tenant>/<procedure>/<kind>.typ`, `<tenant>/<kind>.typ` and
//! `<kind>.typ` take the place of the program's, in this order. They are the work of an administrator: what people enter
//! reaches a template only as data.

use std::io::ErrorKind;
use std::path::Path;

use super::RenderFault;
use crate::domain::id::TenantCode;
use crate::domain::issued_document::DocumentKind;

/// The template of a document. `directory` is empty where the installation has none of its own. Errors: a file that is there and
/// cannot be read; another template is never taken in its place. It reads files, so it never runs on the reactor.
pub fn find(
    directory: &Path,
    tenant: &TenantCode,
    procedure: &str,
    kind: DocumentKind,
) -> Result<String, RenderFault> {
    let file = format!("{}.typ", kind.as_str());
    let own = (!directory.as_os_str().is_empty()).then(|| {
        let tenant = directory.join(tenant.as_str());
        [tenant.join(procedure).join(&file), tenant.join(&file), directory.join(&file)]
    });
    for path in own.into_iter().flatten() {
        if let Some(text) = read(&path)? {
            return Ok(text);
        }
    }
    Ok(shipped(kind))
}

/// The template that comes with the program.
pub fn shipped(kind: DocumentKind) -> String {
    format!("{COMMON}\n{}", of_the_program(kind))
}

/// The text of a file, nothing where there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<String>, RenderFault> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        // Where a file stands in the place of a folder there is no template either.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(RenderFault::Template(format!("{}: {error}", path.display()))),
    }
}

/// What the program's templates share: page, fonts, headings, the proof at the end.
const COMMON: &str = include_str!("../../config/documents/common.typ");

fn of_the_program(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::ApplicationCopy => include_str!("../../config/documents/application_copy.typ"),
        DocumentKind::CorrectionRequest => include_str!("../../config/documents/correction_request.typ"),
        DocumentKind::PaymentNotice => include_str!("../../config/documents/payment_notice.typ"),
        DocumentKind::Demand => include_str!("../../config/documents/demand.typ"),
        DocumentKind::Receipt => include_str!("../../config/documents/receipt.typ"),
        DocumentKind::Decision => include_str!("../../config/documents/decision.typ"),
        DocumentKind::Permit => include_str!("../../config/documents/permit.typ"),
        DocumentKind::PermitOrder => include_str!("../../config/documents/permit_order.typ"),
    }
}
