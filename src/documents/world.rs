//! What a template can see: itself, its data and its QR codes. No file, no network, no clock.

use std::sync::Arc;

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};

use super::RenderFault;
use super::fonts::InstalledFonts;

/// The world of one document.
pub(super) struct DocumentWorld {
    library: LazyHash<Library>,
    fonts: Arc<InstalledFonts>,
    main: Source,
    files: [(FileId, Bytes); 3],
}

impl DocumentWorld {
    /// A world of a template's text with its data as `data.json` and its codes: that of the proof as `qr.svg`, that which is
    /// paid by as `el_qr.svg`.
    pub fn new(
        fonts: Arc<InstalledFonts>,
        template: String,
        data: String,
        (proof, el_qr): (String, String),
    ) -> Result<Self, RenderFault> {
        let files = [
            (named("data.json")?, Bytes::from_string(data)),
            (named("qr.svg")?, Bytes::from_string(proof)),
            (named("el_qr.svg")?, Bytes::from_string(el_qr)),
        ];
        let main = Source::new(named("document.typ")?, template);
        Ok(Self { library: LazyHash::new(Library::default()), fonts, main, files })
    }
}

fn named(name: &str) -> Result<FileId, RenderFault> {
    let path = VirtualPath::new(name).map_err(|error| RenderFault::Template(format!("{error:?}")))?;
    Ok(FileId::new(RootedPath::new(VirtualRoot::Project, path)))
}

impl World for DocumentWorld {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.fonts.book
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main.id() { Ok(self.main.clone()) } else { Err(not_here(id)) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        let found = self.files.iter().find(|(file, _)| *file == id);
        found.map(|(_, bytes)| bytes.clone()).ok_or_else(|| not_here(id))
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.fonts.get(index).cloned()
    }

    /// A document bears the instant it is given, never that of its making.
    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}

fn not_here(id: FileId) -> FileError {
    FileError::NotFound(id.get().vpath().get_without_slash().into())
}
