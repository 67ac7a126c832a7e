//! `rehearse`: a year of a prefecture through the services, and the judgement.

use std::sync::Arc;

use clap::Args;

use super::database::{self, ThrowAway};
use super::{Stop, say};
use crate::catalogue::Catalogue;
use crate::clock::{FixedClock, IdGen, SystemIds};
use crate::config::Settings;
use crate::domain::id::TenantCode;
use crate::drill::Drill;
use crate::rehearsal::{self, RehearsalSettings, TENANT};
use crate::start::{Sources, StartError, build_core_on, open_database};
use crate::store::{Db, audit_pages};

#[derive(Debug, Args)]
pub(super) struct RehearseOptions {
    /// How many applications and notifications arrive in the year
    #[arg(long, default_value_t = 1_000)]
    cases: u64,
    /// From which the year follows: the same seed, the same year
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Cases that are worked on at the same instant
    #[arg(long, default_value_t = 256)]
    in_flight: usize,
    /// `sqlite` or `postgres`: one that is thrown away; or the address of an empty database
    #[arg(long, value_name = "URL", default_value = "sqlite")]
    database: String,
}

/// Prints one JSON line; fails when a bar is missed.
pub(super) fn rehearse(options: &RehearseOptions) -> Result<(), Stop> {
    let (url, _throw_away) = database::resolve(Some(&options.database))?;
    let url = url.unwrap_or_default();
    let ids = SystemIds::default();
    let folder =
        std::env::temp_dir().join(format!("madoguchi-rehearsal-{}", ids.uuid(jiff::Timestamp::UNIX_EPOCH)));
    std::fs::create_dir(&folder)?;
    let _folder = ThrowAway::Folder(folder.clone());
    let place = |name: &str| folder.join(name).display().to_string();
    let mut key = [0; 32];
    ids.fill(&mut key);
    let overrides = [
        ("database.url", url.clone()),
        ("files.directory", place("files")),
        ("mail.directory", place("mail")),
        ("identity.argon2_memory_kib", "64".to_owned()),
        ("identity.argon2_iterations", "1".to_owned()),
        ("catalogue.poll_ms", "0".to_owned()),
    ];
    let mut settings = Settings::load_with(None, &overrides).map_err(StartError::from)?;
    settings.secrets.installation_key = Some(data_encoding::BASE64.encode(&key).into());
    // Nobody pays in a rehearsal.
    settings.gateways.clear();
    let backend = if url.starts_with("postgres") { "postgres" } else { "sqlite" };
    let wanted =
        RehearsalSettings { cases: options.cases, seed: options.seed, in_flight: options.in_flight, backend };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(play(settings, wanted))?;
    say(serde_json::to_string(&report).map_err(Stop::because)?);
    let missed = report.missed();
    if missed.is_empty() { Ok(()) } else { Err(Stop(format!("missed: {}", missed.join(", ")))) }
}

async fn play(settings: Settings, wanted: RehearsalSettings) -> Result<rehearsal::Report, Stop> {
    let files = rehearsal::configuration().map_err(Stop::because)?;
    let catalogue = Arc::new(Catalogue::load_files(files).map_err(StartError::Catalogue)?);
    let clock = Arc::new(FixedClock::new(jiff::Timestamp::UNIX_EPOCH));
    let sources = Sources {
        clock: Arc::<FixedClock>::clone(&clock),
        ids: Arc::new(SystemIds::default()),
        drill: Arc::new(Drill::default()),
    };
    let db = open_database(&settings, &sources)?;
    db.migrate()?;
    if !is_empty(&db).await? {
        return Err(Stop("a rehearsal needs an empty database: this one has cases".to_owned()));
    }
    rehearsal::run(&build_core_on(db.clone(), settings, sources, catalogue).await?, &clock, &wanted)
        .await
        .map_err(Stop::because)
}

async fn is_empty(db: &Db) -> Result<bool, Stop> {
    let tenant = TenantCode::parse(TENANT).ok_or_else(|| Stop("the code of the body".to_owned()))?;
    let found = db.read(move |tx| audit_pages::cases(tx, &tenant, None, 1)).await?;
    Ok(found.is_empty())
}
