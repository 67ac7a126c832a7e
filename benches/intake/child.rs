//! The server of the bench: this executable started again as a process of its own, so that its processor time and
//! memory are its own too. It is the release code of `serve` with the shipped settings; only the procedure differs by
//! one word (see [`procedure`]), and passwords are hashed cheaply, because signing in is not what is measured.
//!
//! It obeys lines on standard input (`statements`, `record`, `recorded`) and ends with it.

use std::error::Error;
use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::Arc;

use madoguchi::catalogue::Catalogue;
use madoguchi::clock::{SystemClock, SystemIds};
use madoguchi::config::Settings;
use madoguchi::drill::Drill;
use madoguchi::jobs::Worker;
use madoguchi::start::{Sources, build_core_on, open_database};
use madoguchi::store::Db;
use madoguchi::{http, telemetry};

/// The procedure that is applied for.
pub const PROCEDURE: &str = "kikenbutsu-menjo";
/// The body in charge.
pub const TENANT: &str = "020001";

const SHIPPED: &str = include_str!("../../config/procedures/020001/kikenbutsu-menjo.yaml");

/// The shipped configuration, but the photograph is optional: a submission here is two requests, without an upload.
pub fn catalogue() -> Result<Catalogue, String> {
    let text = SHIPPED.replace("required: true, media_types:", "required: false, media_types:");
    let file = (format!("procedures/{TENANT}/{PROCEDURE}.yaml"), text);
    Catalogue::load_embedded_with([file]).map_err(|faults| format!("{faults:?}"))
}

/// Serves the database at `url` until standard input ends.
pub fn serve(url: &str, folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut settings = Settings::load_with(None, &[("database.url", url.to_owned())])?;
    settings.http.bind = "127.0.0.1:0".parse()?;
    settings.files.directory = folder.join("files");
    settings.mail.directory = folder.join("mail");
    settings.identity.access_token_minutes = 60;
    settings.identity.argon2_memory_kib = 64;
    settings.identity.argon2_iterations = 1;
    telemetry::start_logs(&settings.telemetry)?;
    telemetry::metrics();
    let writers = settings.database.writers;
    let sources = Sources {
        clock: Arc::new(SystemClock::default()),
        ids: Arc::new(SystemIds::default()),
        drill: Arc::new(Drill::default()),
    };
    let db = open_database(&settings, &sources)?;
    db.migrate()?;
    let catalogue = Arc::new(catalogue()?);
    actix_web::rt::System::new().block_on(async {
        let core = build_core_on(db.clone(), settings, sources, catalogue).await?;
        let worker = Worker::new(Arc::clone(&core));
        let on_ready = move |address| {
            say(&format!("listening {address}"));
            std::thread::spawn(move || obey(&db, writers));
        };
        Ok(http::serve::run(core, Some(worker), on_ready).await?)
    })
}

/// Answers each line of standard input with one line; at its end the bench is over, however it ended.
#[expect(clippy::disallowed_methods, reason = "nothing is left to save: its database is about to be removed")]
fn obey(db: &Db, writers: usize) {
    let shared = || (0..writers).map(|index| format!("writer-{index}"));
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        match line.as_str() {
            "statements" => say(&db.statistics().statements.to_string()),
            "record" => {
                shared().for_each(|writer| db.start_recording(&writer));
                say("recording");
            }
            "recorded" => {
                let all: Vec<String> = shared().flat_map(|writer| db.stop_recording(&writer)).collect();
                say(&serde_json::Value::from(all).to_string());
            }
            other => say(&format!("unknown: {other}")),
        }
    }
    std::process::exit(0);
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody listening means that the bench is gone; the end of standard input follows.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
