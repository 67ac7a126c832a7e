//! The shipped catalogue, read once: reading it takes seconds in a debug build, and a catalogue never changes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use madoguchi::catalogue::Catalogue;

/// Files put over the shipped ones: name below `config/`, text.
type Files = Vec<(String, String)>;

static READ: Mutex<BTreeMap<Files, Arc<Catalogue>>> = Mutex::new(BTreeMap::new());

/// The shipped configuration.
pub fn shipped() -> Arc<Catalogue> {
    shipped_with([])
}

/// The shipped configuration with these files over it.
pub fn shipped_with(files: impl IntoIterator<Item = (String, String)>) -> Arc<Catalogue> {
    let files: Files = files.into_iter().collect();
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    let catalogue = read
        .entry(files)
        .or_insert_with_key(|files| Arc::new(Catalogue::load_embedded_with(files.clone()).unwrap()));
    Arc::clone(catalogue)
}
