//! `verify`: is a paper ours, and what is it worth today?

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Common, Stop, say};
use crate::domain::issued_document::DocumentClaims;
use crate::service::document::signature::FoundSignature;
use crate::service::{Caller, Ctx, document};

#[derive(Debug, Args)]
pub(super) struct VerifyOptions {
    #[command(flatten)]
    common: Common,
    /// The token of the document's QR code, or the whole address it leads to
    token: String,
    /// Check without the database, by the public keys in this file (what `audit key` prints); the status stays unknown
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

pub(super) fn verify(options: &VerifyOptions) -> Result<(), Stop> {
    let token = options.token.rsplit('/').next().unwrap_or_default();
    match &options.key {
        Some(file) => offline(file, token),
        None => options.common.run(async |core| {
            let ctx = Ctx::new(core, Caller::Anonymous, Uuid::nil());
            let found = document::verify(ctx, token).await?;
            say(line(&found.claims, Some(&found.number), found.status.as_str(), found.signature.as_ref()));
            Ok(())
        }),
    }
}

fn offline(file: &PathBuf, token: &str) -> Result<(), Stop> {
    let keys: Value = serde_json::from_slice(&std::fs::read(file)?).map_err(Stop::because)?;
    say(line(&document::verify_offline(&keys, token)?, None, "unknown", None));
    Ok(())
}

/// One JSON line.
fn line(
    claims: &DocumentClaims,
    number: Option<&str>,
    status: &str,
    signature: Option<&FoundSignature>,
) -> Value {
    let signature = signature.map(|found| {
        json!({ "authority": found.row.authority, "key": found.row.key_id, "certificate": found.certificate,
            "signed_on": found.row.signed_on.0.to_string(), "check": found.check.as_str() })
    });
    json!({ "authentic": true, "document": claims.name.kind().as_str(), "tenant": claims.tenant.as_str(), "number": number,
        "issued_on": claims.issued_on.to_string(), "status": status,
        "content_sha256": data_encoding::HEXLOWER.encode(&claims.digest), "signature": signature })
}
