//! The file register (行政文書ファイル管理簿, R-123): what a body publishes of its record files. It names nobody.

use jiff::civil::Date;

use super::{PlannedMeasure, RetentionClass};
use crate::domain::csv::field;

/// The columns of the published table: classification in three levels, standard file, name, fiscal year of creation,
/// retention, last day, measure after it, place, manager, medium.
pub const REGISTER_COLUMNS: [&str; 12] = [
    "大分類",
    "中分類",
    "小分類",
    "標準行政文書ファイル",
    "名称",
    "作成年度",
    "保存期間",
    "保存期間満了日",
    "満了後の措置",
    "保存場所",
    "管理者",
    "記録媒体",
];

/// One line of the register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterLine<'a> {
    /// 大分類.
    pub large: &'a str,
    /// 中分類.
    pub middle: &'a str,
    /// 小分類.
    pub small: &'a str,
    /// 標準行政文書ファイル.
    pub standard_file: &'a str,
    /// 名称.
    pub name: &'a str,
    /// 作成年度.
    pub fiscal_year: i16,
    /// 保存期間.
    pub retention: RetentionClass,
    /// 満了日; none where nothing expires.
    pub expires_on: Option<Date>,
    /// 満了後の措置.
    pub measure: PlannedMeasure,
    /// 保存場所.
    pub place: &'a str,
    /// 管理者.
    pub manager: &'a str,
    /// 記録媒体.
    pub medium: &'a str,
}

/// The lines as CSV (RFC 4180, UTF-8, CRLF) without their head: a long register is written piece by piece.
pub fn csv<'a>(lines: impl IntoIterator<Item = RegisterLine<'a>>) -> String {
    let mut text = String::new();
    for line in lines {
        let expires_on = line.expires_on.map_or_else(String::new, |day| day.to_string());
        let year = line.fiscal_year.to_string();
        let fields = [
            line.large,
            line.middle,
            line.small,
            line.standard_file,
            line.name,
            &year,
            line.retention.label_ja(),
            &expires_on,
            line.measure.label_ja(),
            line.place,
            line.manager,
            line.medium,
        ];
        text.push_str(&fields.map(field).join(","));
        text.push_str("\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn r123_a_line_of_the_register_has_exactly_the_published_fields() {
        let line = RegisterLine {
            large: "許認可",
            middle: "電気工事業",
            small: "登録",
            standard_file: "電気工事業登録申請書",
            name: "電気工事業登録, 令和8年度",
            fiscal_year: 2026,
            retention: RetentionClass::Five,
            expires_on: Some(date(2032, 3, 31)),
            measure: PlannedMeasure::Dispose,
            place: "文書管理システム",
            manager: "消防保安課長",
            medium: "電子",
        };
        let text = csv([line.clone(), RegisterLine { expires_on: None, name: "=1", ..line }]);
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(
            lines,
            [
                "許認可,電気工事業,登録,電気工事業登録申請書,\"電気工事業登録, 令和8年度\",2026,5年,2032-03-31,廃棄,\
                 文書管理システム,消防保安課長,電子",
                "許認可,電気工事業,登録,電気工事業登録申請書,'=1,2026,5年,,廃棄,文書管理システム,消防保安課長,電子",
                "",
            ]
        );
    }
}
