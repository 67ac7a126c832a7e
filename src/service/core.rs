//! The parts of the running program that the use cases share.

use std::sync::Arc;

use crate::catalogue::LiveCatalogue;
use crate::clock::{Clock, IdGen};
use crate::config::Settings;
use crate::documents::DocumentRenderer;
use crate::drill::Drill;
use crate::files::FileStore;
use crate::gateway::Gateways;
use crate::mail::Mailer;
use crate::seal::Keyring;
use crate::service::el_qr_upload::SlipsSeen;
use crate::service::incoming::NumberedByNothing;
use crate::service::password::PasswordPool;
use crate::service::payment_link::LinkCalls;
use crate::service::token::TokenSigner;
use crate::store::Db;

/// Everything a use case may reach for; cheap to share, made once at the start.
pub struct Core {
    /// The database.
    pub db: Db,
    /// Tenants, departments, procedures and calendars; a use case takes [`super::Ctx::catalogue`], which does not change.
    pub catalogue: LiveCatalogue,
    /// Data keys.
    pub keys: Arc<Keyring>,
    /// The present.
    pub clock: Arc<dyn Clock>,
    /// New ids and secret bytes.
    pub ids: Arc<dyn IdGen>,
    /// Settings.
    pub settings: Arc<Settings>,
    /// Attachments.
    pub files: FileStore,
    /// Mail.
    pub mail: Mailer,
    /// Making PDFs, bounded.
    pub documents: Arc<DocumentRenderer>,
    /// Slow password hashing, bounded.
    pub passwords: PasswordPool,
    /// Access tokens.
    pub tokens: TokenSigner,
    /// Payment gateways.
    pub gateways: Gateways,
    /// How often payment links are called, without an account.
    pub link_calls: LinkCalls,
    /// What came in and no rule numbers, so that it is not judged again and again.
    pub numbered_by_nothing: NumberedByNothing,
    /// Under which terms every open slip was looked at, so that it is not looked at again and again.
    pub slips_seen: SlipsSeen,
    /// Crash points.
    pub drill: Arc<Drill>,
}
