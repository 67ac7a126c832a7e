//! Mail handed to a mail server (RFC 5321), one connection a mail.
//!
//! Invariants: with `tls` or `starttls` nothing is said in clear, neither the password nor an address: a server that does
//! not offer it is refused; the whole dialogue ends within the timeout, so a job never outlives its lease; a server that
//! refuses *us* (no login, no relaying from here, its own trouble) is not held against the addressee.

use std::path::Path;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters, TlsParametersBuilder};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::ExposeSecret;

use super::DeliveryFault;
use crate::config::{BadSettings, SecretSettings, SmtpSettings, SmtpTls};

/// The way to one mail server.
pub struct SmtpServer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    timeout: Duration,
}

impl SmtpServer {
    /// Prepares the way; nothing is connected yet. `domain` is what we call ourselves.
    pub fn new(settings: &SmtpSettings, secrets: &SecretSettings, domain: &str) -> Result<Self, BadSettings> {
        let wrong =
            |error: lettre::transport::smtp::Error| BadSettings(vec![format!("mail.smtp.host: {error}")]);
        let own = authorities(&settings.ca_file)?;
        let parameters = || {
            let trusting = TlsParameters::builder(settings.host.clone());
            let trusting = own.iter().cloned().fold(trusting, TlsParametersBuilder::add_root_certificate);
            trusting.build().map_err(wrong)
        };
        let tls = match settings.tls {
            SmtpTls::None => Tls::None,
            SmtpTls::Starttls => Tls::Required(parameters()?),
            SmtpTls::Tls => Tls::Wrapper(parameters()?),
        };
        let timeout = Duration::from_millis(settings.timeout_ms);
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(tls)
            .timeout(Some(timeout))
            .hello_name(ClientId::Domain(domain.to_owned()));
        if !settings.user.is_empty() {
            let password = secrets.smtp_password()?;
            let password = password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(settings.user.clone(), password));
        }
        Ok(Self { transport: builder.build(), timeout })
    }

    /// Hands a finished mail over. It may have been taken although this fails: the answer to the last byte can get lost.
    pub async fn send(&self, from: &str, to: &str, bytes: &[u8]) -> Result<(), DeliveryFault> {
        let unusable = |_| DeliveryFault::Permanent { reply_code: None };
        let addresses = (from.parse::<Address>(), to.parse::<Address>());
        let (from, to) = (addresses.0.map_err(unusable)?, addresses.1.map_err(unusable)?);
        let envelope = Envelope::new(Some(from), vec![to])
            .map_err(|error| DeliveryFault::Temporary { why: error.to_string() })?;
        match tokio::time::timeout(self.timeout, self.transport.send_raw(&envelope, bytes)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(fault(&error)),
            Err(_) => Err(DeliveryFault::Temporary { why: "the mail server was too slow".to_owned() }),
        }
    }
}

/// The certificates of authorities that are believed beside those of the machine; none without a file.
fn authorities(file: &Path) -> Result<Option<Certificate>, BadSettings> {
    if file.as_os_str().is_empty() {
        return Ok(None);
    }
    let wrong = |error: &dyn std::fmt::Display| BadSettings(vec![format!("mail.smtp.ca_file: {error}")]);
    let pem = std::fs::read(file).map_err(|error| wrong(&error))?;
    Certificate::from_pem(&pem).map(Some).map_err(|error| wrong(&error))
}

/// What a failure means. A server's own words are left out: they like to repeat the address.
fn fault(error: &lettre::transport::smtp::Error) -> DeliveryFault {
    let reply_code = error.status().map(u16::from);
    match reply_code {
        Some(code) if is_about_the_addressee(code) => DeliveryFault::Permanent { reply_code },
        Some(code) => DeliveryFault::Temporary { why: format!("the mail server answered {code}") },
        None if error.is_timeout() => {
            DeliveryFault::Temporary { why: "the mail server was too slow".to_owned() }
        }
        None if error.is_tls() => DeliveryFault::Temporary { why: "no safe connection".to_owned() },
        None => DeliveryFault::Temporary { why: "the mail server cannot be talked to".to_owned() },
    }
}

/// Whether a reply says that this mail will never be taken (RFC 5321 §4.2.2, §4.2.3). Of the replies that begin with 5, those
/// about commands (50x), about a server that takes no mail at all (521) and about the login (53x, RFC 4954) are about us.
fn is_about_the_addressee(code: u16) -> bool {
    (550..=559).contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_refusals_of_the_mail_itself_are_for_good() {
        for code in [550, 551, 552, 553, 554, 555, 556] {
            assert!(is_about_the_addressee(code), "{code}");
        }
        for code in [250, 421, 450, 451, 452, 500, 502, 504, 521, 530, 534, 535] {
            assert!(!is_about_the_addressee(code), "{code}");
        }
    }
}
