//! `migrate`.

use super::serve::Machine;
use super::{Common, Stop, say};
use crate::start::open_database;

pub(super) fn migrate(common: &Common) -> Result<(), Stop> {
    let (settings, _throw_away) = common.load()?;
    let db = open_database(&settings, &Machine::new().sources())?;
    say(format!("database {}", db.url()));
    let applied = db.migrate()?;
    for name in &applied {
        say(format!("  applied {name}"));
    }
    say(format!("{} migrations applied; up to date", applied.len()));
    db.shutdown();
    Ok(())
}
