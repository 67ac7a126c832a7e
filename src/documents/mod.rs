//! Documents (文書): a permit, a copy of an application, as PDF.
//!
//! Purpose: set a template (Typst, data of the installation) with the data of one document into a PDF that is archivable
//! (PDF/A-2a) and accessible (PDF/UA-1). Pure but for the fonts it reads once: the same template, data and instant give the
//! same bytes. Invariants: a template reads nothing but its data and its QR code; a character that no installed font has
//! refuses the document by name instead of printing a box; rendering never runs on the reactor nor in a transaction.

pub mod check;
mod fonts;
pub mod page;
pub mod templates;
mod typesetting;
mod world;

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::config::DocumentSettings;
use crate::domain::id::TenantCode;
use crate::domain::issued_document::DocumentKind;
use fonts::InstalledFonts;

/// Which template sets a document.
#[derive(Clone, Debug)]
pub enum Template {
    /// The one that this installation has for the documents of a procedure; its file is read where the type is set.
    Installed {
        /// The body.
        tenant: TenantCode,
        /// The procedure, which may have one of its own.
        procedure: String,
        /// What kind of document it is.
        kind: DocumentKind,
    },
    /// This text.
    Text(String),
}

/// What is to be set.
#[derive(Clone, Debug)]
pub struct DocumentOrder {
    /// What sets it.
    pub template: Template,
    /// What it prints; `data.qr_text` is set as a QR code.
    pub data: Value,
    /// The instant the document bears; part of its bytes.
    pub made_at: Timestamp,
}

/// Why there is no PDF.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderFault {
    /// No font with Japanese characters is installed; a package that has one is named to the operator.
    #[error("no Japanese font is installed (Debian package fonts-noto-cjk)")]
    FontMissing,
    /// The installed fonts lack these characters.
    #[error("the installed fonts lack {0:?}")]
    CharactersMissing(String),
    /// As many documents as may be are being made.
    #[error("too many documents are being made")]
    Busy,
    /// The template has a fault; the text is for its author.
    #[error("the template: {0}")]
    Template(String),
}

/// Makes PDFs, a bounded number at once. Fonts are looked for at the first document.
#[derive(Debug)]
pub struct DocumentRenderer {
    settings: DocumentSettings,
    fonts: OnceLock<Option<Arc<InstalledFonts>>>,
    places: Arc<Semaphore>,
}

impl DocumentRenderer {
    /// A renderer with the settings' fonts and bounds.
    pub fn new(settings: &DocumentSettings) -> Self {
        let places = Arc::new(Semaphore::new(settings.rendering_at_once));
        Self { settings: settings.clone(), fonts: OnceLock::new(), places }
    }

    /// Makes the PDF on a thread of its own. Errors: [`RenderFault`].
    pub async fn render(self: &Arc<Self>, order: DocumentOrder) -> Result<Vec<u8>, RenderFault> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| RenderFault::Busy)?;
        let renderer = Arc::clone(self);
        let made = tokio::task::spawn_blocking(move || {
            let _place = place;
            renderer.render_now(&order)
        });
        made.await.unwrap_or_else(|died| Err(RenderFault::Template(died.to_string())))
    }

    /// Makes the PDF on this thread.
    pub fn render_now(&self, order: &DocumentOrder) -> Result<Vec<u8>, RenderFault> {
        let fonts = self.fonts.get_or_init(|| InstalledFonts::find(&self.settings).map(Arc::new));
        let fonts = fonts.as_ref().ok_or(RenderFault::FontMissing)?;
        fonts.refuse_missing(&order.data)?;
        let template = match &order.template {
            Template::Installed { tenant, procedure, kind } => {
                templates::find(&self.settings.templates_directory, tenant, procedure, *kind)?
            }
            Template::Text(text) => text.clone(),
        };
        typesetting::set(Arc::clone(fonts), template, order)
    }
}

#[cfg(test)]
mod tests;
