//! PostgreSQL's own benchmark with our statements, on the private server that our server is measured on.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use diesel::prelude::*;
use madoguchi::store::DatabaseUrl;
use madoguchi::store::private_cluster::PrivateCluster;

use super::CLIENTS;
use super::load::{Client, Submission};
use super::script::{FIRST, Recorded, Rows, Script, rows_of};
use super::server::Server;

/// The database that server and pgbench share.
pub const DATABASE: &str = "bench";

/// The scripts made of one recorded submission.
pub struct Pgbench {
    /// Both transactions.
    pub both: Script,
    /// The `INSERT` of the case alone.
    pub one_statement: Script,
    runs: u64,
}

impl Pgbench {
    /// Lets `client` make one submission, records its statements and writes the scripts.
    pub async fn prepare(
        cluster: &PrivateCluster,
        server: &mut Server,
        client: &mut Client,
        submission: &Submission,
    ) -> Result<Self, Box<dyn Error>> {
        let DatabaseUrl::Postgres(url) = cluster.url(DATABASE) else { return Err("not PostgreSQL".into()) };
        let mut conn = PgConnection::establish(&url)?;
        server.ask("record")?;
        let id = client.draft(submission).await?;
        let statements = serde_json::from_str(&server.ask("recorded")?)?;
        let drafted = rows_of(&mut conn, &id)?;
        let draft = Recorded { statements, before: Rows::new(), after: drafted.clone() };
        server.ask("record")?;
        client.hand_in(submission, &id).await?;
        let statements = serde_json::from_str(&server.ask("recorded")?)?;
        let submit = Recorded { statements, before: drafted, after: rows_of(&mut conn, &id)? };
        let one_statement = Script::of_one_statement(&draft)?;
        add_accounts(cluster, &draft.after)?;
        Ok(Self { both: Script::of(&[draft, submit])?, one_statement, runs: 0 })
    }

    /// Runs a script for `time` with as many clients as ours and gives its transactions a second.
    pub fn run(
        &mut self,
        cluster: &PrivateCluster,
        which: impl Fn(&Self) -> &Script,
        folder: &Path,
        time: Duration,
    ) -> Result<f64, Box<dyn Error>> {
        self.runs += 1;
        let script = which(self);
        let file = folder.join("pgbench.sql");
        std::fs::write(&file, &script.text)?;
        let mut command = Command::new(program());
        command.env("PGPASSWORD", cluster.password()).env("LC_ALL", "C");
        command.arg("-h").arg(cluster.folder());
        command.args(["-p", &cluster.port().to_string(), "-U", "madoguchi"]);
        command.args(["-n", "-M", "prepared", "-c", &CLIENTS.to_string(), "-j", "2"]);
        command.args(["-T", &time.as_secs().max(1).to_string()]).arg("-f").arg(&file);
        // No two runs make the same ids.
        command.arg("-D").arg(format!("n={}", self.runs * 10_000_000));
        for (name, value) in &script.variables {
            command.arg("-D").arg(format!("{name}={value}"));
        }
        let output = command.arg(DATABASE).output()?;
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if !output.status.success() {
            return Err(format!("pgbench: {out}{err}").into());
        }
        let tps = out.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next());
        Ok(tps.ok_or_else(|| format!("pgbench said no tps: {out}{err}"))?.parse()?)
    }
}

/// One account a pgbench client, copies of the recorded one, so that they no more wait for each other than ours do.
fn add_accounts(cluster: &PrivateCluster, rows: &Rows) -> Result<(), Box<dyn Error>> {
    let account = rows.get("parties").and_then(|row| row.get("account_id")).and_then(|id| id.as_str());
    let account = account.ok_or("the recorded case has no account")?;
    let prefix = account.get(..24).ok_or("a short id")?;
    let insert = format!(
        "INSERT INTO accounts SELECT '{prefix}' || ({FIRST} + n), kind, sha256(n::text::bytea), wrapped_key, \
         sealed_profile, password_hash, version, created_at \
         FROM accounts, generate_series(0, {CLIENTS} - 1) AS n WHERE id = '{account}'"
    );
    Ok(cluster.execute(DATABASE, &[&insert])?)
}

/// `pgbench` from `PATH`, else that of the newest version in the distribution's folders.
fn program() -> PathBuf {
    let in_path = std::env::var_os("PATH").and_then(|path| {
        std::env::split_paths(&path).map(|dir| dir.join("pgbench")).find(|file| file.is_file())
    });
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest =
        || versions.map(|entry| entry.path().join("bin/pgbench")).filter(|file| file.is_file()).max();
    in_path.or_else(newest).unwrap_or_else(|| "pgbench".into())
}
