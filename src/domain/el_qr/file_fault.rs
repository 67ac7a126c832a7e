//! What is wrong with a file of the organisation: which line, which column, what.

use super::file::Field;
use crate::domain::fault::Fault;

/// What is wrong with a place of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFaultKind {
    /// The bytes are no text in this encoding, or a line does not end as it should.
    Unreadable,
    /// There is no line.
    Empty,
    /// The line has other columns or another length.
    Columns,
    /// The value cannot be read.
    Value,
    /// Another text stands where always the same stands.
    Literal,
    /// The file says another number of lines, or another sum.
    DoesNotAdd,
    /// The same thing stands twice.
    Duplicate,
    /// It is not known here.
    Unknown,
    /// Something else was said of it before.
    Contradicts,
    /// The day has not come yet.
    InTheFuture,
    /// It is about another body.
    OtherBody,
}

impl FileFaultKind {
    fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Empty => "empty",
            Self::Columns => "columns",
            Self::Value => "bad_value",
            Self::Literal => "not_of_this_layout",
            Self::DoesNotAdd => "does_not_add",
            Self::Duplicate => "duplicate",
            Self::Unknown => "unknown_slip",
            Self::Contradicts => "contradicts",
            Self::InTheFuture => "in_the_future",
            Self::OtherBody => "other_body",
        }
    }

    fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::Unreadable => (
                "設定された文字コード・改行で読み取れません。",
                "This is no text of the configured encoding and line ends.",
            ),
            Self::Empty => ("明細がありません。", "There is no line."),
            Self::Columns => {
                ("列の数又は行の長さが違います。", "This line has other columns or another length.")
            }
            Self::Value => ("値が正しくありません。", "This value is not usable."),
            Self::Literal => {
                ("設定されたレイアウトの行ではありません。", "This is no line of the configured layout.")
            }
            Self::DoesNotAdd => {
                ("件数又は合計が明細と一致しません。", "Count or sum is not that of the lines.")
            }
            Self::Duplicate => ("同じものが二度あります。", "The same stands twice."),
            Self::Unknown => ("このファイルに対応する納付書がありません。", "There is no such slip here."),
            Self::Contradicts => {
                ("以前に取り込んだ内容と異なります。", "Something else was said of it before.")
            }
            Self::InTheFuture => ("未来の日付です。", "This day is yet to come."),
            Self::OtherBody => ("他の団体のファイルです。", "This file is about another body."),
        }
    }
}

/// Something wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileFault {
    /// The line, from 1; 0: the whole file.
    pub line_no: usize,
    /// The column, where it is one.
    pub field: Option<Field>,
    /// What it is.
    pub kind: FileFaultKind,
}

impl FileFault {
    /// As the caller is told: the place is line and column below the file.
    pub fn fault(self) -> Fault {
        let (ja, en) = self.kind.text();
        let column = self.field.map_or("row", Field::as_str);
        let (line, pointer) = (self.line_no, format!("/content_base64/{}/{column}", self.line_no));
        Fault::new(pointer, self.kind.code(), format!("{line}行目: {ja}"), format!("line {line}: {en}"))
    }
}
