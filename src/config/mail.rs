//! `[mail]`: where mail goes, and from whom it comes.

use std::net::IpAddr;
use std::path::PathBuf;

use serde::Deserialize;

/// `[mail]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// By which way mail leaves.
    pub transport: MailTransport,
    /// Pick-up folder.
    pub directory: PathBuf,
    /// Sender.
    pub from: String,
    /// The mail server.
    pub smtp: SmtpSettings,
}

/// By which way mail leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailTransport {
    /// As files in a folder.
    Pickup,
    /// Handed to a mail server.
    Smtp,
}

/// `[mail.smtp]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpSettings {
    /// Name or address of the server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept secret.
    pub tls: SmtpTls,
    /// PEM file with certificates of authorities to believe beside those of the machine, e.g. the body's own; empty: none.
    pub ca_file: PathBuf,
    /// Who signs in there; empty: nobody does.
    pub user: String,
    /// How long handing over one mail may take as a whole.
    pub timeout_ms: u64,
}

/// How a connection to the mail server is kept secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmtpTls {
    /// Not at all; only to a server on this machine.
    None,
    /// Begun in clear and made secret before anything is said; a server that cannot is refused.
    Starttls,
    /// From the first byte.
    Tls,
}

impl MailSettings {
    /// Everything wrong with the values; a mail must be handed over within half of a job's lease.
    pub(super) fn check(&self, lease_ms: i64, check: &mut impl FnMut(bool, &str)) {
        let plain = self.from.bytes().all(|byte| byte.is_ascii_graphic());
        let parts = self.from.split('@').filter(|part| !part.is_empty()).count();
        check(plain && parts == 2, "mail.from must be one plain address");
        if self.transport == MailTransport::Pickup {
            return;
        }
        let smtp = &self.smtp;
        check(!smtp.host.is_empty() && smtp.port > 0, "mail.smtp needs a host and a port");
        check(
            smtp.tls != SmtpTls::None || is_loopback(&smtp.host),
            "mail.smtp.tls must be starttls or tls where the server is another machine",
        );
        let longest_ms = u64::try_from(lease_ms).unwrap_or(0) / 2;
        check(
            (1..=longest_ms).contains(&smtp.timeout_ms),
            "mail.smtp.timeout_ms must lie between 1 and half of worker.lease_ms",
        );
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::super::{BadSettings, Settings};

    fn faults(values: &[(&str, &str)]) -> Vec<String> {
        let values: Vec<_> = values.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        match Settings::load_with(None, &values) {
            Ok(_) => Vec::new(),
            Err(BadSettings(faults)) => faults,
        }
    }

    #[test]
    fn mail_to_another_machine_is_never_sent_in_clear() {
        let clear = [("mail.transport", "smtp"), ("mail.smtp.tls", "none")];
        assert_eq!(faults(&clear), Vec::<String>::new(), "the server on this machine");
        let remote = [clear[0], clear[1], ("mail.smtp.host", "mail.example.jp")];
        assert!(faults(&remote).iter().any(|fault| fault.contains("mail.smtp.tls")));
        let safe = [clear[0], ("mail.smtp.tls", "starttls"), ("mail.smtp.host", "mail.example.jp")];
        assert_eq!(faults(&safe), Vec::<String>::new());
    }

    #[test]
    fn a_mail_is_handed_over_well_within_the_lease_and_from_one_address() {
        let wrong = [
            ("mail.transport", "smtp"),
            ("mail.smtp.timeout_ms", "30001"),
            ("mail.smtp.host", ""),
            ("mail.from", "nobody"),
        ];
        let faults = faults(&wrong);
        for name in ["mail.smtp.timeout_ms", "mail.smtp needs", "mail.from"] {
            assert!(faults.iter().any(|fault| fault.contains(name)), "{name}: {faults:?}");
        }
    }
}
