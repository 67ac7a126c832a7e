//! The command line: one file a command. Results go to standard output, logs and errors to standard error.

mod audit;
mod backup;
mod database;
mod demo;
mod demo_people;
mod documents;
mod fees;
mod ledger;
mod migrate;
mod officer;
mod openapi;
mod organisation;
mod procedures;
mod reconcile;
mod rehearse;
mod serve;
mod simulator;
mod storm;
mod verify;

use std::fmt::Display;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};

use crate::clock::{SystemClock, SystemIds};
use crate::config::Settings;
use crate::drill::Drill;
use crate::service::{Core, Failure};
use crate::start::{Migrate, Sources, StartError, build_core};
use crate::store::StoreError;

/// 窓口: one counter for a prefecture and its municipalities.
#[derive(Debug, Parser)]
#[command(name = "madoguchi", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API (and run the worker, unless worker.in_process is false)
    Serve(serve::ServeOptions),
    /// Run a worker alone, beside any number of `serve` processes
    Worker(serve::WorkerOptions),
    /// Start everything on this machine with demo people and a simulated payment gateway
    Demo(demo::DemoOptions),
    /// Bring the database up to date
    Migrate(Common),
    /// Copy a running SQLite database into a new file
    Backup(backup::BackupOptions),
    /// The record of what happened
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Stored fees
    #[command(subcommand)]
    Fees(fees::FeesCommand),
    /// The double-entry ledger
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// Hold our books, the agents' payouts and the bank's credits of a body against each other; prints one line of JSON
    Reconcile(reconcile::ReconcileOptions),
    /// Print the OpenAPI document
    Openapi(openapi::OpenapiOptions),
    /// Run the payment gateway simulator
    Simulator(simulator::SimulatorOptions),
    /// Let everything go wrong at once, and judge the money afterwards
    Storm(storm::StormOptions),
    /// Play a year of a prefecture through the use cases, and judge what stands in the database afterwards
    Rehearse(rehearse::RehearseOptions),
    /// Procedures as data
    #[command(subcommand)]
    Procedures(procedures::ProceduresCommand),
    /// Templates of documents
    #[command(subcommand)]
    Documents(documents::DocumentsCommand),
    /// Members of staff
    #[command(subcommand)]
    Officer(officer::OfficerCommand),
    /// Departments, officers and the posts they hold
    #[command(subcommand)]
    Organisation(organisation::OrganisationCommand),
    /// Check a document by its QR code's token
    Verify(verify::VerifyOptions),
}

/// What most commands take.
#[derive(Clone, Debug, Args)]
struct Common {
    /// A settings file over the built-in defaults
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// sqlite:PATH, postgres://…, an existing SQLite file; `sqlite` or `postgres` alone: one that is thrown away
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

impl Common {
    /// The settings, with the database of the option; a throw-away one lives as long as the second value.
    fn load(&self) -> Result<(Settings, database::ThrowAway), Stop> {
        self.load_with([])
    }

    /// As [`Common::load`], with what other options of the command override.
    fn load_with(
        &self,
        others: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Result<(Settings, database::ThrowAway), Stop> {
        let (url, throw_away) = database::resolve(self.database.as_deref())?;
        let overrides: Vec<_> = url.map(|url| ("database.url", url)).into_iter().chain(others).collect();
        let settings = Settings::load_with(self.config.as_deref(), &overrides).map_err(StartError::from)?;
        Ok((settings, throw_away))
    }

    /// Runs `work` on the whole program over its database, which must be up to date: for commands that look, or do one
    /// thing, and end.
    fn run<T>(&self, work: impl AsyncFnOnce(Arc<Core>) -> Result<T, Stop>) -> Result<T, Stop> {
        let (settings, _throw_away) = self.load()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let sources = Sources {
                clock: Arc::new(SystemClock::default()),
                ids: Arc::new(SystemIds::default()),
                drill: Arc::new(Drill::default()),
            };
            work(build_core(settings, sources, Migrate::Refuse).await?).await
        })
    }
}

/// Why a command ended without success; the text is for the person at the terminal.
#[derive(Debug)]
struct Stop(String);

impl Stop {
    fn because(reason: impl Display) -> Self {
        Self(reason.to_string())
    }

    /// Everything was said already; only the exit code is left.
    fn silent() -> Self {
        Self(String::new())
    }
}

impl From<StartError> for Stop {
    fn from(error: StartError) -> Self {
        Self::because(error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::because(error)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => {
                let faults = refusal.faults().iter().map(|fault| format!("\n  - {}", fault.message_en));
                Self(faults.fold(refusal.sentence().1, |text, fault| text + &fault))
            }
            other => Self::because(other),
        }
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::because(error)
    }
}

/// Reads the arguments and runs the command.
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(options) => serve::serve(&options),
        Command::Worker(options) => serve::worker(&options),
        Command::Demo(options) => demo::demo(&options),
        Command::Migrate(common) => migrate::migrate(&common),
        Command::Backup(options) => backup::backup(&options),
        Command::Audit(command) => audit::audit(&command),
        Command::Fees(command) => fees::fees(&command),
        Command::Ledger(command) => ledger::ledger(&command),
        Command::Reconcile(options) => reconcile::reconcile(&options),
        Command::Openapi(options) => openapi::openapi(&options),
        Command::Simulator(options) => simulator::simulator(&options),
        Command::Storm(options) => storm::storm(&options),
        Command::Rehearse(options) => rehearse::rehearse(&options),
        Command::Procedures(command) => procedures::procedures(&command),
        Command::Documents(command) => documents::documents(&command),
        Command::Officer(command) => officer::officer(&command),
        Command::Organisation(command) => organisation::organisation(&command),
        Command::Verify(options) => verify::verify(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop(reason)) if reason.is_empty() => ExitCode::FAILURE,
        Err(Stop(reason)) => {
            // A terminal that is gone cannot be told anything.
            let _ = writeln!(std::io::stderr(), "madoguchi: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// One line of a result or of progress.
fn say(line: impl Display) {
    let mut out = std::io::stdout().lock();
    // A reader that has gone away (`| head`) is no failure of the command.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
