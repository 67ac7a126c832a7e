//! `storm`: payers, faults and SIGKILLs at the real server, and the judgement.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;

use clap::Args;
use secrecy::SecretString;

use super::database::{self, ThrowAway};
use super::demo::{SecretFiles, prepare, start_simulator};
use super::demo_people::{DEPARTMENT_TENANT, PASSWORD, create_people};
use super::serve::Machine;
use super::{Stop, say};
use crate::clock::{IdGen, SystemIds};
use crate::config::Settings;
use crate::domain::calendar::jst_day;
use crate::domain::id::TenantCode;
use crate::domain::policy::{Post, Role};
use crate::service::Core;
use crate::service::account::email_index;
use crate::service::officer::{Appointment, appoint};
use crate::start::{Migrate, StartError, build_core, open_database};
use crate::store::Db;
use crate::store::accounts;
use crate::store::officers::Term;
use crate::storm::{self, Gateways, People, Person, ServerPlace, StormSettings};

/// 下北県土整備事務所, to which the example of a charge that is paid by eL-QR goes.
const ROAD_OFFICE: &str = "kendo-shimokita";

#[derive(Debug, Args)]
pub(super) struct StormOptions {
    /// How many payers go through it
    #[arg(long, default_value_t = 300)]
    runs: u64,
    /// From which the plans follow: the same seed, the same plans
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Payers at the same time
    #[arg(long, default_value_t = 64)]
    payers: u64,
    /// The server is killed after so many runs
    #[arg(long, default_value_t = 10)]
    runs_per_kill: u64,
    /// `sqlite` or `postgres`: one that is thrown away; or the address of an empty database
    #[arg(long, value_name = "URL", default_value = "sqlite")]
    database: String,
}

/// Prints one JSON line; fails when a bar is missed.
pub(super) fn storm(options: &StormOptions) -> Result<(), Stop> {
    let (url, _throw_away) = database::resolve(Some(&options.database))?;
    let url = url.unwrap_or_default();
    let id = SystemIds::default().uuid(jiff::Timestamp::UNIX_EPOCH);
    let folder = std::env::temp_dir().join(format!("madoguchi-storm-{id}"));
    std::fs::create_dir(&folder)?;
    let _folder = ThrowAway::Folder(folder.clone());
    let secrets = prepare(&folder, &Settings::load(None).map_err(StartError::from)?)?;
    let ports = free_ports()?;
    let environment = environment(&folder, &url, ports.api, &secrets);
    let api = SocketAddr::from((Ipv4Addr::LOCALHOST, ports.api));
    let _simulator = start_simulator(ports.simulator, &folder.join("simulator"), api, &secrets)?;
    let _naive = start_simulator(ports.naive, &folder.join("naive"), api, &secrets)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let report = runtime.block_on(async {
        let db = populate(&environment).await?;
        let simulator = format!("http://127.0.0.1:{}", ports.simulator);
        let settings = StormSettings {
            backend: if url.starts_with("postgres") { "postgres" } else { "sqlite" },
            runs: options.runs,
            seed: options.seed,
            payers: options.payers.max(1),
            runs_per_kill: options.runs_per_kill.max(1),
            place: ServerPlace {
                program: std::env::current_exe()?,
                folder: folder.clone(),
                port: ports.api,
                environment: variables(&environment),
                gateways: Gateways { simulator },
            },
            people: people(),
            secrets: values(&secrets)?,
            naive_simulator: format!("http://127.0.0.1:{}", ports.naive),
        };
        let report = storm::run(settings, &db).await.map_err(Stop::because);
        tokio::task::spawn_blocking(move || db.shutdown()).await.map_err(Stop::because)?;
        report
    })?;
    say(serde_json::to_string(&report).map_err(Stop::because)?);
    let missed = report.missed();
    if missed.is_empty() { Ok(()) } else { Err(Stop(format!("missed: {}", missed.join(", ")))) }
}

struct Ports {
    api: u16,
    simulator: u16,
    naive: u16,
}

/// Three ports that nobody listens on, held together so that they differ.
fn free_ports() -> Result<Ports, Stop> {
    let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let (api, simulator, naive) = (listen()?, listen()?, listen()?);
    let port = |listener: &TcpListener| listener.local_addr().map(|address| address.port());
    Ok(Ports { api: port(&api)?, simulator: port(&simulator)?, naive: port(&naive)? })
}

/// The settings of the server: cheap passwords, an eager worker, the demo's secrets.
fn environment(folder: &Path, url: &str, port: u16, secrets: &SecretFiles) -> Vec<(String, String)> {
    let place = |name: &str| folder.join(name).display().to_string();
    let fixed = [
        ("http.bind", format!("127.0.0.1:{port}")),
        ("http.public_url", format!("http://127.0.0.1:{port}")),
        ("http.workers", "2".to_owned()),
        ("database.url", url.to_owned()),
        ("files.directory", place("files")),
        ("mail.directory", place("mail")),
        ("identity.argon2_memory_kib", "64".to_owned()),
        ("identity.argon2_iterations", "1".to_owned()),
        ("identity.access_token_minutes", "600".to_owned()),
        ("payments.open_wait_ms", "1500".to_owned()),
        ("worker.idle_ms", "20".to_owned()),
        ("telemetry.filter", "off".to_owned()),
    ];
    let files = secrets.0.iter().map(|(name, file)| (format!("secrets.{name}"), file.display().to_string()));
    fixed.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(files).collect()
}

/// The same for a child process.
fn variables(settings: &[(String, String)]) -> Vec<(String, String)> {
    let name = |setting: &str| format!("MADOGUCHI__{}", setting.to_uppercase().replace('.', "__"));
    settings.iter().map(|(setting, value)| (name(setting), value.clone())).collect()
}

fn values(secrets: &SecretFiles) -> Result<BTreeMap<String, String>, Stop> {
    let mut values = BTreeMap::new();
    for (setting, file) in &secrets.0 {
        let name = setting.trim_end_matches("_file").to_owned();
        values.insert(name, std::fs::read_to_string(file)?);
    }
    Ok(values)
}

/// Brings the database up to date and makes the people; gives it open.
async fn populate(environment: &[(String, String)]) -> Result<Db, Stop> {
    let overrides: Vec<(&str, String)> =
        environment.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    let settings = Settings::load_with(None, &overrides).map_err(StartError::from)?;
    let machine = Machine::new();
    let core = build_core(settings.clone(), machine.sources(), Migrate::Apply).await?;
    let index = email_index(&core.keys, people().applicant.email);
    if core.db.read(move |tx| accounts::find_by_email(tx, &index)).await?.is_some() {
        return Err(Stop("a storm needs an empty database: somebody lives in this one".to_owned()));
    }
    create_people(&core).await?;
    appoint_road_clerk(&core).await?;
    let old = core.db.clone();
    tokio::task::spawn_blocking(move || old.shutdown()).await.map_err(Stop::because)?;
    Ok(open_database(&settings, &machine.sources())?)
}

/// Whoever fixes the charge for the use of a road, of which the demo has nobody.
async fn appoint_road_clerk(core: &Core) -> Result<(), Stop> {
    let tenant = TenantCode::parse(DEPARTMENT_TENANT);
    let tenant = tenant.ok_or_else(|| Stop("the storm's body is no body".to_owned()))?;
    let post = Post { department: ROAD_OFFICE.to_owned(), role: Role::Clerk, title: "主事".to_owned() };
    let term = Term { from: jst_day(core.clock.now()), to: None };
    let (email, name) = (people().road_clerk.email.to_owned(), "むつ 次郎".to_owned());
    let password = SecretString::from(PASSWORD);
    appoint(core, Appointment { tenant, email, name, password, posts: vec![(post, term)] }).await?;
    Ok(())
}

/// Who takes part, nearly all of them people of the demo.
fn people() -> People {
    People {
        applicant: Person { email: "business@example.jp" },
        clerk: Person { email: "clerk@example.jp" },
        road_clerk: Person { email: "road-clerk@example.jp" },
        accountant: Person { email: "accountant@example.jp" },
        chief: Person { email: "chief@example.jp" },
        password: PASSWORD,
    }
}
