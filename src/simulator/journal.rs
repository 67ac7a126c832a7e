//! The append-only journal: one line a change, on the disk before anybody hears of it.
//!
//! A line is JSON: how many identifiers were drawn so far, and the entries that belong together. A torn
//! last line (the process was killed while writing) was never answered, so it is cut off at the next start.

use std::fs::{File, OpenOptions, create_dir_all};
use std::io::{Error, ErrorKind, Result, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::state::{Entry, State};

/// One line of the journal.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    drawn: u64,
    entries: Vec<Entry>,
}

/// The open file.
#[derive(Debug)]
pub struct Journal {
    /// `None` once closed.
    file: Option<File>,
    /// Bytes that hold whole lines.
    whole: u64,
}

/// What a start found in the folder.
#[derive(Debug)]
pub struct Opened {
    /// The journal, ready to be written.
    pub journal: Journal,
    /// The state it tells.
    pub state: State,
    /// Identifiers drawn before.
    pub drawn: u64,
}

impl Journal {
    /// Opens or creates `simulator.jsonl` in `folder`, locks it against a second simulator, and replays it.
    pub fn open(folder: &Path) -> Result<Opened> {
        create_dir_all(folder)?;
        let path = folder.join("simulator.jsonl");
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        file.try_lock().map_err(|error| {
            Error::new(ErrorKind::WouldBlock, format!("another simulator uses {}: {error}", path.display()))
        })?;
        let text = std::fs::read(&path)?;
        let mut state = State::default();
        let mut drawn = 0;
        let mut whole = 0_u64;
        for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            if !line.ends_with(b"\n") {
                break;
            }
            let line_no = index + 1;
            let parsed: Line = serde_json::from_slice(line).map_err(|error| {
                Error::new(ErrorKind::InvalidData, format!("{} line {line_no}: {error}", path.display()))
            })?;
            drawn = parsed.drawn;
            for entry in parsed.entries {
                state.apply(entry);
            }
            whole += u64::try_from(line.len()).unwrap_or(0);
        }
        Ok(Opened { journal: Self { file: Some(file), whole }, state, drawn })
    }

    /// Writes entries that belong together and waits for the disk.
    pub fn append(&mut self, drawn: u64, entries: &[Entry]) -> Result<()> {
        let line = Line { drawn, entries: entries.to_vec() };
        let mut bytes = serde_json::to_vec(&line).map_err(Error::other)?;
        bytes.push(b'\n');
        // Whatever an earlier failed write left behind is cut off first.
        let file = self.file.as_mut().ok_or_else(|| Error::other("the journal is closed"))?;
        file.set_len(self.whole)?;
        file.seek(SeekFrom::Start(self.whole))?;
        file.write_all(&bytes)?;
        file.sync_data()?;
        self.whole += u64::try_from(bytes.len()).map_err(Error::other)?;
        Ok(())
    }

    /// Lets go of the file and its lock; whoever comes later is refused.
    pub fn close(&mut self) {
        self.file = None;
    }
}
