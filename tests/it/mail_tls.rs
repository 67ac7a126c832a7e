//! Mail to a server behind real TLS: a certificate is believed or nothing is said.

use jiff::Timestamp;
use madoguchi::config::{MailSettings, MailTransport, SecretSettings, Settings, SmtpTls};
use madoguchi::mail::{DeliveryFault, Mail, Mailer};
use secrecy::SecretString;
use uuid::Uuid;

use crate::support::db::new_folder;
use crate::support::smtp::LOGIN;
use crate::support::tls_server::{Authority, TlsServer};

const MODES: [SmtpTls; 2] = [SmtpTls::Tls, SmtpTls::Starttls];

/// Settings for the server of that name at a port, with the password of the relay.
fn settings(mode: SmtpTls, port: u16, authority: Option<&Authority>) -> (MailSettings, SecretSettings) {
    let Settings { mut mail, mut secrets, .. } = Settings::load_with(None, &[]).unwrap();
    mail.transport = MailTransport::Smtp;
    "localhost".clone_into(&mut mail.smtp.host);
    mail.smtp.port = port;
    mail.smtp.tls = mode;
    LOGIN.0.clone_into(&mut mail.smtp.user);
    mail.smtp.timeout_ms = 10_000;
    mail.smtp.ca_file = authority.map(Authority::file).unwrap_or_default();
    secrets.smtp_password = Some(SecretString::from(LOGIN.1));
    (mail, secrets)
}

async fn delivered(
    mode: SmtpTls,
    server: &TlsServer,
    authority: Option<&Authority>,
) -> Result<(), DeliveryFault> {
    let (mail, secrets) = settings(mode, server.port, authority);
    let mailer = Mailer::new(&mail, &secrets).unwrap();
    let mail = Mail {
        message_id: Uuid::from_u128(1),
        to: "taro@example.jp".to_owned(),
        subject: "通知が届いています".to_owned(),
        body: "サインインしてください。".to_owned(),
        written_at: Timestamp::UNIX_EPOCH,
    };
    mailer.deliver(&mail).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_a_believed_authority_certified_takes_the_mail_and_hears_nothing_in_clear() {
    let authority = Authority::new();
    for mode in MODES {
        let server = TlsServer::start(mode, authority.certify("localhost"));
        delivered(mode, &server, Some(&authority)).await.unwrap();
        let received = server.peer.received();
        assert_eq!(received.len(), 1, "{mode:?}");
        assert_eq!(received[0].to, ["taro@example.jp"]);
        assert_eq!(received[0].header("Subject"), "通知が届いています");
        assert!(
            server.peer.commands().iter().any(|line| line.starts_with("AUTH PLAIN")),
            "signed in within TLS"
        );
        let clear = server.said_in_clear();
        let only_first_words = clear.iter().all(|line| line.starts_with("EHLO") || line == "STARTTLS");
        assert!(only_first_words, "{clear:?}");
        assert_eq!(clear.is_empty(), mode == SmtpTls::Tls);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_certificate_is_refused_before_a_password_or_an_address_is_said() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    for mode in MODES {
        for (certificate, believed, what) in [
            (ours.certify("localhost"), None, "an authority that nobody believes"),
            (theirs.certify("localhost"), Some(&ours), "another authority than the believed one"),
            (ours.certify("mail.example.org"), Some(&ours), "another name than the server's"),
        ] {
            let server = TlsServer::start(mode, certificate);
            let refused = delivered(mode, &server, believed).await.unwrap_err();
            assert!(matches!(refused, DeliveryFault::Temporary { .. }), "{what}: {refused:?}");
            assert!(!refused.to_string().contains("taro@"), "{refused}");
            assert_eq!(server.peer.commands(), Vec::<String>::new(), "{mode:?}: {what}");
            assert!(server.peer.received().is_empty());
            let clear = server.said_in_clear();
            assert!(
                !clear.iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")),
                "{clear:?}"
            );
        }
    }
}

#[test]
fn a_file_of_authorities_that_is_none_stops_the_start() {
    let folder = new_folder();
    let file = folder.join("ca.pem");
    std::fs::write(&file, "-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n").unwrap();
    for path in [file, folder.join("missing.pem")] {
        let (mut mail, secrets) = settings(SmtpTls::Tls, 465, None);
        mail.smtp.ca_file = path;
        let Err(refused) = Mailer::new(&mail, &secrets) else {
            panic!("{:?} is no authority", mail.smtp.ca_file)
        };
        assert!(refused.to_string().contains("mail.smtp"), "{refused}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}
