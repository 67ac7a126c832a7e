//! The text of a contract: a pure function of the offer, so that whoever signs it and whoever checks it have the same bytes.

use jiff::civil::Date;
use serde_json::Value;
use uuid::Uuid;

use crate::domain::form::printed::{grouped, printed};
use crate::domain::id::TenantCode;
use crate::domain::money::Yen;
use crate::domain::procedure::{ContractTerms, Field, FieldType};
use crate::domain::wareki;

/// What a contract offers, and to whom.
#[derive(Clone, Debug)]
pub struct Offer<'a> {
    /// The body.
    pub tenant: &'a TenantCode,
    /// The contract.
    pub id: Uuid,
    /// The number of the case.
    pub number: &'a str,
    /// 文書番号 of the decision to offer it.
    pub document_number: &'a str,
    /// Who signs for the body.
    pub authority: &'a str,
    /// The other side as pinned in the case.
    pub counterpart: &'a str,
    /// The price in yen; none where nothing is to be paid with the conclusion.
    pub price: Option<Yen>,
    /// The day of the offer.
    pub offered_on: Date,
    /// The last day for the signatures.
    pub sign_by: Date,
}

/// The placeholders that every text of a contract may have.
const OF_OFFER: [&str; 6] = ["authority", "counterpart", "document_number", "price", "offered_on", "sign_by"];

/// The exact text that both sides sign, in UTF-8: first what it is about, a line each, so that a signature of it is one of nothing
/// else; then title and clauses with what was answered put in.
pub fn statement(offer: &Offer<'_>, terms: &ContractTerms, form: &[Field], answers: &Value) -> String {
    let Offer { tenant, id, number, document_number, authority, counterpart, .. } = offer;
    let (offered_on, sign_by) = (offer.offered_on, offer.sign_by);
    let price = offer.price.map_or_else(String::new, |price| price.amount().to_string());
    let mut text = format!(
        "madoguchi contract v1\n{tenant}\n{id}\n{number}\n{document_number}\n{authority}\n{}\n{price}\n{offered_on}\n{sign_by}\n\n{}\n",
        on_one_line(counterpart),
        terms.title.ja,
    );
    for clause in &terms.clauses {
        text.push('\n');
        text.push_str(&filled(clause, |name| words(name, offer, form, answers)));
        text.push('\n');
    }
    text
}

/// What stands in for a placeholder; nothing where it was not answered.
fn words(name: &str, offer: &Offer<'_>, form: &[Field], answers: &Value) -> String {
    let text = match name {
        "authority" => offer.authority.to_owned(),
        "counterpart" => offer.counterpart.to_owned(),
        "document_number" => offer.document_number.to_owned(),
        "price" => offer.price.map_or_else(String::new, |price| grouped(&price.amount().to_string())),
        "offered_on" => wareki::write(offer.offered_on),
        "sign_by" => wareki::write(offer.sign_by),
        field => field.strip_prefix("form.").map_or_else(String::new, |name| answered(name, form, answers)),
    };
    on_one_line(&text)
}

fn answered(name: &str, form: &[Field], answers: &Value) -> String {
    let (Some(field), Some(answer)) = (form.iter().find(|field| field.name == name), answers.get(name))
    else {
        return String::new();
    };
    let part = |part: &str| answer.get(part).and_then(Value::as_str).unwrap_or_default();
    match field.field_type {
        FieldType::PersonName => format!("{}　{}", part("family"), part("given")).trim().to_owned(),
        FieldType::Address => part("text").to_owned(),
        _ => {
            let lines = printed(std::slice::from_ref(field), answers);
            lines.into_iter().map(|line| line.words).collect::<Vec<_>>().join("、")
        }
    }
}

/// Nobody adds a line to a contract by an answer, and nobody makes it read in another order than its bytes stand in.
fn on_one_line(text: &str) -> String {
    text.chars().map(|letter| if moves_the_text(letter) { ' ' } else { letter }).collect()
}

/// Controls, the separators of lines and paragraphs, the controls of the writing direction, and the mark of the byte order.
fn moves_the_text(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{FEFF}')
        || matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// A clause with its placeholders `{name}` replaced; what is put in is not looked at again.
fn filled(clause: &str, words: impl Fn(&str) -> String) -> String {
    let mut text = String::new();
    let mut rest = clause.trim_end();
    while let Some((before, behind)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, after)) = behind.split_once('}') else {
            text.push('{');
            rest = behind;
            continue;
        };
        text.push_str(&words(name));
        rest = after;
    }
    text.push_str(rest);
    text
}

/// The placeholders of a clause that stand for nothing: neither of the offer nor a field of the form that can be put into a sentence.
pub fn unknown_placeholders(clause: &str, form: &[Field]) -> Vec<String> {
    let is_known = |name: &str| {
        let of_form =
            name.strip_prefix("form.").and_then(|name| form.iter().find(|field| field.name == name));
        OF_OFFER.contains(&name) || of_form.is_some_and(|field| field.field_type != FieldType::Table)
    };
    let mut unknown = Vec::new();
    for behind in clause.split('{').skip(1) {
        match behind.split_once('}') {
            Some((name, _)) if is_known(name) => {}
            Some((name, _)) => unknown.push(name.to_owned()),
            None => unknown.push(behind.to_owned()),
        }
    }
    unknown
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::json;

    use super::*;
    use crate::domain::procedure::Bilingual;

    fn form() -> Vec<Field> {
        let field = |name: &str, kind: &str| json!({ "name": name, "label": { "ja": name, "en": name }, "type": kind });
        let fields = [
            field("lot", "text"),
            field("from_on", "date"),
            field("owner", "person_name"),
            field("address", "address"),
            field("rows", "table"),
        ];
        fields.into_iter().map(|field| serde_json::from_value(field).unwrap()).collect()
    }

    fn terms(clause: &str) -> ContractTerms {
        ContractTerms {
            title: Bilingual { ja: "県有財産賃貸借契約書".to_owned(), en: "Lease".to_owned() },
            clauses: vec![clause.to_owned()],
            authority: "青森県知事".to_owned(),
            signing_days: 14,
            trust_anchors: Vec::new(),
            basis: "地方自治法第234条第5項".to_owned(),
            source: "試験用".to_owned(),
            sample: true,
        }
    }

    fn text(clause: &str, lot: &str) -> String {
        let tenant = TenantCode::parse("020001").unwrap();
        let offer = Offer {
            tenant: &tenant,
            id: Uuid::from_u128(1),
            number: "20260401-X",
            document_number: "第1号",
            authority: "青森県知事",
            counterpart: "工藤\n太郎",
            price: Some(Yen::new(1_234_567).unwrap()),
            offered_on: date(2026, 4, 10),
            sign_by: date(2026, 4, 24),
        };
        let answers = json!({ "lot": lot, "from_on": "2026-10-01",
            "owner": { "family": "工藤", "given": "さくら" }, "address": { "text": "青森県むつ市中央一丁目" } });
        statement(&offer, &terms(clause), &form(), &answers)
    }

    #[test]
    fn r103_the_text_says_what_it_is_about_and_puts_in_what_was_agreed() {
        let clause = "第1条　{authority}は{counterpart}（{form.owner}、{form.address}）に{form.lot}を{form.from_on}から{price}円で貸す。";
        assert_eq!(
            text(clause, "1番"),
            "madoguchi contract v1\n020001\n00000000-0000-0000-0000-000000000001\n20260401-X\n第1号\n青森県知事\n工藤 太郎\n\
             1234567\n2026-04-10\n2026-04-24\n\n県有財産賃貸借契約書\n\n第1条　青森県知事は工藤 太郎（工藤　さくら、\
             青森県むつ市中央一丁目）に1番を令和8年10月1日から1,234,567円で貸す。\n"
        );
        assert_eq!(text(clause, "1番"), text(clause, "1番"), "the same bytes each time");
    }

    #[test]
    fn r103_an_answer_adds_no_line_and_no_placeholder_to_a_contract() {
        let text = text("第1条　{form.lot}。", "1番\n第2条　{price}");
        assert!(text.ends_with("\n第1条　1番 第2条　{price}。\n"), "{text}");
    }

    #[test]
    fn r103_no_letter_of_an_answer_breaks_a_line_or_turns_the_order_in_which_it_is_read() {
        let moving = "\n\r\u{85}\u{2028}\u{2029}\u{61C}\u{200E}\u{200F}\u{202A}\u{202B}\u{202C}\u{202D}\u{202E}\u{2066}\
                      \u{2067}\u{2068}\u{2069}\u{FEFF}";
        for letter in moving.chars() {
            let text = text("第1条　{form.lot}。", &format!("1番{letter}2番"));
            assert!(text.ends_with("\n第1条　1番 2番。\n"), "U+{:04X}: {text}", u32::from(letter));
        }
        let harmless = "1番\u{3000}‐\u{200B}・2番𠮷";
        assert!(text("第1条　{form.lot}。", harmless).ends_with(&format!("\n第1条　{harmless}。\n")));
    }

    #[test]
    fn r103_a_placeholder_that_stands_for_nothing_is_named() {
        let unknown = |clause: &str| unknown_placeholders(clause, &form());
        assert_eq!(unknown("{counterpart}と{form.lot}と{sign_by}"), Vec::<String>::new());
        assert_eq!(unknown("{form.rows}{form.none}{who}{"), ["form.rows", "form.none", "who", ""]);
    }
}
