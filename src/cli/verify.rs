//! `verify`: is a paper ours, and what is it worth today?

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Common, Stop, say};
use crate::domain::issued_document::DocumentClaims;
use crate::service::document::offline::{self, OfflineSignature};
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
    /// The signature of office in this file (what `GET …/documents/{document}/signature` answered), to be checked by the same keys
    #[arg(long, value_name = "FILE", requires = "key")]
    signature: Option<PathBuf>,
}

pub(super) fn verify(options: &VerifyOptions) -> Result<(), Stop> {
    let token = options.token.rsplit('/').next().unwrap_or_default();
    match &options.key {
        Some(file) => offline(file, token, options.signature.as_deref()),
        None => options.common.run(async |core| {
            let ctx = Ctx::new(core, Caller::Anonymous, Uuid::nil());
            let found = document::verify(ctx, token).await?;
            let signature = found.signature.as_ref().map(of_database);
            say(line(&found.claims, Some(&found.number), found.status.as_str(), signature.as_ref()));
            Ok(())
        }),
    }
}

fn offline(file: &Path, token: &str, signature: Option<&Path>) -> Result<(), Stop> {
    let read = |file: &Path| -> Result<Value, Stop> {
        serde_json::from_slice(&std::fs::read(file)?).map_err(Stop::because)
    };
    let keys = read(file)?;
    let claims = document::verify_offline(&keys, token)?;
    let signature = match signature {
        None => None,
        Some(file) => {
            let found = offline::check_signature(&keys, &claims, &read(file)?);
            Some(of_file(&found.ok_or_else(|| Stop::because("the file is no signature of office"))?))
        }
    };
    say(line(&claims, None, "unknown", signature.as_ref()));
    Ok(())
}

fn of_database(found: &FoundSignature) -> Value {
    json!({ "authority": found.row.authority, "key": found.row.key_id, "certificate": found.certificate,
        "signed_on": found.row.signed_on.0.to_string(), "check": found.check.as_str() })
}

fn of_file(found: &OfflineSignature) -> Value {
    json!({ "authority": found.signed.authority, "key": found.signed.key, "certificate": found.certificate,
        "signed_on": found.signed.signed_on.to_string(), "check": found.check.as_str() })
}

/// One JSON line.
fn line(claims: &DocumentClaims, number: Option<&str>, status: &str, signature: Option<&Value>) -> Value {
    json!({ "authentic": true, "document": claims.name.kind().as_str(), "tenant": claims.tenant.as_str(), "number": number,
        "issued_on": claims.issued_on.to_string(), "status": status,
        "content_sha256": data_encoding::HEXLOWER.encode(&claims.digest), "signature": signature })
}
