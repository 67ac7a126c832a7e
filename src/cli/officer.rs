//! `officer appoint`.

use std::io::Read;

use clap::Subcommand;
use jiff::civil::Date;
use secrecy::SecretString;

use super::serve::Machine;
use super::{Common, Stop, say};
use crate::domain::calendar::jst_day;
use crate::domain::id::TenantCode;
use crate::domain::organisation_import::Appointed;
use crate::domain::policy::{Post, Role};
use crate::service::Origin;
use crate::service::officer::{Appointment, appoint_as};
use crate::start::{Migrate, build_core};
use crate::store::officers::Term;

#[derive(Debug, Subcommand)]
pub(super) enum OfficerCommand {
    /// Appoint a member of staff; the first password is read from standard input
    Appoint {
        #[command(flatten)]
        common: Common,
        /// Code of the body, e.g. 020001
        #[arg(long)]
        tenant: String,
        /// Address to sign in with
        #[arg(long)]
        email: String,
        /// Name
        #[arg(long)]
        name: String,
        /// Code of the department
        #[arg(long)]
        department: String,
        /// clerk, group_manager, deputy_chief, section_chief, deputy_director, director, deputy_head, head, accountant or administrator
        #[arg(long)]
        role: String,
        /// Title shown beside a seal, e.g. 主事
        #[arg(long)]
        title: String,
        /// First day; today when missing
        #[arg(long)]
        from: Option<Date>,
        /// Last day; a fixed term ends on the 31st of March of its fiscal year at the latest
        #[arg(long)]
        to: Option<Date>,
        /// regular, or fixed_term (会計年度任用職員)
        #[arg(long, default_value = "regular")]
        appointment: String,
    },
}

pub(super) fn officer(command: &OfficerCommand) -> Result<(), Stop> {
    let OfficerCommand::Appoint {
        common,
        tenant,
        email,
        name,
        department,
        role,
        title,
        from,
        to,
        appointment,
    } = command;
    let tenant = TenantCode::parse(tenant).ok_or_else(|| Stop(format!("{tenant} is no code of a body")))?;
    let role = Role::parse(role).ok_or_else(|| Stop(format!("{role} is no role")))?;
    let kind = Appointed::parse(appointment);
    let kind = kind.ok_or_else(|| Stop(format!("{appointment} is neither regular nor fixed_term")))?;
    let mut password = String::new();
    std::io::stdin().take(4096).read_to_string(&mut password)?;
    let password = SecretString::from(password.trim_end_matches(['\r', '\n']).to_owned());
    let (settings, _throw_away) = common.load()?;
    let machine = Machine::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let core = build_core(settings, machine.sources(), Migrate::Refuse).await?;
        let today = jst_day(core.clock.now());
        if core.catalogue.current().department(&tenant, department, from.unwrap_or(today)).is_none() {
            return Err(Stop(format!("{tenant} has no department {department}")));
        }
        let post = Post { department: department.clone(), role, title: title.clone() };
        let term = Term { from: from.unwrap_or(today), to: *to };
        let posts = vec![(post, term)];
        let appointment = Appointment { tenant, email: email.clone(), name: name.clone(), password, posts };
        let appointed = appoint_as(&core, kind, appointment).await?;
        let line = match appointed.origin {
            Origin::Fresh => "appointed",
            Origin::Replayed => "serves there already, nothing was changed",
        };
        say(format!("{line}: officer {}", appointed.officer));
        Ok(())
    })
}
