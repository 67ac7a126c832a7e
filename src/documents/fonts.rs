//! The fonts of the machine: none is part of this program.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use typst::foundations::Bytes;
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;

use super::RenderFault;
use crate::config::DocumentSettings;

/// How deep a folder of fonts is looked through.
const DEEPEST: usize = 4;

/// The fonts that documents are set in.
pub(super) struct InstalledFonts {
    /// What each of them is.
    pub book: LazyHash<FontBook>,
    /// Them, in the book's order.
    pub fonts: Vec<Font>,
    /// The names of the families, the one to be preferred first.
    pub families: Vec<String>,
}

impl std::fmt::Debug for InstalledFonts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InstalledFonts").field("families", &self.families).finish_non_exhaustive()
    }
}

impl InstalledFonts {
    /// The faces of the first configured family that the machine has; `None` when it has none.
    pub fn find(settings: &DocumentSettings) -> Option<Self> {
        let mut files = Vec::new();
        for folder in &settings.font_directories {
            collect(folder, DEEPEST, &mut files);
        }
        files.sort();
        let wanted = |font: &Font| settings.font_families.iter().any(|name| *name == font.info().family);
        // A file's name tells the family closely enough to leave most files unread.
        let faces = files.iter().filter(|file| may_hold(file, &settings.font_families));
        let read = faces.filter_map(|file| std::fs::read(file).ok());
        let fonts: Vec<Font> = read.flat_map(|bytes| Font::iter(Bytes::new(bytes))).filter(wanted).collect();
        let has = |name: &&String| fonts.iter().any(|font| font.info().family == **name);
        let families: Vec<String> = settings.font_families.iter().filter(has).cloned().collect();
        let book = LazyHash::new(FontBook::from_fonts(&fonts));
        (!families.is_empty()).then_some(Self { book, fonts, families })
    }

    /// Refuses data with a character that none of the fonts has: a box in place of a name is no document.
    pub fn refuse_missing(&self, data: &Value) -> Result<(), RenderFault> {
        let mut missing = BTreeSet::new();
        each_text(data, &mut |text| {
            let unknown = text.chars().filter(|it| !it.is_control() && !is_variation_selector(*it));
            missing.extend(unknown.filter(|it| !self.has(*it)));
        });
        if missing.is_empty() {
            return Ok(());
        }
        Err(RenderFault::CharactersMissing(missing.into_iter().collect()))
    }

    fn has(&self, character: char) -> bool {
        self.fonts.iter().any(|font| font.info().coverage.contains(u32::from(character)))
    }
}

fn is_variation_selector(character: char) -> bool {
    matches!(u32::from(character), 0xFE00..=0xFE0F | 0xE_0100..=0xE_01EF)
}

/// Calls `look` with every text of `value`.
fn each_text(value: &Value, look: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => look(text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, look)),
        Value::Object(members) => members.values().for_each(|item| each_text(item, look)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_dir() {
            if depth > 0 {
                collect(&path, depth - 1, files);
            }
        } else if matches!(path.extension().and_then(|it| it.to_str()), Some("ttf" | "otf" | "ttc" | "otc")) {
            files.push(path);
        }
    }
}

/// Whether a file's name begins like one of the families: `NotoSansCJK-Regular.ttc` for `Noto Sans CJK JP`.
fn may_hold(file: &Path, families: &[String]) -> bool {
    let letters =
        |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let stem = file.file_stem().and_then(|it| it.to_str()).unwrap_or_default();
    let name = letters(stem.split('-').next().unwrap_or_default());
    !name.is_empty() && families.iter().any(|family| letters(family).starts_with(&name))
}
