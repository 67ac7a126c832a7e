//! The vendors that are simulated: what the common parts need to know of each.
//!
//! A further vendor is a sibling module of `komoju` with a constant [`Facade`], one variant of [`Vendor`], and one arm in
//! [`of`].

use std::time::Duration;

use actix_web::web::ServiceConfig;
use jiff::Timestamp;

use super::clock::IdSource;
use super::core::Notification;
use super::model::{EventKind, Payment, Session, Vendor};
use super::settings::SimulatorSettings;
use super::state::{Delivery, Signing};
use super::{komoju, paypay, stripe, veritrans};

/// A vendor's side of the simulator.
pub struct Facade {
    /// Adds the vendor's routes.
    pub routes: fn(&mut ServiceConfig),
    /// The vendor's name of an event; `None` when it tells nobody of it.
    pub event_type: fn(EventKind, &Payment) -> Option<&'static str>,
    /// The notification of an event that has a name.
    pub notification: fn(&SimulatorSettings, &Event<'_>, &mut IdSource) -> Notification,
    /// Headers that depend on when a notification leaves; `None`: those made with it are all.
    pub headers_at_send: Option<HeadersAtSend>,
    /// How long the merchant may take to answer a notification.
    pub answer_within: Duration,
    /// After a failed delivery, the waits before the next tries, in virtual seconds; `None`: as the simulator is set.
    pub retry_seconds: Option<&'static [u32]>,
}

/// Makes the headers of a delivery that leaves now.
pub type HeadersAtSend = fn(&SimulatorSettings, &Delivery, Timestamp) -> Vec<(String, String)>;

/// What a notification tells.
#[derive(Debug)]
pub struct Event<'a> {
    /// What happened.
    pub kind: EventKind,
    /// The vendor's name of it.
    pub name: &'static str,
    /// The payment as it stood at that moment.
    pub payment: &'a Payment,
    /// Its session, when there is one.
    pub session: Option<&'a Session>,
    /// How it is signed.
    pub signing: Signing,
    /// When.
    pub at: Timestamp,
}

/// The side of a vendor.
pub fn of(vendor: Vendor) -> &'static Facade {
    match vendor {
        Vendor::Komoju => &komoju::FACADE,
        Vendor::Paypay => &paypay::FACADE,
        Vendor::Stripe => &stripe::FACADE,
        Vendor::Veritrans => &veritrans::FACADE,
    }
}
