//! From settings to a running [`Core`]: open, check, migrate, load keys, pin procedure versions.
//!
//! Everything that can be wrong is found here, before the first request. Invariants: a tenant's key is made once and then
//! only ever loaded; a procedure version that was stored never changes its content; a published version that this program
//! cannot use is reported and stops nothing.

use std::path::Path;
use std::sync::Arc;

use crate::catalogue::{Catalogue, CatalogueFault, LiveCatalogue};
use crate::clock::{Clock, IdGen};
use crate::config::{BadSettings, Settings};
use crate::documents::DocumentRenderer;
use crate::domain::id::TenantCode;
use crate::drill::Drill;
use crate::files::FileStore;
use crate::gateway::Gateways;
use crate::mail::Mailer;
use crate::seal::{Keyring, SealError};
use crate::service::document::offline;
use crate::service::el_qr_upload::SlipsSeen;
use crate::service::incoming::NumberedByNothing;
use crate::service::password::PasswordPool;
use crate::service::payment_link::LinkCalls;
use crate::service::token::TokenSigner;
use crate::service::{Core, Failure, catalogue_refresh};
use crate::store::procedure_versions::{self, Pinned, StoredVersion};
use crate::store::{DatabaseSettings, DatabaseUrl, DatabaseUrlError, Db, StoreError, tenant_keys};

/// Why the program cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Settings or secrets.
    #[error(transparent)]
    Settings(#[from] BadSettings),
    /// The database's address.
    #[error(transparent)]
    Url(#[from] DatabaseUrlError),
    /// The configuration of tenants and procedures.
    #[error("the configuration has faults:{}", list(.0))]
    Catalogue(Vec<CatalogueFault>),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database is older than the program.
    #[error("migrations are missing: {}; run `madoguchi migrate`, or start with --migrate", .0.join(", "))]
    MigrationsPending(Vec<String>),
    /// The installation key is not the one this database was made with.
    #[error(
        "the key of tenant {tenant} does not open; is this the installation key of this database? ({error})"
    )]
    WrongKey {
        /// The tenant.
        tenant: TenantCode,
        /// What failed.
        error: SealError,
    },
    /// A published procedure version was edited.
    #[error(
        "{tenant}: version {version} of {procedure} is stored with other content; give the changed text a new version"
    )]
    VersionChanged {
        /// The tenant.
        tenant: TenantCode,
        /// The procedure.
        procedure: String,
        /// The version.
        version: u32,
    },
    /// A folder or a file.
    #[error("{what}: {error}")]
    Files {
        /// What was wanted.
        what: String,
        /// What failed.
        error: std::io::Error,
    },
    /// Another part.
    #[error("{0}")]
    Other(String),
}

impl From<Failure> for StartError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Store(error) => Self::Store(error),
            other => Self::Other(other.to_string()),
        }
    }
}

fn list(faults: &[CatalogueFault]) -> String {
    faults.iter().fold(String::new(), |text, fault| text + "\n  - " + &fault.to_string())
}

/// What to do when the database is older than the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migrate {
    /// Bring it up to date.
    Apply,
    /// Refuse to start.
    Refuse,
}

/// The sources of time, ids and trouble.
#[derive(Clone)]
pub struct Sources {
    /// The present.
    pub clock: Arc<dyn Clock>,
    /// New ids and secret bytes.
    pub ids: Arc<dyn IdGen>,
    /// Crash points.
    pub drill: Arc<Drill>,
}

/// Puts the program together; see the module.
pub async fn build_core(
    settings: Settings,
    sources: Sources,
    migrate: Migrate,
) -> Result<Arc<Core>, StartError> {
    let catalogue = Arc::new(Catalogue::load_embedded().map_err(StartError::Catalogue)?);
    let db = open_database(&settings, &sources)?;
    match migrate {
        Migrate::Apply => drop(db.migrate()?),
        Migrate::Refuse => {
            let pending = db.pending_migrations()?;
            if !pending.is_empty() {
                return Err(StartError::MigrationsPending(pending));
            }
        }
    }
    build_core_on(db, settings, sources, catalogue).await
}

/// As [`build_core`], over a database that is open and up to date, and a catalogue of the caller's; for tests.
pub async fn build_core_on(
    db: Db,
    settings: Settings,
    sources: Sources,
    catalogue: Arc<Catalogue>,
) -> Result<Arc<Core>, StartError> {
    let installation_key = settings.secrets.installation_key()?;
    let gateways = Gateways::build(&settings)?;
    let mail = Mailer::new(&settings.mail, &settings.secrets)?;
    let keys = Keyring::new(&installation_key);
    load_tenant_keys(&db, &catalogue, &keys, sources.ids.as_ref()).await?;
    pin_procedures(&db, &catalogue).await?;
    let documents = Arc::new(DocumentRenderer::new(&settings.documents));
    let files = FileStore::open(&settings.files.directory)
        .map_err(|error| StartError::Files { what: settings.files.directory.display().to_string(), error })?;
    let passwords = PasswordPool::start(&settings.identity, Arc::clone(&sources.ids))?;
    let identity = &settings.identity;
    let tokens =
        TokenSigner::new(&installation_key, &settings.http.public_url, identity.access_token_minutes)?;
    let poll_ms = settings.catalogue.poll_ms;
    let core = Arc::new(Core {
        db,
        catalogue: LiveCatalogue::new(catalogue),
        keys: Arc::new(keys),
        clock: sources.clock,
        ids: sources.ids,
        link_calls: LinkCalls::new(&settings.payments),
        settings: Arc::new(settings),
        files,
        mail,
        documents,
        passwords,
        tokens,
        gateways,
        numbered_by_nothing: NumberedByNothing::default(),
        slips_seen: SlipsSeen::default(),
        drill: sources.drill,
    });
    catalogue_refresh::refresh(&core).await?;
    catalogue_refresh::follow(&core, poll_ms);
    Ok(core)
}

/// The public keys that checkpoints, proofs of documents and documents of every authority are signed with, as a JWK set (RFC 7517), for
/// an auditor without our secret.
pub fn public_keys(settings: &Settings) -> Result<serde_json::Value, StartError> {
    let catalogue = Catalogue::load_embedded().map_err(StartError::Catalogue)?;
    let keys = Keyring::new(&settings.secrets.installation_key()?);
    Ok(offline::public_keys(&catalogue, &keys))
}

/// Opens the database that the settings name.
pub fn open_database(settings: &Settings, sources: &Sources) -> Result<Db, StartError> {
    let url: DatabaseUrl = settings.database.url.parse()?;
    let folder = url.sqlite_path().and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder)
            .map_err(|error| StartError::Files { what: folder.display().to_string(), error })?;
    }
    let section = &settings.database;
    let read_url = if section.read_url.is_empty() { None } else { Some(section.read_url.parse()?) };
    let max_batch = url.sqlite_path().map_or(section.postgres_batch, |_| section.sqlite_batch);
    let database = DatabaseSettings {
        read_url,
        writers: section.writers,
        max_batch: Some(max_batch),
        readers: section.readers,
        queue: section.queue_length,
        slow_query_ms: section.slow_query_ms,
        ..DatabaseSettings::new(url)
    };
    Ok(Db::open(&database, Arc::clone(&sources.clock), Arc::clone(&sources.ids))?)
}

async fn load_tenant_keys(
    db: &Db,
    catalogue: &Catalogue,
    keys: &Keyring,
    ids: &dyn IdGen,
) -> Result<(), StartError> {
    for tenant in catalogue.tenants() {
        let code = tenant.definition.code.clone();
        let (asked, drawn) = (code.clone(), keys.new_tenant_key(&code, ids));
        // Two nodes may start at once: the first key stored is the tenant's key for both.
        let stored = db
            .write_alone(vec![], move |tx| match tenant_keys::newest(tx, &asked)? {
                Some(key) => Ok(key),
                None => tenant_keys::insert_first(tx, &asked, &drawn),
            })
            .await?;
        let adopted = keys.adopt_tenant_key(&code, stored.key_no, &stored.wrapped_key);
        adopted.map_err(|error| StartError::WrongKey { tenant: code, error })?;
    }
    Ok(())
}

async fn pin_procedures(db: &Db, catalogue: &Catalogue) -> Result<(), StartError> {
    for procedure in catalogue.all_versions() {
        let definition = serde_json::to_string(&procedure.definition)
            .map_err(|error| StartError::Other(error.to_string()))?;
        let version = StoredVersion {
            tenant: procedure.definition.tenant.clone(),
            procedure: procedure.definition.id.clone(),
            version: procedure.definition.version,
            digest: procedure.digest.clone(),
            definition,
        };
        let (tenant, name, number) = (version.tenant.clone(), version.procedure.clone(), version.version);
        let pinned = db.write_alone(vec![], move |tx| procedure_versions::pin(tx, &version)).await?;
        if pinned == Pinned::OtherContent {
            return Err(StartError::VersionChanged { tenant, procedure: name, version: number });
        }
    }
    Ok(())
}
