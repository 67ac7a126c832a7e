//! The treasury: who brings the files of eL numbers to the organisation, and takes in what it says was paid.
//!
//! One desk for the whole storm. A file is brought once and in the order in which the files were made, for the organisation refuses
//! what it knows; what it says was paid it says once, and the desk hands the file in twice.

use std::collections::BTreeSet;
use std::time::Duration;

use data_encoding::BASE64;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::sleep;

use super::client::{Answer, new_key};
use super::dice::Dice;
use super::payer::Stand;
use super::{StormError, TENANT};

/// From which the desk's keys follow: of no run.
const DESK: u64 = 0x0065_6C2D_7172;
/// How often a file is handed in again that was refused: around midnight the organisation may be a day ahead for a moment.
const TRIES: u32 = 5;
/// The pause before that.
const PAUSE: Duration = Duration::from_millis(300);

/// The desk.
#[derive(Debug)]
pub struct Treasury(Mutex<Desk>);

#[derive(Debug)]
struct Desk {
    /// The files that were brought and answered.
    brought: BTreeSet<String>,
    dice: Dice,
}

impl Default for Treasury {
    fn default() -> Self {
        Self(Mutex::new(Desk { brought: BTreeSet::new(), dice: Dice::new(DESK, 0) }))
    }
}

impl Treasury {
    /// Makes a file of what is to be told, and brings it and those that the clock made to the organisation.
    pub async fn tell(&self, stand: &Stand) -> Result<(), StormError> {
        let (mut desk, who) = (self.0.lock().await, stand.counter.people().accountant);
        // Refused where there is nothing to tell, or where the clock was quicker.
        let key = new_key(&mut desk.dice);
        drop(stand.counter.post(who, "el-qr-uploads", &key, &json!({})).await?);
        let made = listed(stand, "el-qr-uploads", "id").await?;
        for id in made.into_iter().rev().filter(|id| !desk.brought.contains(id)).collect::<Vec<_>>() {
            let file = stand.counter.get(who, &format!("el-qr-uploads/{id}/file")).await?;
            let file = answered(file, 200)?.bytes;
            let report = stand.simulator.organisation("uploads", file).await?.unwrap_or_default();
            let (path, key) = (format!("el-qr-uploads/{id}/acceptance"), new_key(&mut desk.dice));
            answered(stand.counter.post(who, &path, &key, &handed_in(&report)).await?, 200)?;
            desk.brought.insert(id);
        }
        Ok(())
    }

    /// Takes in what the organisation says was paid, twice.
    pub async fn collect(&self, stand: &Stand) -> Result<(), StormError> {
        let (mut desk, who) = (self.0.lock().await, stand.counter.people().accountant);
        let path = format!("results?body={TENANT}");
        let Some(file) = stand.simulator.organisation(&path, Vec::new()).await? else { return Ok(()) };
        let file = handed_in(&file);
        for _ in 0..2 {
            let mut tries = 0;
            let taken = loop {
                let key = new_key(&mut desk.dice);
                let answer = stand.counter.post(who, "el-qr-results", &key, &file).await?;
                tries += 1;
                if answer.status == 201 || tries == TRIES {
                    break answer;
                }
                sleep(PAUSE).await;
            };
            answered(taken, 201)?;
        }
        Ok(())
    }
}

/// The invoices of which too much is proposed to go back.
pub async fn proposed(stand: &Stand) -> Result<BTreeSet<String>, StormError> {
    Ok(listed(stand, "refund-proposals", "invoice").await?.into_iter().collect())
}

/// A field of everything in a list of the treasury's, page after page.
async fn listed(stand: &Stand, path: &str, field: &str) -> Result<Vec<String>, StormError> {
    let (mut found, mut page, who) = (Vec::new(), path.to_owned(), stand.counter.people().accountant);
    loop {
        let list = answered(stand.counter.get(who, &page).await?, 200)?;
        let items = list.body.get("items").and_then(Value::as_array).into_iter().flatten();
        found.extend(items.filter_map(|item| item.get(field)?.as_str()).map(str::to_owned));
        match list.text("/next_cursor") {
            Some(cursor) => page = format!("{path}?cursor={cursor}"),
            None => return Ok(found),
        }
    }
}

fn handed_in(file: &[u8]) -> Value {
    json!({ "content_base64": BASE64.encode(file) })
}

/// The answer, where it is the one that must come.
fn answered(answer: Answer, status: u16) -> Result<Answer, StormError> {
    if answer.status == status {
        return Ok(answer);
    }
    Err(StormError::Failed(format!("the treasury is answered {}: {}", answer.status, answer.body)))
}
