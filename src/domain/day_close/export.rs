//! The close as a table for the financial accounting system (財務会計システム).

use super::CloseStatement;
use crate::domain::csv::field;

/// The columns, in Japanese as the systems of bodies name them: body, closed day, day of receipt, fiscal year, revenue
/// account (款項目節), method, merchant account or place, then yen: assessed, reduced, become too much, given up, entrusted, received, sent by
/// the agent, kept as its fee, taken off by it, refunds decided, refunds paid, settled by stamps, carried over from closed
/// years, interest on refunds decided and paid.
pub const CSV_COLUMNS: [&str; 22] = [
    "団体コード",
    "締め日",
    "収入日",
    "会計年度",
    "歳入科目",
    "支払方法",
    "収納経路",
    "調定額",
    "減額調定額",
    "過納発生額",
    "不納欠損額",
    "委託額",
    "収納額",
    "払込額",
    "手数料額",
    "控除額",
    "還付決定額",
    "還付支払額",
    "証紙額",
    "調定繰越額",
    "還付加算金決定額",
    "還付加算金支払額",
];

/// The rows as CSV (RFC 4180, UTF-8, CRLF).
pub fn csv(statement: &CloseStatement) -> String {
    let mut text = CSV_COLUMNS.join(",");
    text.push_str("\r\n");
    for row in &statement.rows {
        let (key, sums) = (&row.key, &row.amounts);
        let words = [
            statement.tenant.to_string(),
            statement.day.to_string(),
            key.booked_on.to_string(),
            key.fiscal_year.to_string(),
            key.account.clone(),
            key.method.clone(),
            key.gateway.clone(),
        ];
        let numbers = [
            sums.assessed,
            sums.reduced,
            sums.overpaid,
            sums.written_off,
            sums.entrusted,
            sums.received,
            sums.remitted,
            sums.fees,
            sums.withheld,
            sums.refund_decided,
            sums.refunded,
            sums.stamped,
            sums.carried_over,
            sums.interest_decided,
            sums.interest_paid,
        ];
        let words = words.iter().map(|word| field(word));
        let fields: Vec<String> = words.chain(numbers.iter().map(ToString::to_string)).collect();
        text.push_str(&fields.join(","));
        text.push_str("\r\n");
    }
    text
}
