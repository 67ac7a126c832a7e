//! From a template and its data to the bytes of a PDF.

use std::sync::Arc;

use fast_qr::convert::svg::SvgBuilder;
use fast_qr::{ECL, QRBuilder};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use typst::diag::SourceDiagnostic;
use typst::foundations::{Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp as PdfTimestamp};

use super::fonts::InstalledFonts;
use super::world::DocumentWorld;
use super::{DocumentOrder, RenderFault};

/// After so many documents an unused intermediate result is forgotten.
const FORGET_AFTER: usize = 10;

/// The member of the data whose code leads to the proof of the document.
pub(super) const PROOF: &str = "qr_text";
/// The member of the data whose code is paid by (eL-QR, R-82).
pub(super) const EL_QR: &str = "el_qr_text";

/// Sets one document. Errors: [`RenderFault::Template`].
pub(super) fn set(
    fonts: Arc<InstalledFonts>,
    template: String,
    order: &DocumentOrder,
) -> Result<Vec<u8>, RenderFault> {
    let mut data = order.data.clone();
    if let Some(members) = data.as_object_mut() {
        members.insert("fonts".to_owned(), json!(fonts.families));
    }
    let text = serde_json::to_string(&data).map_err(|error| RenderFault::Template(error.to_string()))?;
    let codes = (qr_code(&order.data, PROOF)?, qr_code(&order.data, EL_QR)?);
    let world = DocumentWorld::new(fonts, template, text, codes)?;
    let document =
        typst::compile::<PagedDocument>(&world).output.map_err(|faults| template_fault(&faults))?;
    let pdf = typst_pdf::pdf(&document, &options(order)?).map_err(|faults| template_fault(&faults));
    comemo::evict(FORGET_AFTER);
    pdf
}

/// Archivable, accessible, and with an identity that depends on nothing but what it says.
fn options(order: &DocumentOrder) -> Result<PdfOptions, RenderFault> {
    let standards = PdfStandards::new(&[PdfStandard::A_2a, PdfStandard::Ua_1]);
    let standards = standards.map_err(|error| RenderFault::Template(error.message().to_string()))?;
    let at = order.made_at.to_zoned(TimeZone::UTC);
    let part = |number: i8| u8::try_from(number).unwrap_or(0);
    let datetime = Datetime::from_ymd_hms(
        i32::from(at.year()),
        part(at.month()),
        part(at.day()),
        part(at.hour()),
        part(at.minute()),
        part(at.second()),
    );
    Ok(PdfOptions {
        ident: Smart::Custom(code_text(&order.data, PROOF).unwrap_or_default().to_owned()),
        creator: Smart::Custom(Some("Madoguchi".to_owned())),
        timestamp: datetime.map(PdfTimestamp::new_utc),
        standards,
        ..PdfOptions::default()
    })
}

/// What a code says.
fn code_text<'a>(data: &'a Value, name: &str) -> Option<&'a str> {
    data.get(name)?.as_str()
}

/// The QR code of the data's member `name` as SVG; an empty picture where there is none.
pub(super) fn qr_code(data: &Value, name: &str) -> Result<String, RenderFault> {
    let Some(text) = code_text(data, name) else {
        return Ok(r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>"#.to_owned());
    };
    let code = QRBuilder::new(text).ecl(ECL::M).build();
    let code = code.map_err(|error| RenderFault::Template(format!("the QR code: {error}")))?;
    Ok(SvgBuilder::default().to_str(&code))
}

fn template_fault(faults: &[SourceDiagnostic]) -> RenderFault {
    let texts: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
    RenderFault::Template(texts.join("; "))
}
