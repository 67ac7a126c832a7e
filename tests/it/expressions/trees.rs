//! Expressions as trees: printed with no more parentheses than the grammar needs, and computed by plain arithmetic.

use crate::support::choices::Choices;

/// A whole number.
#[derive(Clone, Debug)]
pub enum Number {
    Literal(i64),
    /// `form.trades`.
    Trades,
    Negated(Box<Number>),
    Pair(char, Box<Number>, Box<Number>),
    Choice(Box<Truth>, Box<Number>, Box<Number>),
}

/// Yes or no.
#[derive(Clone, Debug)]
pub enum Truth {
    Compared(&'static str, Number, Number),
    Not(Box<Truth>),
    Both(Box<Truth>, Box<Truth>),
    Either(Box<Truth>, Box<Truth>),
}

/// How tightly a node binds, by CEL's grammar.
mod level {
    pub const CHOICE: u8 = 0;
    pub const EITHER: u8 = 1;
    pub const BOTH: u8 = 2;
    pub const COMPARED: u8 = 3;
    pub const SUM: u8 = 4;
    pub const PRODUCT: u8 = 5;
    pub const UNARY: u8 = 6;
    pub const PRIMARY: u8 = 7;
}

/// `text` of a node that binds at `own`, where something binding at `least` is wanted.
fn within(least: u8, own: u8, text: String) -> String {
    if own < least { format!("({text})") } else { text }
}

impl Number {
    /// A tree of at most `depth` levels.
    pub fn any(choices: &mut Choices<'_>, depth: usize) -> Self {
        let next = depth.saturating_sub(1);
        match if depth == 0 { choices.below(2) } else { choices.below(9) } {
            0 => Self::Literal([0, 1, 2, 7, 1_000_000, i64::MAX][choices.below(6)]),
            1 => Self::Trades,
            2 => Self::Negated(Box::new(Self::any(choices, next))),
            3 => {
                let condition = Box::new(Truth::any(choices, next));
                let (one, other) = (Self::any(choices, next), Self::any(choices, next));
                Self::Choice(condition, Box::new(one), Box::new(other))
            }
            _ => {
                let operator = ['+', '-', '*', '/', '%'][choices.below(5)];
                let (one, other) = (Self::any(choices, next), Self::any(choices, next));
                Self::Pair(operator, Box::new(one), Box::new(other))
            }
        }
    }

    /// Its text where something binding at `least` is wanted.
    pub fn print(&self, least: u8) -> String {
        match self {
            Self::Literal(number) => number.to_string(),
            Self::Trades => "form.trades".to_owned(),
            Self::Negated(inner) => within(least, level::UNARY, format!("-{}", inner.print(level::PRIMARY))),
            Self::Pair(operator, one, other) => {
                let own = if "+-".contains(*operator) { level::SUM } else { level::PRODUCT };
                within(least, own, format!("{} {operator} {}", one.print(own), other.print(own + 1)))
            }
            Self::Choice(condition, one, other) => {
                let (condition, one) = (condition.print(level::EITHER), one.print(level::EITHER));
                within(least, level::CHOICE, format!("{condition} ? {one} : {}", other.print(level::CHOICE)))
            }
        }
    }

    /// Its value, if no part of it leaves the range or divides by zero.
    pub fn value(&self, trades: i64) -> Option<i64> {
        match self {
            Self::Literal(number) => Some(*number),
            Self::Trades => Some(trades),
            Self::Negated(inner) => inner.value(trades)?.checked_neg(),
            Self::Pair(operator, one, other) => {
                let (one, other) = (one.value(trades)?, other.value(trades)?);
                match operator {
                    '+' => one.checked_add(other),
                    '-' => one.checked_sub(other),
                    '*' => one.checked_mul(other),
                    '/' => one.checked_div(other),
                    _ => one.checked_rem(other),
                }
            }
            Self::Choice(condition, one, other) => {
                let (holds, one, other) =
                    (condition.value(trades)?, one.value(trades)?, other.value(trades)?);
                Some(if holds { one } else { other })
            }
        }
    }
}

impl Truth {
    fn any(choices: &mut Choices<'_>, depth: usize) -> Self {
        let next = depth.saturating_sub(1);
        match if depth == 0 { 0 } else { choices.below(5) } {
            1 => Self::Not(Box::new(Self::any(choices, next))),
            2 => Self::Both(Box::new(Self::any(choices, next)), Box::new(Self::any(choices, next))),
            3 => Self::Either(Box::new(Self::any(choices, next)), Box::new(Self::any(choices, next))),
            _ => {
                let operator = ["==", "!=", "<", "<=", ">", ">="][choices.below(6)];
                Self::Compared(operator, Number::any(choices, next), Number::any(choices, next))
            }
        }
    }

    fn print(&self, least: u8) -> String {
        match self {
            Self::Compared(operator, one, other) => {
                let (one, other) = (one.print(level::SUM), other.print(level::SUM));
                within(least, level::COMPARED, format!("{one} {operator} {other}"))
            }
            Self::Not(inner) => within(least, level::UNARY, format!("!{}", inner.print(level::PRIMARY))),
            Self::Both(one, other) => {
                let (one, other) = (one.print(level::BOTH), other.print(level::COMPARED));
                within(least, level::BOTH, format!("{one} && {other}"))
            }
            Self::Either(one, other) => {
                let (one, other) = (one.print(level::EITHER), other.print(level::BOTH));
                within(least, level::EITHER, format!("{one} || {other}"))
            }
        }
    }

    fn value(&self, trades: i64) -> Option<bool> {
        Some(match self {
            Self::Compared(operator, one, other) => {
                let (one, other) = (one.value(trades)?, other.value(trades)?);
                match *operator {
                    "==" => one == other,
                    "!=" => one != other,
                    "<" => one < other,
                    "<=" => one <= other,
                    ">" => one > other,
                    _ => one >= other,
                }
            }
            Self::Not(inner) => !inner.value(trades)?,
            Self::Both(one, other) => {
                let (one, other) = (one.value(trades)?, other.value(trades)?);
                one && other
            }
            Self::Either(one, other) => {
                let (one, other) = (one.value(trades)?, other.value(trades)?);
                one || other
            }
        })
    }
}
