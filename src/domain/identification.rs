//! Identification (本人確認, R-45): how surely somebody must be identified to hand something in, and how the office confirms who
//! stands at its counter.
//!
//! Whoever signed in is identified as surely as the session says. A procedure, or a statement of its form, may ask for more
//! than that; then it is not handed in through the system, and the other ways (窓口・郵送, R-194) stay open: there an
//! officer confirms the identity and attests how.

use serde::Serialize;
use serde_json::Value;

use super::fault::Fault;
use super::form::escape;
use super::procedure::{Assurance, ProcedureDefinition};

/// How an officer confirmed who it is (本人確認の方法).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityCheck {
    /// 写真付きの公的な身分証明書 1点: one official document with a photograph.
    PhotoDocument,
    /// 写真のない公的な書類 2点: two official documents without a photograph.
    TwoDocuments,
    /// 実印と印鑑登録証明書: the registered seal with its certificate, also of a corporation.
    SealCertificate,
}

impl IdentityCheck {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::PhotoDocument, Self::TwoDocuments, Self::SealCertificate];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PhotoDocument => "photo_document",
            Self::TwoDocuments => "two_documents",
            Self::SealCertificate => "seal_certificate",
        }
    }

    /// The way of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == text)
    }
}

/// What is asked for and not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortfall {
    /// The highest level that is asked for.
    pub asked: Assurance,
    /// Who asks for more than is there: the procedure, and each statement that was made. The code is the level asked for.
    pub faults: Vec<Fault>,
}

/// What these answers of `definition` ask for beyond the level `has`; nothing where that suffices. Pointers go into the request.
pub fn shortfall(definition: &ProcedureDefinition, answers: &Value, has: Assurance) -> Option<Shortfall> {
    let stated = |name: &str| answers.get(name).and_then(Value::as_bool).unwrap_or(false);
    let statements = definition.form.iter().filter(|field| stated(&field.name)).filter_map(|field| {
        let pointer = format!("/form/{}", escape(&field.name));
        Some((pointer, field.assurance?, field.label.ja.as_str(), field.label.en.as_str()))
    });
    let title = &definition.title;
    let procedure = ("/procedure".to_owned(), definition.assurance, title.ja.as_str(), title.en.as_str());
    let short: Vec<_> =
        std::iter::once(procedure).chain(statements).filter(|(_, asked, ..)| *asked > has).collect();
    let asked = short.iter().map(|(_, asked, ..)| *asked).max()?;
    let fault = |(pointer, asked, ja, en): (String, Assurance, &str, &str)| {
        let ja = format!("「{ja}」には{}が必要です。", asked.name_ja());
        let en = format!("\"{en}\" needs {}.", asked.name_en());
        Fault::new(pointer, asked.as_str(), ja, en)
    };
    Some(Shortfall { asked, faults: short.into_iter().map(fault).collect() })
}

/// Whether an officer must say how the identity was confirmed, where the office enters what came on paper: what a password
/// would do for online, a name does for on paper.
pub fn must_be_attested(definition: &ProcedureDefinition) -> bool {
    definition.assurance > Assurance::Id
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::procedure::specimen::changed;

    fn asking(procedure: &str, statement: Option<&str>) -> ProcedureDefinition {
        changed(|it| {
            it["assurance"] = json!(procedure);
            if let Some(level) = statement {
                let label = json!({"ja": "誓約", "en": "Pledge"});
                let field =
                    json!({"name": "pledge", "label": label, "type": "statement", "assurance": level});
                it["form"].as_array_mut().unwrap().push(field);
            }
        })
    }

    /// Every level against every level: exactly what is higher than the session is short.
    #[test]
    fn r45_a_procedure_asks_for_more_than_the_session_has_exactly_where_its_level_is_higher() {
        for asked in Assurance::ALL {
            for has in Assurance::ALL {
                let short = shortfall(&asking(asked.as_str(), None), &json!({}), has);
                assert_eq!(short.is_some(), asked > has, "{asked:?} of {has:?}");
                if let Some(short) = short {
                    assert_eq!(short.asked, asked);
                    let found: Vec<_> =
                        short.faults.iter().map(|it| (it.pointer.as_str(), it.code)).collect();
                    assert_eq!(found, [("/procedure", asked.as_str())]);
                }
            }
        }
    }

    #[test]
    fn r45_a_statement_asks_only_where_it_is_made_and_the_highest_level_is_named() {
        let definition = asking("user_certificate", Some("signature"));
        let made = shortfall(&definition, &json!({ "pledge": true }), Assurance::Id).unwrap();
        assert_eq!(made.asked, Assurance::Signature);
        let pointers: Vec<_> = made.faults.iter().map(|it| it.pointer.as_str()).collect();
        assert_eq!(pointers, ["/procedure", "/form/pledge"], "all at once");
        let not_made = shortfall(&definition, &json!({ "pledge": false }), Assurance::Id).unwrap();
        assert_eq!(not_made.asked, Assurance::UserCertificate);
        let enough_for_one = shortfall(&definition, &json!({ "pledge": true }), Assurance::UserCertificate);
        assert_eq!(enough_for_one.unwrap().faults.len(), 1);
        assert_eq!(shortfall(&definition, &json!({ "pledge": true }), Assurance::Signature), None);
    }

    #[test]
    fn r45_the_office_attests_an_identity_where_a_password_would_not_do() {
        let attested = Assurance::ALL.map(|level| must_be_attested(&asking(level.as_str(), None)));
        assert_eq!(attested, [false, false, true, true]);
        for way in IdentityCheck::ALL {
            assert_eq!(IdentityCheck::parse(way.as_str()), Some(way));
        }
    }
}
