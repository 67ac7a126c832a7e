//! The functions the procedure language adds to CEL, and the environment expressions are evaluated in.

use std::sync::{Arc, LazyLock};

use cel::common::functions::Function;
use cel::common::types::{CelBool, CelInt, CelString, INT_TYPE, LIST_TYPE, STRING_TYPE, Type};
use cel::common::value::CowVal;
use cel::{Env, ExecutionError};
use jiff::civil::Date;

use super::pattern::{PATTERN_TYPE, Pattern};

/// The name under which a checked `matches` is called; it cannot be written in an expression.
pub(super) const MATCHES_PATTERN: &str = "@matches";
/// The name a function gives to a fault of range.
pub(super) const OUT_OF_RANGE: &str = "out of range";
/// The name a function gives to a sum that leaves 64 bits.
pub(super) const OVERFLOW: &str = "overflow";

/// The environment, built once: CEL's own functions without optional values, and ours.
pub(super) static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::default().with_optional_support(false).with_stdlib();
    let functions: [(&str, &str, Vec<Type>, Function); 10] = [
        ("sum", "sum_list", vec![LIST_TYPE], |arguments| sum(&arguments)),
        ("age_on", "age_on_days", vec![STRING_TYPE, STRING_TYPE], |arguments| age_on(&arguments)),
        ("days_between", "days_between_days", vec![STRING_TYPE, STRING_TYPE], |arguments| {
            days_between(&arguments)
        }),
        ("months_between", "months_between_days", vec![STRING_TYPE, STRING_TYPE], |arguments| {
            months_between(&arguments)
        }),
        ("year_of", "year_of_day", vec![STRING_TYPE], |arguments| year_of(&arguments)),
        ("min", "min_ints", vec![INT_TYPE, INT_TYPE], lesser),
        ("min", "min_days", vec![STRING_TYPE, STRING_TYPE], lesser),
        ("max", "max_ints", vec![INT_TYPE, INT_TYPE], greater),
        ("max", "max_days", vec![STRING_TYPE, STRING_TYPE], greater),
        (MATCHES_PATTERN, "matches_pattern", vec![STRING_TYPE, PATTERN_TYPE], |arguments| {
            matches_pattern(&arguments)
        }),
    ];
    for (name, id, arguments, function) in functions {
        let declared = env.add_overload(name, id, arguments, function);
        debug_assert!(declared.is_ok(), "{name} is declared once");
    }
    Arc::new(env)
});

type Arguments<'b, 'v> = [CowVal<'b, 'v>];
type Answered<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

/// The day a text `YYYY-MM-DD` names; none for any other way of writing a day.
pub(super) fn day(text: &str) -> Option<Date> {
    let plain = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if plain { text.parse().ok() } else { None }
}

fn out_of_range(function: &str) -> ExecutionError {
    ExecutionError::function_error(function, OUT_OF_RANGE)
}

fn int<'b, 'v>(value: i64) -> CowVal<'b, 'v> {
    CowVal::owned(CelInt::from(value))
}

fn day_at(function: &str, arguments: &Arguments<'_, '_>, at: usize) -> Result<Date, ExecutionError> {
    let text = arguments.get(at).and_then(|value| value.downcast_ref::<CelString>());
    text.and_then(|text| day(text.inner())).ok_or_else(|| out_of_range(function))
}

fn sum<'b, 'v>(arguments: &Arguments<'_, '_>) -> Answered<'b, 'v> {
    let mut total = 0_i64;
    let list = arguments.first().and_then(|list| list.as_iterable());
    let mut items = list.ok_or_else(ExecutionError::missing_argument_or_target)?.iter();
    while let Some(item) = items.next() {
        let item = item.downcast_ref::<CelInt>().ok_or_else(ExecutionError::missing_argument_or_target)?;
        total = total
            .checked_add(*item.inner())
            .ok_or_else(|| ExecutionError::function_error("sum", OVERFLOW))?;
    }
    Ok(int(total))
}

/// 年齢計算法: an age is attained on the day before the birthday; who is born on 29 February attains it on
/// 28 February of every year. Before birth it is negative.
fn age_on<'b, 'v>(arguments: &Arguments<'_, '_>) -> Answered<'b, 'v> {
    let born_on = day_at("age_on", arguments, 0)?;
    let next_day = day_at("age_on", arguments, 1)?.tomorrow().map_err(|_| out_of_range("age_on"))?;
    let years = i64::from(next_day.year()) - i64::from(born_on.year());
    let before_birthday = (next_day.month(), next_day.day()) < (born_on.month(), born_on.day());
    Ok(int(years - i64::from(before_birthday)))
}

fn days_between<'b, 'v>(arguments: &Arguments<'_, '_>) -> Answered<'b, 'v> {
    let (from, to) = (day_at("days_between", arguments, 0)?, day_at("days_between", arguments, 1)?);
    let span = from.until(to).map_err(|_| out_of_range("days_between"))?;
    Ok(int(i64::from(span.get_days())))
}

/// Whole months from the first day to the second (暦に従う, 民法143条): a month from 31 January ends on the last day of
/// February. Negative when the second day is earlier.
fn months_between<'b, 'v>(arguments: &Arguments<'_, '_>) -> Answered<'b, 'v> {
    let (from, to) = (day_at("months_between", arguments, 0)?, day_at("months_between", arguments, 1)?);
    Ok(int(if from <= to { whole_months(from, to) } else { -whole_months(to, from) }))
}

fn whole_months(from: Date, to: Date) -> i64 {
    let years = i64::from(to.year()) - i64::from(from.year());
    let months = years * 12 + i64::from(to.month()) - i64::from(from.month());
    let reaches = to.day() >= from.day() || to.day() == to.days_in_month();
    if reaches { months } else { months - 1 }
}

fn year_of<'b, 'v>(arguments: &Arguments<'_, '_>) -> Answered<'b, 'v> {
    Ok(int(i64::from(day_at("year_of", arguments, 0)?.year())))
}

fn lesser<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Answered<'b, 'v> {
    either(arguments, std::cmp::Ordering::Greater)
}

fn greater<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Answered<'b, 'v> {
    either(arguments, std::cmp::Ordering::Less)
}

/// The second argument when the first stands to it as `second_when`, else the first.
fn either<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>, second_when: std::cmp::Ordering) -> Answered<'b, 'v> {
    let mut arguments = arguments.into_iter();
    let (Some(first), Some(second)) = (arguments.next(), arguments.next()) else {
        return Err(ExecutionError::missing_argument_or_target());
    };
    let comparer = first.as_comparer().ok_or_else(ExecutionError::missing_argument_or_target)?;
    let ordering = comparer.compare(second.as_ref())?;
    Ok(if ordering == second_when { second } else { first })
}

fn matches_pattern<'b, 'v>(arguments: &Arguments<'_, '_>) -> Answered<'b, 'v> {
    let text = arguments.first().and_then(|value| value.downcast_ref::<CelString>());
    let pattern = arguments.get(1).and_then(|value| value.downcast_ref::<Pattern>());
    match (text, pattern) {
        (Some(text), Some(pattern)) => Ok(CowVal::owned(CelBool::from(pattern.matches(text.inner())))),
        _ => Err(ExecutionError::missing_argument_or_target()),
    }
}
