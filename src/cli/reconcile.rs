//! `reconcile`: hold our books, the agents' payouts and the bank's credits of a body against each other.

use clap::Args;
use jiff::civil::Date;

use super::{Common, Stop, say};
use crate::domain::calendar::jst_day;
use crate::domain::id::TenantCode;
use crate::service::reconciliation;

#[derive(Debug, Args)]
pub(super) struct ReconcileOptions {
    #[command(flatten)]
    common: Common,
    /// The body, by its six-digit code
    #[arg(long, value_name = "CODE", value_parser = tenant)]
    tenant: TenantCode,
    /// As of the end of this day in Japan; without it, of yesterday
    #[arg(long, value_name = "YYYY-MM-DD")]
    day: Option<Date>,
}

fn tenant(text: &str) -> Result<TenantCode, String> {
    TenantCode::parse(text).ok_or_else(|| "wanted: a code of six digits".to_owned())
}

/// Runs it and prints one line of JSON.
pub(super) fn reconcile(options: &ReconcileOptions) -> Result<(), Stop> {
    options.common.run(async |core| {
        let today = jst_day(core.clock.now());
        let day = options.day.or(today.yesterday().ok()).unwrap_or(today);
        let report = reconciliation::run(&core, &options.tenant, day).await?;
        say(serde_json::to_string(&report).map_err(Stop::because)?);
        Ok(())
    })
}
