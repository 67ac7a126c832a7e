//! The parts of the running program around a test's database.

use std::sync::Arc;

use madoguchi::catalogue::LiveCatalogue;
use madoguchi::clock::{Clock, SystemIds};
use madoguchi::config::Settings;
use madoguchi::documents::DocumentRenderer;
use madoguchi::drill::Drill;
use madoguchi::files::FileStore;
use madoguchi::gateway::Gateways;
use madoguchi::mail::Mailer;
use madoguchi::seal::Keyring;
use madoguchi::service::Core;
use madoguchi::service::el_qr_upload::SlipsSeen;
use madoguchi::service::incoming::NumberedByNothing;
use madoguchi::service::password::PasswordPool;
use madoguchi::service::payment_link::LinkCalls;
use madoguchi::service::token::TokenSigner;
use madoguchi::store::Db;

use super::db::{TestDb, new_folder};

const SECRET: [u8; 32] = [7; 32];

/// Everything a use case may reach for, with the clock of the test and cheap password hashing.
pub fn core(db: &TestDb) -> Arc<Core> {
    core_with(db, |_| {})
}

/// As [`core`], with other settings.
pub fn core_with(db: &TestDb, change: impl FnOnce(&mut Settings)) -> Arc<Core> {
    core_over(db.db.clone(), db.clock.clone(), change)
}

/// As [`core_with`], over connections of its own: another node.
pub fn core_over(db: Db, clock: Arc<dyn Clock>, change: impl FnOnce(&mut Settings)) -> Arc<Core> {
    let mut settings = Settings::load(None).unwrap();
    settings.identity.argon2_memory_kib = 64;
    settings.identity.argon2_iterations = 1;
    change(&mut settings);
    let ids = Arc::new(SystemIds::default());
    let identity = &settings.identity;
    let minutes = identity.access_token_minutes;
    Arc::new(Core {
        db,
        catalogue: LiveCatalogue::new(super::catalogue::shipped()),
        keys: Arc::new(Keyring::new(&SECRET)),
        clock,
        ids: ids.clone(),
        files: FileStore::open(&new_folder()).unwrap(),
        mail: Mailer::new(&settings.mail, &settings.secrets).unwrap(),
        documents: Arc::new(DocumentRenderer::new(&settings.documents)),
        passwords: PasswordPool::start(identity, ids).unwrap(),
        tokens: TokenSigner::new(&SECRET, &settings.http.public_url, minutes).unwrap(),
        gateways: Gateways::default(),
        drill: Arc::new(Drill::default()),
        numbered_by_nothing: NumberedByNothing::default(),
        slips_seen: SlipsSeen::default(),
        link_calls: LinkCalls::new(&settings.payments),
        settings: Arc::new(settings),
    })
}
