//! What a mail to a member of staff says, in Japanese and English: that there is something to look at, never whose.

/// The subject of the mail about an overdue case.
pub const OVERDUE_SUBJECT: &str = "【窓口】標準処理期間を過ぎた案件があります / A case is overdue";

/// The text of the mail about the case of that number, which was due on `due_on`, to be looked at at `url`.
pub fn overdue_body(number: &str, due_on: &str, url: &str) -> String {
    format!(
        "受付番号 {number} の案件が標準処理期間の満了日（{due_on}）を過ぎています。理由と見込みを記録し、申請者にお知らせください。\n{url}\n\n\
         Case {number} was due on {due_on} and is overdue. Please record why and by when, so that the applicant is told.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subject_names_no_case_and_the_text_names_it_in_both_languages() {
        let body = overdue_body("20260401-X", "2026-04-15", "https://madoguchi.example");
        assert_eq!(body.matches("20260401-X").count(), 2);
        assert_eq!(body.matches("2026-04-15").count(), 2);
        assert!(!OVERDUE_SUBJECT.contains("2026"));
    }
}
