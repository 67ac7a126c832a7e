//! The platform: the worker's leases, the drill socket, the real process, health, and answers to wrong paths and methods.

mod cleaning;
mod drill;
mod http;
mod jobs;
mod process;

use std::path::Path;
use std::sync::Arc;

use madoguchi::clock::SystemIds;
use madoguchi::config::Settings;
use madoguchi::drill::Drill;
use madoguchi::service::Core;
use madoguchi::start::{Sources, build_core_on};
use secrecy::SecretString;

use crate::support::db::{TestDb, new_folder};

/// A core over a test's database, with secrets and folders of its own and cheap password hashing.
async fn core(db: &TestDb) -> Arc<Core> {
    let folder = new_folder();
    let mut settings = Settings::load(None).unwrap();
    settings.secrets.installation_key = Some(SecretString::from(data_encoding::BASE64.encode(&[7; 32])));
    settings.secrets.set_of_gateway("komoju", "secret_key", "sk_test");
    settings.secrets.set_of_gateway("komoju", "webhook_secret", "whsec_test");
    settings.files.directory = folder.join("files");
    settings.mail.directory = folder.join("mail");
    settings.identity.argon2_memory_kib = 64;
    settings.identity.argon2_iterations = 1;
    let sources = Sources {
        clock: db.clock.clone(),
        ids: Arc::new(SystemIds::default()),
        drill: Arc::new(Drill::default()),
    };
    let catalogue = crate::support::catalogue::shipped();
    build_core_on(db.db.clone(), settings, sources, catalogue).await.unwrap()
}

/// How many mails lie in a pick-up folder.
fn mails(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}
