//! Which template sets which document: the installation's own, the most special first, else the one that comes with the
//! program.
//!
//! In the folder `documents.templates_directory` the files `<tenant>/<procedure>/<kind>.typ`, `<tenant>/<kind>.typ` and
//! `<kind>.typ` take the place of the program's, in this order. They are the work of an administrator: what people enter
//! reaches a template only as data.

use std::path::Path;

use crate::domain::id::TenantCode;
use crate::domain::issued_document::DocumentKind;

/// The template of a document. `directory` is empty where the installation has none of its own.
pub fn find(directory: &Path, tenant: &TenantCode, procedure: &str, kind: DocumentKind) -> String {
    let file = format!("{}.typ", kind.as_str());
    let own = (!directory.as_os_str().is_empty()).then(|| {
        let tenant = directory.join(tenant.as_str());
        [tenant.join(procedure).join(&file), tenant.join(&file), directory.join(&file)]
    });
    let read = own.into_iter().flatten().find_map(|path| std::fs::read_to_string(path).ok());
    read.unwrap_or_else(|| format!("{COMMON}\n{}", of_the_program(kind)))
}

/// What the program's templates share: page, fonts, headings, the proof at the end.
const COMMON: &str = include_str!("../../config/documents/common.typ");

fn of_the_program(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::ApplicationCopy => include_str!("../../config/documents/application_copy.typ"),
        DocumentKind::CorrectionRequest => include_str!("../../config/documents/correction_request.typ"),
        DocumentKind::PaymentNotice => include_str!("../../config/documents/payment_notice.typ"),
        DocumentKind::Receipt => include_str!("../../config/documents/receipt.typ"),
        DocumentKind::Decision => include_str!("../../config/documents/decision.typ"),
        DocumentKind::Permit => include_str!("../../config/documents/permit.typ"),
        DocumentKind::PermitOrder => include_str!("../../config/documents/permit_order.typ"),
    }
}
