//! The notice to pay (納入通知書): every item that the law asks for, fixed on the day of issue.
//!
//! The notice on a screen is 「その他の方法」 and must show the same as the one on paper. What it says is put together once from
//! what is stored on that day and kept, so that it reads the same for ever. Who owes stands pinned in the case.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::invoice::InvoiceLine;
use crate::domain::money::Yen;
use crate::domain::procedure::Bilingual;

/// In which way a notice was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeWay {
    /// On the screen of whoever owes.
    Electronic,
    /// On paper.
    Paper,
    /// By word of mouth or a sign at the counter, where the body's ordinance lets it.
    Oral,
}

impl NoticeWay {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Electronic, Self::Paper, Self::Oral];

    /// The name stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Electronic => "electronic",
            Self::Paper => "paper",
            Self::Oral => "oral",
        }
    }

    /// The way of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == text)
    }
}

/// What a notice says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeContent {
    /// The body that claims.
    pub issuer: Bilingual,
    /// In whose name.
    pub authority: Bilingual,
    /// 所属年度.
    pub fiscal_year: i16,
    /// The lines, each with its account (歳入科目) and clause.
    pub lines: Vec<InvoiceLine>,
    /// 納入すべき金額.
    pub total: Yen,
    /// 納期限, not moved; none where no term is known.
    pub due_on: Option<Date>,
    /// The day by which paying is in time: the due day, moved off days off.
    pub payable_until: Option<Date>,
    /// 納入場所.
    pub places: Vec<Bilingual>,
    /// The methods that the ordinance allows.
    pub methods: Vec<String>,
    /// 請求の事由.
    pub reason: Bilingual,
}

/// 請求の事由: for which application of which procedure.
pub fn reason(procedure: &Bilingual, number: &str) -> Bilingual {
    Bilingual {
        ja: format!("{}（受付番号 {number}）に係る手数料・使用料", procedure.ja),
        en: format!("Fees for {} (application {number})", procedure.en),
    }
}
