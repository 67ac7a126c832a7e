//! What a report says beyond what is known of its payout, whoever reports it and in whichever order (F37).
//!
//! Within one origin a line is known by its key. The gateway's interface and an accountant's table name the same line
//! differently: across them a line is the same when it says the same of the same payment, and each known line stands for one.

use std::collections::HashMap;

use jiff::civil::Date;

use super::{LineKind, SettlementBatch, SettlementLine, sums};

/// Where a report came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReportOrigin {
    /// Fetched from the gateway.
    Api,
    /// Uploaded by an accountant.
    Upload,
}

impl ReportOrigin {
    /// The name stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Upload => "upload",
        }
    }

    /// The origin of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Api, Self::Upload].into_iter().find(|origin| origin.as_str() == text)
    }
}

/// Whether two statements of one thing agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// They do.
    Agrees,
    /// They do not: a person looks at it.
    Differs,
}

/// A line that is known, and where it came from.
#[derive(Clone, Debug)]
pub struct KnownLine {
    /// The line.
    pub line: SettlementLine,
    /// The origin of the report that brought it.
    pub origin: ReportOrigin,
}

/// What a report's lines add to those that are known.
#[derive(Clone, Debug)]
pub struct LineNews {
    /// Lines that nobody reported before, in their order.
    pub new: Vec<SettlementLine>,
    /// Whether those that were known say the same.
    pub agreement: Agreement,
}

/// Holds the lines of a report against those that are known of its payout. The cost grows with the number of lines.
pub fn line_news(known: &[KnownLine], reported: &[SettlementLine], origin: ReportOrigin) -> LineNews {
    let mut by_key: HashMap<&str, &SettlementLine> = HashMap::with_capacity(reported.len());
    // Each line from the other origin stands for one line of this report.
    let mut others: HashMap<Said, Vec<&SettlementLine>> = HashMap::new();
    for KnownLine { line, origin: from } in known {
        if *from == origin {
            by_key.insert(&line.line_key, line);
        } else {
            others.entry(said(line)).or_default().push(line);
        }
    }
    let mut news = LineNews { new: Vec::new(), agreement: Agreement::Agrees };
    for line in reported {
        if let Some(same) = by_key.get(line.line_key.as_str()) {
            if !same.says_the_same(line) {
                news.agreement = Agreement::Differs;
            }
            continue;
        }
        let alike = others.get_mut(&said(line));
        let same = alike.and_then(|alike| {
            let place = alike.iter().position(|other| name_the_same(other, line))?;
            Some(alike.swap_remove(place))
        });
        if same.is_none() {
            by_key.insert(&line.line_key, line);
            news.new.push(line.clone());
        }
    }
    news
}

/// What a line says apart from its names: kind, gross, kept, net and day.
type Said = (LineKind, i64, i64, i64, Date);

fn said(line: &SettlementLine) -> Said {
    (line.kind, line.gross.amount(), line.kept(), line.net.amount(), line.occurred_on)
}

/// Whether two lines that say the same are about the same payment, or about none. A line may leave one of a payment's two names
/// out; those that both give must be equal, and one of them must be.
fn name_the_same(one: &SettlementLine, other: &SettlementLine) -> bool {
    let fits = |one: &Option<String>, other: &Option<String>| match (one, other) {
        (Some(one), Some(other)) => (one == other).then_some(1),
        _ => Some(0),
    };
    let by_id = fits(&one.gateway_payment_id, &other.gateway_payment_id);
    let by_reference = fits(&one.merchant_reference, &other.merchant_reference);
    let (Some(by_id), Some(by_reference)) = (by_id, by_reference) else { return false };
    by_id + by_reference > 0 || !one.kind.names_a_payment()
}

/// What becomes of the head of a payout that is reported again.
#[derive(Clone, Debug)]
pub struct HeadNews {
    /// The payout as it is stated from now on.
    pub batch: SettlementBatch,
    /// Whether both statements agree.
    pub agreement: Agreement,
}

/// Holds a report's head against the stated one. `lines`: all that are known now; `arrived`: whether the money has come, and
/// what was stated cannot be replaced any more.
pub fn head_news<'a>(
    stated: &SettlementBatch,
    reported: &SettlementBatch,
    lines: impl IntoIterator<Item = &'a SettlementLine>,
    arrived: Arrived,
) -> HeadNews {
    let (filled, again) = (stated.filled_from(reported), reported.filled_from(stated));
    if filled.says_the_same(&again) {
        return HeadNews { batch: filled, agreement: Agreement::Agrees };
    }
    // Of two statements the one that the lines bear out holds, whichever came first.
    let borne_out = sums(lines).3;
    let replaces =
        arrived == Arrived::NotYet && again.net.amount() == borne_out && filled.net.amount() != borne_out;
    if replaces {
        HeadNews { batch: again, agreement: Agreement::Agrees }
    } else {
        HeadNews { batch: stated.clone(), agreement: Agreement::Differs }
    }
}

/// Whether the money of a payout has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// Somebody said so.
    Arrived,
    /// Nobody did.
    NotYet,
}

impl SettlementBatch {
    /// The same with those days that only the other statement names.
    fn filled_from(&self, other: &Self) -> Self {
        Self {
            period_from: self.period_from.or(other.period_from),
            period_to: self.period_to.or(other.period_to),
            payout_on: self.payout_on.or(other.payout_on),
            ..self.clone()
        }
    }

    /// Whether two statements say the same; whether a fee is stated with its tax or beside it does not matter.
    fn says_the_same(&self, other: &Self) -> bool {
        let says = |batch: &Self| {
            let kept = batch.fee.amount() + batch.tax.amount();
            (batch.gross, kept, batch.net, batch.period_from, batch.period_to, batch.payout_on)
        };
        says(self) == says(other)
    }
}

/// What a line says, apart from its key and its place, which the name of a payout may change.
type Content<'a> = (LineKind, Option<&'a str>, Option<&'a str>, [i64; 4], Date);

fn content(line: &SettlementLine) -> Content<'_> {
    let amounts = [line.gross, line.fee, line.tax, line.net].map(super::SignedYen::amount);
    let (reference, id) = (line.merchant_reference.as_deref(), line.gateway_payment_id.as_deref());
    (line.kind, reference, id, amounts, line.occurred_on)
}

/// Whether two reports are of one payout, whatever they call it and its lines: each line has its equal in the other, as often.
pub fn same_content(one: &[SettlementLine], other: &[SettlementLine]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut left: HashMap<Content<'_>, usize> = HashMap::with_capacity(one.len());
    for line in one {
        *left.entry(content(line)).or_default() += 1;
    }
    other.iter().all(|line| match left.get_mut(&content(line)) {
        Some(count) if *count > 0 => {
            *count -= 1;
            true
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::SignedYen;
    use super::*;

    fn yen(amount: i64) -> SignedYen {
        SignedYen::new(amount).unwrap()
    }

    fn line(
        key: &str,
        kind: LineKind,
        reference: Option<&str>,
        gross: i64,
        fee: i64,
        tax: i64,
    ) -> SettlementLine {
        SettlementLine {
            line_key: key.to_owned(),
            line_no: 1,
            kind,
            merchant_reference: reference.map(str::to_owned),
            gateway_payment_id: None,
            gross: yen(gross),
            fee: yen(fee),
            tax: yen(tax),
            net: yen(gross - fee - tax),
            occurred_on: date(2026, 4, 1),
        }
    }

    fn known(lines: &[SettlementLine], origin: ReportOrigin) -> Vec<KnownLine> {
        lines.iter().map(|line| KnownLine { line: line.clone(), origin }).collect()
    }

    fn keys(news: &LineNews) -> Vec<&str> {
        news.new.iter().map(|line| line.line_key.as_str()).collect()
    }

    #[test]
    fn f37_what_was_uploaded_and_is_fetched_again_under_other_names_adds_nothing() {
        use LineKind::{Capture, Fee};
        use ReportOrigin::{Api, Upload};
        let upload = [
            line("1", Capture, Some("a"), 22_000, 871, 0),
            line("2", Capture, Some("b"), 22_000, 871, 0),
            line("3", Fee, None, 0, 250, 0),
        ];
        let fetched = [
            SettlementLine {
                gateway_payment_id: Some("pay_b".to_owned()),
                ..line("capture:pay_b", Capture, Some("b"), 22_000, 792, 79)
            },
            line("capture:pay_a", Capture, Some("a"), 22_000, 792, 79),
            line("bank_transfer_fee", Fee, None, 0, 250, 0),
        ];
        for (first, second, from, then) in
            [(&upload, &fetched, Upload, Api), (&fetched, &upload, Api, Upload)]
        {
            let news = line_news(&known(first, from), second, then);
            assert_eq!((keys(&news), news.agreement), (vec![], Agreement::Agrees), "{then:?}");
        }
        // A payment that is reported twice is twice there, however the first report called it.
        let twice = [
            fetched[0].clone(),
            SettlementLine { line_key: "capture:pay_b:2".to_owned(), ..fetched[0].clone() },
        ];
        assert_eq!(keys(&line_news(&known(&upload, Upload), &twice, Api)), ["capture:pay_b:2"]);
    }

    #[test]
    fn a_line_under_another_name_that_says_another_thing_is_another_line() {
        use LineKind::{Capture, Refund};
        use ReportOrigin::{Api, Upload};
        let upload = known(&[line("1", Capture, Some("a"), 22_000, 871, 0)], Upload);
        for other in [
            line("x", Capture, Some("b"), 22_000, 871, 0),
            line("x", Capture, Some("a"), 21_999, 871, 0),
            line("x", Refund, Some("a"), 22_000, 871, 0),
            line("x", Capture, Some("a"), 22_000, 872, 0),
            line("x", Capture, None, 22_000, 871, 0),
            SettlementLine { occurred_on: date(2026, 4, 2), ..line("x", Capture, Some("a"), 22_000, 871, 0) },
        ] {
            assert_eq!(keys(&line_news(&upload, &[other], Api)), ["x"]);
        }
        // Under its own key a line that changed is no new line.
        let changed = [line("1", Capture, Some("a"), 22_000, 870, 0)];
        let news = line_news(&upload, &changed, Upload);
        assert_eq!((keys(&news), news.agreement), (vec![], Agreement::Differs));
    }

    fn batch(net: i64, fee: i64, tax: i64) -> SettlementBatch {
        SettlementBatch {
            gateway: "g".to_owned(),
            batch_reference: "b".to_owned(),
            period_from: None,
            period_to: None,
            payout_on: None,
            gross: yen(net + fee + tax),
            fee: yen(fee),
            tax: yen(tax),
            net: yen(net),
        }
    }

    #[test]
    fn of_two_heads_the_one_that_the_lines_bear_out_holds_until_the_money_came() {
        let lines = [line("1", LineKind::Capture, Some("a"), 1_000, 100, 0)];
        let dated = SettlementBatch { payout_on: Some(date(2026, 4, 3)), ..batch(900, 90, 10) };
        let news = head_news(&batch(900, 100, 0), &dated, &lines, Arrived::Arrived);
        assert_eq!((news.agreement, news.batch.payout_on), (Agreement::Agrees, Some(date(2026, 4, 3))));
        assert_eq!((news.batch.fee.amount(), news.batch.tax.amount()), (100, 0), "as it was stated first");
        for (stated, reported, arrived, net, agreement) in [
            (800, 900, Arrived::NotYet, 900, Agreement::Agrees),
            (900, 800, Arrived::NotYet, 900, Agreement::Differs),
            (800, 900, Arrived::Arrived, 800, Agreement::Differs),
            (700, 800, Arrived::NotYet, 700, Agreement::Differs),
        ] {
            let news = head_news(&batch(stated, 100, 0), &batch(reported, 100, 0), &lines, arrived);
            assert_eq!((news.batch.net.amount(), news.agreement), (net, agreement), "{stated} {reported}");
        }
        let other_day = SettlementBatch { payout_on: Some(date(2026, 4, 4)), ..dated.clone() };
        let news = head_news(&dated, &other_day, &lines, Arrived::NotYet);
        assert_eq!((news.agreement, news.batch), (Agreement::Differs, dated));
    }
}
