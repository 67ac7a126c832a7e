//! Mail: written once as RFC 5322 text, then put into a pick-up folder or handed to a mail server.
//!
//! Invariants: a repeated delivery bears the same `Message-ID`, so that it is known for what it is; nothing a person wrote
//! can add a header.

mod pickup;
mod smtp;

use std::io::{Error, ErrorKind, Result as IoResult};
use std::path::PathBuf;

use data_encoding::BASE64;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use uuid::Uuid;

use self::smtp::SmtpServer;
use crate::config::{BadSettings, MailSettings, MailTransport, SecretSettings};
use crate::files::blocking;

/// One mail to one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Its id: the same for every repetition. The id of the job that sends it serves well.
    pub message_id: Uuid,
    /// The address.
    pub to: String,
    /// The subject, in any script.
    pub subject: String,
    /// The text, in any script.
    pub body: String,
    /// When it was written.
    pub written_at: Timestamp,
}

/// Why a mail was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryFault {
    /// Trying again may help. It may even have been taken: the answer can get lost.
    #[error("the mail was not taken now: {why}")]
    Temporary {
        /// Why, without an address.
        why: String,
    },
    /// Trying again cannot help: this mail is refused for good.
    #[error("the mail is refused for good ({})", .reply_code.map_or("bad address".to_owned(), |code| code.to_string()))]
    Permanent {
        /// The server's reply; none where the address itself cannot be used.
        reply_code: Option<u16>,
    },
}

/// Where mail goes.
pub struct Mailer {
    from: String,
    way: Way,
}

enum Way {
    Folder(PathBuf),
    Server(Box<SmtpServer>),
}

impl Mailer {
    /// The way that the settings choose; nothing is written or connected yet.
    pub fn new(settings: &MailSettings, secrets: &SecretSettings) -> Result<Self, BadSettings> {
        let way = match settings.transport {
            MailTransport::Pickup => Way::Folder(settings.directory.clone()),
            MailTransport::Smtp => {
                let server = SmtpServer::new(&settings.smtp, secrets, domain_of(&settings.from))?;
                Way::Server(Box::new(server))
            }
        };
        Ok(Self { from: settings.from.clone(), way })
    }

    /// Hands a mail over; when it answers, the mail is somebody else's to keep.
    pub async fn deliver(&self, mail: &Mail) -> Result<(), DeliveryFault> {
        let unusable = |_| DeliveryFault::Permanent { reply_code: None };
        let text = render(&self.from, mail).map_err(unusable)?;
        match &self.way {
            Way::Server(server) => server.send(&self.from, &mail.to, text.as_bytes()).await,
            Way::Folder(folder) => {
                let (folder, name) = (folder.clone(), format!("{}.eml", mail.message_id));
                let written = blocking(move || pickup::write(&folder, &name, text.as_bytes())).await;
                written.map_err(|error| DeliveryFault::Temporary { why: error.to_string() })
            }
        }
    }
}

fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("localhost", |(_, domain)| domain)
}

/// The mail as it goes over the wire.
pub fn render(from: &str, mail: &Mail) -> IoResult<String> {
    let from = address(from)?;
    let to = address(&mail.to)?;
    let japan = TimeZone::fixed(Offset::constant(9));
    let written_at = mail.written_at.to_zoned(japan);
    let date = jiff::fmt::rfc2822::to_string(&written_at).map_err(Error::other)?;
    let domain = domain_of(from);
    let mut text = String::new();
    let mut put = |line: &str| {
        text.push_str(line);
        text.push_str("\r\n");
    };
    put(&format!("Date: {date}"));
    put(&format!("From: {from}"));
    put(&format!("To: {to}"));
    put(&format!("Message-ID: <{}@{domain}>", mail.message_id));
    put(&format!("Subject: {}", encoded_words(&mail.subject)));
    put("Auto-Submitted: auto-generated");
    put("MIME-Version: 1.0");
    put("Content-Type: text/plain; charset=UTF-8");
    put("Content-Transfer-Encoding: base64");
    put("");
    let body = BASE64.encode(mail.body.replace("\r\n", "\n").replace('\n', "\r\n").as_bytes());
    for line in body.as_bytes().chunks(76) {
        put(&String::from_utf8_lossy(line));
    }
    Ok(text)
}

/// An address that fits on one line and cannot carry a second one.
fn address(text: &str) -> IoResult<&str> {
    let plain = text.is_ascii() && text.bytes().all(|byte| byte.is_ascii_graphic());
    let single = text.matches('@').count() == 1 && !text.contains([',', ';', '<', '>', '"', '(', ')', ':']);
    let refused = || Error::new(ErrorKind::InvalidInput, "an e-mail address cannot stand in a header");
    if plain && single && text.len() <= 254 { Ok(text) } else { Err(refused()) }
}

/// Bytes in one encoded word: with `Subject: ` before it the line stays within the 76 characters of RFC 2047 §2.
const LONGEST_WORD: usize = 39;

/// RFC 2047: words of at most 75 characters, each with whole characters; plain ASCII stays as it is.
fn encoded_words(text: &str) -> String {
    let printable = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if printable && text.len() <= 66 && !text.contains("=?") {
        return text.to_owned();
    }
    let mut words = Vec::new();
    let mut word = String::new();
    for character in text.chars() {
        if word.len() + character.len_utf8() > LONGEST_WORD {
            words.push(std::mem::take(&mut word));
        }
        word.push(character);
    }
    words.push(word);
    let words: Vec<_> =
        words.iter().map(|word| format!("=?UTF-8?B?{}?=", BASE64.encode(word.as_bytes()))).collect();
    words.join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(to: &str, subject: &str) -> Mail {
        Mail {
            message_id: Uuid::nil(),
            to: to.to_owned(),
            subject: subject.to_owned(),
            body: "青森県より\nお知らせです。".to_owned(),
            written_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_japanese_mail_is_ascii_on_the_wire_and_reads_back() {
        let subject = "電気工事業登録申請の受付のお知らせ（青森県）：手数料の納付方法について";
        let text = render("madoguchi@pref.example.jp", &mail("resident@example.jp", subject)).unwrap();
        assert!(text.is_ascii());
        assert!(text.lines().all(|line| line.len() <= 78), "{text}");
        assert!(text.starts_with("Date: Thu, 1 Jan 1970 09:00:00 +0900\r\n"), "{text}");
        assert!(text.contains("Message-ID: <00000000-0000-0000-0000-000000000000@pref.example.jp>\r\n"));
        let words = text.split("=?UTF-8?B?").skip(1).filter_map(|word| word.split_once("?="));
        let decoded: Vec<u8> = words.flat_map(|(word, _)| BASE64.decode(word.as_bytes()).unwrap()).collect();
        assert_eq!(String::from_utf8(decoded).unwrap(), subject);
        let body = text.split_once("\r\n\r\n").unwrap().1.replace("\r\n", "");
        assert_eq!(
            String::from_utf8(BASE64.decode(body.as_bytes()).unwrap()).unwrap(),
            "青森県より\r\nお知らせです。"
        );
    }

    #[test]
    fn nothing_a_person_wrote_adds_a_header() {
        for to in ["a@b\r\nBcc: c@d", "a@b,c@d", "a b@c", "a@b@c", "", "<a@b>"] {
            assert!(render("m@localhost", &mail(to, "x")).is_err(), "{to}");
        }
        let text = render("m@localhost", &mail("a@b.jp", "x\r\nBcc: c@d.jp")).unwrap();
        assert!(!text.contains("Bcc:"));
    }

    #[tokio::test]
    async fn a_repeated_delivery_into_the_folder_leaves_one_mail() {
        let directory = std::env::temp_dir().join(format!("madoguchi-mail-{}", std::process::id()));
        let way = Way::Folder(directory.clone());
        let mailer = Mailer { from: "m@localhost".to_owned(), way };
        mailer.deliver(&mail("a@b.jp", "件名")).await.unwrap();
        mailer.deliver(&mail("a@b.jp", "件名")).await.unwrap();
        assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 1);
        std::fs::remove_dir_all(directory).unwrap();
        let refused = mailer.deliver(&mail("a b@c.jp", "件名")).await;
        assert_eq!(refused, Err(DeliveryFault::Permanent { reply_code: None }));
    }
}
