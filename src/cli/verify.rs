//! `verify`: is a paper ours, and what is it worth today?

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Common, Stop, say};
use crate::domain::issued_document::DocumentClaims;
use crate::seal::signer::{SignatureCheck, check_with_jwks};
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
            say(line(&found.claims, Some(&found.number), found.status.as_str()));
            Ok(())
        }),
    }
}

fn offline(file: &PathBuf, token: &str) -> Result<(), Stop> {
    let not_ours = || Stop::because("this document was not issued here");
    let keys: Value = serde_json::from_slice(&std::fs::read(file)?).map_err(Stop::because)?;
    let (claims, signature) = DocumentClaims::parse(token).map_err(|_| not_ours())?;
    match check_with_jwks(&keys, claims.statement().as_bytes(), &signature) {
        SignatureCheck::Valid => {
            say(line(&claims, None, "unknown"));
            Ok(())
        }
        SignatureCheck::Invalid => Err(not_ours()),
    }
}

/// One JSON line.
fn line(claims: &DocumentClaims, number: Option<&str>, status: &str) -> Value {
    json!({ "authentic": true, "document": claims.kind.as_str(), "tenant": claims.tenant.as_str(), "number": number,
        "issued_on": claims.issued_on.to_string(), "status": status,
        "content_sha256": data_encoding::HEXLOWER.encode(&claims.digest) })
}
