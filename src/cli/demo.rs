//! `demo`: everything on this machine, with one command and without preparation.
//!
//! The second start keeps the data. The simulator is a child process that ends with this one, however this one ends.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use data_encoding::{BASE64, HEXLOWER};

use super::demo_people::{DEPARTMENT_TENANT, PASSWORD, PEOPLE, create_people};
use super::serve::{Machine, run};
use super::{Stop, say};
use crate::clock::{IdGen, SystemIds};
use crate::config::Settings;
use crate::http::serve::block_on;
use crate::jobs::Worker;
use crate::start::{Migrate, StartError, build_core};
use crate::telemetry;

/// How long the simulator may take to answer.
const SIMULATOR_LIMIT: Duration = Duration::from_secs(20);

#[derive(Debug, Args)]
pub(super) struct DemoOptions {
    /// Port of the API
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Port of the payment gateway simulator
    #[arg(long, default_value_t = 8081)]
    simulator_port: u16,
    /// Folder of the database, files, mail and secrets
    #[arg(long, default_value = "var")]
    data_dir: PathBuf,
    /// Address of the API; only one of this machine is accepted, because the passwords are known to everybody
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    bind: IpAddr,
}

/// The secrets of a demo: the setting that names each file, and the file, which only the user can read.
pub(super) struct SecretFiles(pub(super) Vec<(String, PathBuf)>);

pub(super) fn demo(options: &DemoOptions) -> Result<(), Stop> {
    let asked = Settings::load(None).map_err(StartError::from)?;
    if !options.bind.is_loopback() || !asked.http.bind.ip().is_loopback() {
        return Err(Stop(
            "a demo has passwords that everybody knows, so it listens on 127.0.0.1 only".to_owned(),
        ));
    }
    say(format!("[1/5] data in {}", options.data_dir.display()));
    let secrets = prepare(&options.data_dir, &asked)?;
    let settings = settings(options, &secrets)?;
    telemetry::start_logs(&settings.telemetry).map_err(Stop)?;
    telemetry::metrics();
    say(format!("[2/5] payment gateway simulator on 127.0.0.1:{}", options.simulator_port));
    let api = SocketAddr::from((options.bind, options.port));
    let folder = options.data_dir.join("simulator");
    let _simulator = start_simulator(options.simulator_port, &folder, api, &secrets)?;
    let machine = Machine::new();
    block_on(async {
        say("[3/5] database, tenants and procedures");
        let core = build_core(settings, machine.sources(), Migrate::Apply).await?;
        say("[4/5] demo people");
        create_people(&core).await?;
        let worker = Worker::new(Arc::clone(&core));
        run(core, worker, |address| {
            say("[5/5] ready");
            print_tour(address, options);
        })
        .await
    })
}

/// Makes the folders and, at the first start, the secrets.
pub(super) fn prepare(folder: &Path, settings: &Settings) -> Result<SecretFiles, Stop> {
    std::fs::create_dir_all(folder)?;
    let secrets = folder.join("secrets");
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&secrets)?;
    let mut bytes = [0; 32];
    let ids = SystemIds::default();
    let mut draw = || {
        ids.fill(&mut bytes);
        bytes
    };
    let mut files = Vec::new();
    let installation_key = ("installation_key".to_owned(), BASE64.encode(&draw()));
    let of_gateways = settings.gateways.iter().flat_map(|gateway| {
        gateway.kind.credentials().iter().map(|credential| format!("{}_{credential}", gateway.name))
    });
    let of_gateways: Vec<String> = of_gateways.collect();
    let drawn = of_gateways.into_iter().map(|name| (name, HEXLOWER.encode(&draw())));
    for (name, secret) in std::iter::once(installation_key).chain(drawn) {
        let file = secrets.join(&name);
        keep_secret(&file, &secret)?;
        files.push((format!("{name}_file"), file));
    }
    Ok(SecretFiles(files))
}

/// Writes a secret unless there is one.
fn keep_secret(path: &Path, secret: &str) -> Result<(), Stop> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => {
            file.write_all(secret.as_bytes())?;
            Ok(file.sync_all()?)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Stop(format!("{}: {error}", path.display()))),
    }
}

fn settings(options: &DemoOptions, secrets: &SecretFiles) -> Result<Settings, Stop> {
    let folder = |name: &str| options.data_dir.join(name).display().to_string();
    let api = SocketAddr::from((options.bind, options.port));
    let mut overrides = vec![
        ("http.bind", api.to_string()),
        ("http.public_url", format!("http://{api}")),
        ("database.url", format!("sqlite:{}", folder("madoguchi.db"))),
        ("files.directory", folder("files")),
        ("mail.directory", folder("mail")),
        ("telemetry.format", "text".to_owned()),
        ("telemetry.filter", "warn".to_owned()),
    ];
    let files = secrets.0.iter().map(|(name, file)| (format!("secrets.{name}"), file.display().to_string()));
    let files: Vec<(String, String)> = files.collect();
    overrides.extend(files.iter().map(|(name, file)| (name.as_str(), file.clone())));
    let mut settings = Settings::load_with(None, &overrides).map_err(StartError::from)?;
    for gateway in &mut settings.gateways {
        gateway.enabled = true;
        gateway.base_url = format!("http://127.0.0.1:{}{}", options.simulator_port, gateway.kind.api_path());
    }
    Ok(settings)
}

/// The simulator as a child of this process; it ends when its standard input closes.
pub(super) struct Simulator(Child);

impl Drop for Simulator {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // It has nothing left to do; its exit status says nothing of ours.
        let _ = self.0.wait();
    }
}

/// Starts a simulator with its journal in `folder`, which tells the API at `api` of everything.
pub(super) fn start_simulator(
    port: u16,
    folder: &Path,
    api: SocketAddr,
    secrets: &SecretFiles,
) -> Result<Simulator, Stop> {
    let webhook = format!("http://{api}/v1/tenants/{DEPARTMENT_TENANT}/gateways/{{gateway}}/notifications");
    let variables =
        secrets.0.iter().map(|(name, file)| (format!("MADOGUCHI__SECRETS__{}", name.to_uppercase()), file));
    let child = Command::new(std::env::current_exe()?)
        .args(["simulator", "--until-input-closes", "--port", &port.to_string()])
        .args(["--webhook-url", &webhook])
        .arg("--data-dir")
        .arg(folder)
        .envs(variables)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut simulator = Simulator(child);
    // Its first line says that the port is its own: whatever else may answer there does not count.
    let mut line = String::new();
    if let Some(output) = simulator.0.stdout.as_mut() {
        BufReader::new(output).read_line(&mut line)?;
    }
    if line.is_empty() {
        let status = simulator.0.wait()?;
        return Err(Stop(format!("the simulator did not start ({status}); is its port in use?")));
    }
    let deadline = Instant::now() + SIMULATOR_LIMIT;
    while !answers(port) {
        if Instant::now() > deadline {
            return Err(Stop("the simulator does not answer".to_owned()));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(simulator)
}

/// Whether `GET /healthz` on that port is answered with success.
fn answers(port: u16) -> bool {
    let ask = || -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut head = vec![0; 12];
        stream.read_exact(&mut head)?;
        Ok(head)
    };
    ask().is_ok_and(|head| head.ends_with(b" 200"))
}

fn print_tour(api: SocketAddr, options: &DemoOptions) {
    say(format!("\n  API        http://{api}/docs/"));
    say(format!("  simulator  http://127.0.0.1:{}/_sim/ledger", options.simulator_port));
    say(format!("  mail       {}\n", options.data_dir.join("mail").display()));
    say(format!("  password of everybody: {PASSWORD}"));
    for person in PEOPLE {
        say(format!("  {:24} {}", person.email, person.who));
    }
    say(
        "\n  1. Sign in:     POST /v1/sessions with an e-mail and the password; send access_token as Bearer.",
    );
    say("  2. Browse:      GET /v1/tenants/020001/procedures; every procedure has an example to submit.");
    say("  3. Apply:       POST /v1/tenants/020001/applications, then …/submit: number, due date, invoice.");
    say(
        "  4. Pay:         POST …/invoices/{id}/payments {\"method\":\"card\"} and open redirect_url in a browser.",
    );
    say(
        "  5. Decide:      as the clerk claim and propose, as the chief approve; GET …/timeline shows every step.",
    );
    say("\n  Ctrl-C stops everything; the next start keeps the data.");
}
