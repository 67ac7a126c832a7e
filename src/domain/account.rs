//! Accounts (アカウント): who may have one and what a registration must say. A resident is one person to all tenants.

use super::corporate_number;
use super::fault::Fault;
use super::procedure::ApplicantKind;

/// Longest name in characters.
pub const NAME_MAX: usize = 100;
/// Longest password in characters; long enough for any phrase, short enough to hash at once.
pub const PASSWORD_MAX: usize = 256;

/// Whom an account stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccountKind {
    /// A natural person (個人).
    Resident,
    /// A corporation or a sole trader (法人・事業者).
    Business,
    /// A member of staff (職員); appointed, never self-registered.
    Officer,
}

impl AccountKind {
    /// All kinds, for tables and tests.
    pub const ALL: [Self; 3] = [Self::Resident, Self::Business, Self::Officer];

    /// The stored name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resident => "resident",
            Self::Business => "business",
            Self::Officer => "officer",
        }
    }

    /// The kind of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// As whom such an account applies. Staff never do through the account they serve with: a case of theirs
    /// would be theirs to decide.
    pub fn applicant_kind(self) -> Option<ApplicantKind> {
        match self {
            Self::Resident => Some(ApplicantKind::Resident),
            Self::Business => Some(ApplicantKind::Business),
            Self::Officer => None,
        }
    }
}

/// What somebody states about the account to be made.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    /// As typed.
    pub email: &'a str,
    /// Length of the password in characters; the password itself is nothing to the rules.
    pub password_length: usize,
    /// As typed.
    pub name: &'a str,
    /// Whom it stands for.
    pub kind: AccountKind,
    /// 法人番号, for a business only.
    pub corporate_number: Option<&'a str>,
}

/// The form in which e-mail addresses are compared: without surrounding blanks, in lower case.
pub fn comparable_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Everything wrong with a registration, all at once.
pub fn faults(statement: &Statement<'_>, password_min: usize) -> Vec<Fault> {
    let number = statement.corporate_number;
    [
        (!has_email_shape(&comparable_email(statement.email))).then(|| {
            Fault::new(
                "/email",
                "email",
                "メールアドレスの形式が正しくありません。",
                "This is not an e-mail address.",
            )
        }),
        (statement.password_length < password_min).then(|| {
            let ja = format!("パスワードは{password_min}文字以上にしてください。");
            Fault::new(
                "/password",
                "too_short",
                ja,
                format!("The password needs at least {password_min} characters."),
            )
        }),
        (statement.password_length > PASSWORD_MAX).then(|| {
            let ja = format!("パスワードは{PASSWORD_MAX}文字以内にしてください。");
            Fault::new(
                "/password",
                "too_long",
                ja,
                format!("The password has more than {PASSWORD_MAX} characters."),
            )
        }),
        statement.name.trim().is_empty().then(|| {
            Fault::new("/name", "required", "氏名又は名称を入力してください。", "The name is required.")
        }),
        (statement.name.chars().count() > NAME_MAX).then(|| {
            let ja = format!("氏名又は名称は{NAME_MAX}文字以内にしてください。");
            Fault::new("/name", "too_long", ja, format!("The name has more than {NAME_MAX} characters."))
        }),
        (statement.kind != AccountKind::Business && number.is_some()).then(|| {
            let ja = "法人番号は事業者のアカウントだけが持ちます。";
            let en = "Only a business has a corporate number.";
            Fault::new("/corporate_number", "not_for_this_kind", ja, en)
        }),
        (statement.kind == AccountKind::Business
            && number.is_some_and(|text| !corporate_number::is_valid(text)))
        .then(|| {
            let ja = "法人番号が正しくありません（検査数字）。";
            Fault::new("/corporate_number", "check_digit", ja, "The corporate number's check digit is wrong.")
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether `text` looks like an address that mail can be sent to. Only a mail that arrives proves more.
pub fn has_email_shape(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let local_char = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let label = |label: &str| {
        !label.is_empty()
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 254
        && (1..=64).contains(&local.len())
        && local.chars().all(local_char)
        && domain.contains('.')
        && domain.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_address_has_a_local_part_and_a_dotted_domain() {
        for good in ["a@b.jp", "taro.kudo+madoguchi@example.co.jp", "x_y@sub-domain.example"] {
            assert!(has_email_shape(good), "{good}");
        }
        for bad in [
            "", "a", "@b.jp", "a@", "a@b", "a@.jp", "a@b..jp", "a b@c.jp", "a@b.jp\n", "a@b@c.jp", "a@-b.jp",
            "あ@b.jp",
        ] {
            assert!(!has_email_shape(bad), "{bad}");
        }
        assert_eq!(comparable_email("  Taro@Example.JP "), "taro@example.jp");
    }

    #[test]
    fn every_fault_of_a_registration_is_named_at_once() {
        let bad = Statement {
            email: "nobody",
            password_length: 7,
            name: " ",
            kind: AccountKind::Business,
            corporate_number: Some("1000000000000"),
        };
        let found: Vec<_> = faults(&bad, 8).into_iter().map(|fault| (fault.pointer, fault.code)).collect();
        let expected = [
            ("/email", "email"),
            ("/password", "too_short"),
            ("/name", "required"),
            ("/corporate_number", "check_digit"),
        ];
        assert_eq!(found, expected.map(|(pointer, code)| (pointer.to_owned(), code)));
    }

    #[test]
    fn r151_only_a_business_gives_a_corporate_number_and_it_is_checked() {
        let with = |kind, corporate_number| {
            let statement =
                Statement {
                    email: "a@b.jp", password_length: 8, name: "青森電気", kind, corporate_number
                };
            faults(&statement, 8).into_iter().map(|fault| fault.code).collect::<Vec<_>>()
        };
        assert!(with(AccountKind::Business, Some("2000020020001")).is_empty());
        assert!(with(AccountKind::Business, None).is_empty());
        assert_eq!(with(AccountKind::Business, Some("3000020020001")), ["check_digit"]);
        assert_eq!(with(AccountKind::Resident, Some("2000020020001")), ["not_for_this_kind"]);
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        let name = "青".repeat(NAME_MAX);
        let statement = Statement {
            email: "a@b.jp",
            password_length: PASSWORD_MAX,
            name: &name,
            kind: AccountKind::Resident,
            corporate_number: None,
        };
        assert!(faults(&statement, 8).is_empty());
        let long = format!("{name}森");
        let codes = faults(&Statement { name: &long, password_length: PASSWORD_MAX + 1, ..statement }, 8);
        assert_eq!(codes.into_iter().map(|fault| fault.pointer).collect::<Vec<_>>(), ["/password", "/name"]);
    }
}
