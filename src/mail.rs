//! Mail leaves as RFC 5322 files in a pick-up folder, for whatever mail system takes them from there.
//!
//! Invariants: the file's name is the message's id, so a repeated delivery writes the same mail again instead of a
//! second one; a mail system never sees half a file; nothing a person wrote can add a header.

use std::fs::{self, File};
use std::io::{Error, ErrorKind, Result, Write};
use std::path::Path;

use data_encoding::BASE64;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use uuid::Uuid;

use crate::config::MailSettings;
use crate::files::{blocking, sync_folder};

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

/// Puts a mail into the pick-up folder; when it answers, a power cut cannot lose it.
pub async fn deliver(settings: &MailSettings, mail: &Mail) -> Result<()> {
    let text = render(&settings.from, mail)?;
    let folder = settings.directory.clone();
    let name = format!("{}.eml", mail.message_id);
    blocking(move || write(&folder, &name, text.as_bytes())).await
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    fs::create_dir_all(folder)?;
    let half = folder.join(format!(".{name}.half"));
    let mut file = File::create(&half)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&half, folder.join(name))?;
    sync_folder(folder)
}

/// The mail as it goes over the wire.
pub fn render(from: &str, mail: &Mail) -> Result<String> {
    let from = address(from)?;
    let to = address(&mail.to)?;
    let japan = TimeZone::fixed(Offset::constant(9));
    let written_at = mail.written_at.to_zoned(japan);
    let date = jiff::fmt::rfc2822::to_string(&written_at).map_err(Error::other)?;
    let domain = from.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
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
fn address(text: &str) -> Result<&str> {
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
    async fn a_repeated_delivery_leaves_one_mail() {
        let directory = std::env::temp_dir().join(format!("madoguchi-mail-{}", std::process::id()));
        let settings = MailSettings { directory: directory.clone(), from: "m@localhost".to_owned() };
        deliver(&settings, &mail("a@b.jp", "件名")).await.unwrap();
        deliver(&settings, &mail("a@b.jp", "件名")).await.unwrap();
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
        fs::remove_dir_all(directory).unwrap();
    }
}
