//! What a file would change, and everything that contradicts it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{
    Change, ChangeKind, Effect, Known, KnownHolding, Plan, StatedDepartment, StatedHolding, Statement,
};
use crate::domain::fault::Fault;
use crate::domain::policy::Role;

/// The organisation as it would stand.
struct Outcome {
    departments: Vec<Standing>,
    holdings: Vec<Held>,
}

/// A record of a department as it would stand.
#[derive(Clone, Debug)]
struct Standing {
    code: String,
    from: Date,
    to: Option<Date>,
    successor: Option<String>,
    /// Where the file names it.
    place: Option<String>,
}

/// A holding as it would stand.
#[derive(Clone, Debug)]
struct Held {
    officer: String,
    department: String,
    role: Role,
    from: Date,
    to: Option<Date>,
    place: Option<String>,
}

fn covers(from: Date, to: Option<Date>, day: Date) -> bool {
    from <= day && to.is_none_or(|to| day <= to)
}

fn meet(one: (Date, Option<Date>), other: (Date, Option<Date>)) -> bool {
    other.1.is_none_or(|to| one.0 <= to) && one.1.is_none_or(|to| other.0 <= to)
}

fn day_after(day: Date) -> Option<Date> {
    day.tomorrow().ok()
}

/// Collects faults and changes.
struct Work<'a> {
    known: &'a Known,
    today: Date,
    plan: Plan,
    faults: Vec<Fault>,
}

impl Work<'_> {
    fn fault(&mut self, place: &str, field: &str, code: &'static str, (ja, en): (String, String)) {
        self.faults.push(Fault::new(format!("{place}/{field}"), code, ja, en));
    }

    /// Refuses what would rewrite the past: a first day, an end, or words of a record that has begun.
    fn refuse_past_end(&mut self, place: &str, before: Option<Date>, after: Option<Date>) {
        let is_past = |day: Option<Date>| day.is_some_and(|day| day < self.today);
        if before != after && (is_past(before) || is_past(after)) {
            let ja = "過去にさかのぼって終わらせたり、終わった記録を変えたりはできません。".to_owned();
            let en = "What has ended stays, and nothing ends before today.".to_owned();
            self.fault(place, "valid_to", "past", (ja, en));
        }
    }

    fn refuse_past_words(&mut self, place: &str, field: &str, from: Date) {
        if from <= self.today {
            let ja =
                "始まった記録の内容は変えられません。終わらせて、新しい記録を加えてください。".to_owned();
            let en = "A record that has begun keeps its words: end it and add a new one.".to_owned();
            self.fault(place, field, "past", (ja, en));
        }
    }

    fn refuse_past_start(&mut self, place: &str, from: Date) {
        if from < self.today {
            let ja = "新しい記録は今日以後に始めてください。".to_owned();
            let en = "A new record begins today or later.".to_owned();
            self.fault(place, "valid_from", "past", (ja, en));
        }
    }

    fn change(&mut self, change: Change, effect: Effect) {
        self.plan.changes.push(change);
        self.plan.effects.push(effect);
    }
}

/// Which kind of change a new end is.
fn kind_of(before: Option<Date>, after: Option<Date>) -> ChangeKind {
    let is_earlier = match (before, after) {
        (None, Some(_)) => true,
        (Some(before), Some(after)) => after < before,
        (_, None) => false,
    };
    if is_earlier { ChangeKind::Ended } else { ChangeKind::Changed }
}

fn term_ja(from: Option<Date>, to: Option<Date>) -> String {
    let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    format!("{}～{}", day(from), day(to))
}

fn line(
    kind: ChangeKind,
    what: (&'static str, &str, &str),
    text: &str,
    term: (Option<Date>, Option<Date>),
) -> (String, String) {
    let (sign, ja, en) = match kind {
        ChangeKind::Added => ('+', "追加", "added"),
        ChangeKind::Ended => ('-', "終了", "ended"),
        ChangeKind::Changed => ('~', "変更", "changed"),
    };
    let (_, what_ja, what_en) = what;
    let term = if term.0.is_some() { format!("  {}", term_ja(term.0, term.1)) } else { String::new() };
    (format!("{sign} {what_ja}{ja}  {text}{term}"), format!("{sign} {what_en} {en}  {text}{term}"))
}

fn change(
    kind: ChangeKind,
    what: (&'static str, &str, &str),
    place: &str,
    subject: Vec<String>,
    shown: &str,
    (valid_from, valid_to): (Option<Date>, Option<Date>),
) -> Change {
    let (text_ja, text_en) = line(kind, what, shown, (valid_from, valid_to));
    Change { kind, record: what.0, place: place.to_owned(), subject, valid_from, valid_to, text_ja, text_en }
}

const DEPARTMENT: (&str, &str, &str) = ("department", "課の", "department");
const OFFICER: (&str, &str, &str) = ("officer", "職員の", "officer");
const HOLDING: (&str, &str, &str) = ("holding", "職の", "post");

/// What `statement` would change in `known` from `today` on, or everything that contradicts it.
pub fn plan(statement: &Statement, known: &Known, today: Date) -> Result<Plan, Vec<Fault>> {
    let mut work = Work { known, today, plan: Plan::default(), faults: Vec::new() };
    refuse_doubles(&mut work, statement);
    for stated in &statement.departments {
        plan_department(&mut work, stated);
    }
    let mut new: BTreeSet<&str> = BTreeSet::new();
    for stated in &statement.officers {
        if !known.officers.contains_key(&stated.email) && new.insert(&stated.email) {
            let (place, subject) = (&stated.place, vec![stated.email.clone()]);
            let shown = format!("{} {}", stated.name, stated.email);
            let added = change(ChangeKind::Added, OFFICER, place, subject, &shown, (None, None));
            work.change(added, Effect::Officer(stated.clone()));
        }
    }
    for stated in &statement.holdings {
        plan_holding(&mut work, stated, &new);
    }
    let result = result(statement, known);
    refuse_contradictions(&mut work, statement, &result);
    if work.faults.is_empty() { Ok(work.plan) } else { Err(work.faults) }
}

/// The same record twice.
fn refuse_doubles(work: &mut Work<'_>, statement: &Statement) {
    let mut seen = BTreeSet::new();
    let departments =
        statement.departments.iter().map(|it| (&it.place, "code", format!("{} {}", it.code, it.valid_from)));
    let officers = statement.officers.iter().map(|it| (&it.place, "email", it.email.clone()));
    let holdings = statement.holdings.iter().map(|it| {
        let key = format!("{} {} {} {}", it.officer, it.department, it.role.as_str(), it.valid_from);
        (&it.place, "valid_from", key)
    });
    let mut doubles = Vec::new();
    for (place, field, key) in departments.chain(officers).chain(holdings) {
        if !seen.insert(key) {
            doubles.push((place.clone(), field));
        }
    }
    for (place, field) in doubles {
        work.fault(
            &place,
            field,
            "duplicate",
            ("同じ記録が二つあります。".to_owned(), "This record stands twice.".to_owned()),
        );
    }
}

fn plan_department(work: &mut Work<'_>, stated: &StatedDepartment) {
    let known = work.known;
    let place = stated.place.as_str();
    if stated.parent.as_ref().is_some_and(|parent| !known.bureaus.contains(parent)) {
        work.fault(
            place,
            "parent",
            "unknown_bureau",
            ("この部局はありません。".to_owned(), "There is no such bureau.".to_owned()),
        );
    }
    let term = (Some(stated.valid_from), stated.valid_to);
    let shown = format!("{} {}", stated.code, stated.name_ja);
    let subject = vec![stated.code.clone()];
    let same = |it: &&crate::domain::organisation::Department| {
        it.code == stated.code && it.valid_from == stated.valid_from
    };
    let Some(before) = known.departments.iter().find(same) else {
        work.refuse_past_start(place, stated.valid_from);
        let added = change(ChangeKind::Added, DEPARTMENT, place, subject, &shown, term);
        return work.change(added, Effect::Department(stated.clone()));
    };
    work.refuse_past_end(place, before.valid_to, stated.valid_to);
    for (field, differs) in [
        ("name_ja", before.name.ja != stated.name_ja),
        ("name_en", before.name.en != stated.name_en),
        ("parent", before.bureau != stated.parent),
    ] {
        if differs {
            work.refuse_past_words(place, field, stated.valid_from);
        }
    }
    let is_same = before.name.ja == stated.name_ja
        && before.name.en == stated.name_en
        && before.bureau == stated.parent
        && before.valid_to == stated.valid_to
        && before.successor == stated.successor;
    if !is_same {
        let kind = kind_of(before.valid_to, stated.valid_to);
        let changed = change(kind, DEPARTMENT, place, subject, &shown, term);
        work.change(changed, Effect::Department(stated.clone()));
    }
}

fn plan_holding(work: &mut Work<'_>, stated: &StatedHolding, new: &BTreeSet<&str>) {
    let known = work.known;
    let place = stated.place.as_str();
    let officer = known.officers.get(&stated.officer);
    if officer.is_none() && !new.contains(stated.officer.as_str()) {
        let ja = "この職員は登録されておらず、この取込みにもありません。".to_owned();
        work.fault(
            place,
            "email",
            "unknown_officer",
            (ja, "Neither the body nor this file has such an officer.".to_owned()),
        );
    }
    if let Some(said) = stated.appointment.term_fault(stated.valid_from, stated.valid_to) {
        work.fault(place, "valid_to", "beyond_fiscal_year", said);
    }
    let term = (Some(stated.valid_from), stated.valid_to);
    let shown =
        format!("{} {} {}（{}）", stated.officer, stated.department, stated.title, stated.role.as_str());
    let subject = vec![stated.officer.clone(), stated.department.clone(), stated.role.as_str().to_owned()];
    let same = |it: &&KnownHolding| {
        Some(&it.officer) == officer
            && it.department == stated.department
            && it.role == stated.role
            && it.valid_from == stated.valid_from
    };
    let Some(before) = known.holdings.iter().find(same) else {
        // Who is entered for the first time may have served for years; nobody else gets a post of yesterday.
        if officer.is_some() {
            work.refuse_past_start(place, stated.valid_from);
        }
        let added = change(ChangeKind::Added, HOLDING, place, subject, &shown, term);
        return work.change(added, Effect::Holding(stated.clone()));
    };
    work.refuse_past_end(place, before.valid_to, stated.valid_to);
    if before.title != stated.title {
        work.refuse_past_words(place, "title", stated.valid_from);
    }
    if before.title != stated.title || before.valid_to != stated.valid_to {
        let kind = kind_of(before.valid_to, stated.valid_to);
        let stands = Effect::HoldingStands {
            id: before.id.clone(),
            title: stated.title.clone(),
            valid_to: stated.valid_to,
        };
        work.change(change(kind, HOLDING, place, subject, &shown, term), stands);
    }
}

/// What would stand: what is known, with what is stated in its place or beside it.
fn result(statement: &Statement, known: &Known) -> Outcome {
    let mut departments: BTreeMap<(String, Date), Standing> = BTreeMap::new();
    for it in &known.departments {
        let standing = Standing {
            code: it.code.clone(),
            from: it.valid_from,
            to: it.valid_to,
            successor: it.successor.clone(),
            place: None,
        };
        departments.insert((it.code.clone(), it.valid_from), standing);
    }
    for it in &statement.departments {
        let standing = Standing {
            code: it.code.clone(),
            from: it.valid_from,
            to: it.valid_to,
            successor: it.successor.clone(),
            place: Some(it.place.clone()),
        };
        departments.insert((it.code.clone(), it.valid_from), standing);
    }
    let mut holdings: BTreeMap<(String, String, Role, Date), Held> = BTreeMap::new();
    let mut put = |officer: &str,
                   department: &str,
                   role: Role,
                   (from, to): (Date, Option<Date>),
                   place: Option<&String>| {
        let held = Held {
            officer: officer.to_owned(),
            department: department.to_owned(),
            role,
            from,
            to,
            place: place.cloned(),
        };
        holdings.insert((held.officer.clone(), held.department.clone(), role, from), held);
    };
    for it in &known.holdings {
        put(&it.officer, &it.department, it.role, (it.valid_from, it.valid_to), None);
    }
    for it in &statement.holdings {
        let officer = known.officers.get(&it.officer).unwrap_or(&it.officer);
        put(officer, &it.department, it.role, (it.valid_from, it.valid_to), Some(&it.place));
    }
    Outcome { departments: departments.into_values().collect(), holdings: holdings.into_values().collect() }
}

impl Outcome {
    fn exists_on(&self, code: &str, day: Date) -> bool {
        self.departments.iter().any(|it| it.code == code && covers(it.from, it.to, day))
    }

    /// The first day of a span on which a department does not exist; an end that is not known is looked for in the records.
    fn first_day_without(&self, code: &str, from: Date, to: Option<Date>) -> Option<Date> {
        let mut day = from;
        while to.is_none_or(|to| day <= to) {
            let record = self.departments.iter().find(|it| it.code == code && covers(it.from, it.to, day));
            let Some(record) = record else { return Some(day) };
            day = day_after(record.to?)?;
        }
        None
    }
}

fn refuse_contradictions(work: &mut Work<'_>, statement: &Statement, result: &Outcome) {
    refuse_meeting_departments(work, result);
    refuse_meeting_holdings(work, result);
    refuse_posts_without_department(work, result);
    refuse_without_decider(work, statement, result);
}

fn refuse_meeting_departments(work: &mut Work<'_>, result: &Outcome) {
    for (index, it) in result.departments.iter().enumerate() {
        for other in result.departments.iter().skip(index + 1).filter(|other| other.code == it.code) {
            let place = other.place.as_ref().or(it.place.as_ref());
            if let Some(place) = place.filter(|_| meet((it.from, it.to), (other.from, other.to))) {
                let ja = format!("{}から始まる同じ課の記録と期間が重なっています。", it.from);
                let en = format!("It overlaps the record of the same department from {}.", it.from);
                work.fault(place, "valid_from", "overlap", (ja, en));
            }
        }
        let Some(place) = &it.place else { continue };
        let next = it.to.and_then(day_after);
        let Some(successor) = &it.successor else {
            let ends = next.is_some_and(|next| !result.exists_on(&it.code, next));
            if ends && work.known.in_charge.contains(&it.code) {
                let ja = "この課は手続を所管しています。引き継ぐ課を指定してください。".to_owned();
                let en = "Procedures are in its charge: name who takes them over.".to_owned();
                work.fault(place, "successor", "required", (ja, en));
            }
            continue;
        };
        let is_there = next.is_some_and(|next| *successor != it.code && result.exists_on(successor, next));
        if !is_there {
            let ja = "引き継ぐ課が、終わりの翌日にありません。".to_owned();
            let en = "There is no such department on the day after its last one.".to_owned();
            work.fault(place, "successor", "unknown_department", (ja, en));
        }
    }
}

fn refuse_meeting_holdings(work: &mut Work<'_>, result: &Outcome) {
    for (index, it) in result.holdings.iter().enumerate() {
        let same = |other: &&Held| {
            (&other.officer, &other.department, other.role) == (&it.officer, &it.department, it.role)
        };
        for other in result.holdings.iter().skip(index + 1).filter(same) {
            let place = other.place.as_ref().or(it.place.as_ref());
            if let Some(place) = place.filter(|_| meet((it.from, it.to), (other.from, other.to))) {
                let ja = format!("{}から始まる同じ職と期間が重なっています。", it.from);
                let en = format!("It overlaps the same post of the same officer from {}.", it.from);
                work.fault(place, "valid_from", "overlap", (ja, en));
            }
        }
    }
}

/// Posts outlast no department: those of the file are told at their rows, those that stand already at the row that ends it.
fn refuse_posts_without_department(work: &mut Work<'_>, result: &Outcome) {
    let mut told = BTreeSet::new();
    for held in result.holdings.iter().filter(|held| held.department != work.known.body) {
        let Some(day) = result.first_day_without(&held.department, held.from, held.to) else { continue };
        if let Some(place) = &held.place {
            let is_known = result.departments.iter().any(|it| it.code == held.department);
            if is_known {
                let ja = format!("この課は{day}にはありません。");
                work.fault(
                    place,
                    "department",
                    "no_department",
                    (ja, format!("The department does not exist on {day}.")),
                );
            } else {
                let (ja, en) = ("この課はありません。".to_owned(), "There is no such department.".to_owned());
                work.fault(place, "department", "unknown_department", (ja, en));
            }
            continue;
        }
        let ends = |it: &&Standing| {
            it.code == held.department && it.to.and_then(day_after) == Some(day) && it.place.is_some()
        };
        let ending = result.departments.iter().find(ends).and_then(|it| it.place.clone());
        if let Some(place) = ending.filter(|place| told.insert(place.clone())) {
            let ja = format!("{day}以後もこの課の職に就いている職員がいます。");
            let en = format!("Somebody still holds a post of this department on {day}.");
            work.fault(&place, "valid_to", "post_with_holder", (ja, en));
        }
    }
}

/// A department in which somebody works, or in which somebody decides today, always has somebody who can decide.
fn refuse_without_decider(work: &mut Work<'_>, statement: &Statement, result: &Outcome) {
    let mut named: BTreeMap<&str, &str> = BTreeMap::new();
    for it in &statement.holdings {
        named.insert(&it.department, &it.place);
    }
    for it in &statement.departments {
        named.entry(&it.code).or_insert(&it.place);
    }
    let today = work.today;
    let decides = |held: &Held| held.role.decides();
    for (department, place) in named {
        let of_it: Vec<&Held> = result.holdings.iter().filter(|held| held.department == department).collect();
        let known_deciders = work.known.holdings.iter().any(|it| {
            it.department == department && it.role.decides() && covers(it.valid_from, it.valid_to, today)
        });
        let firsts = of_it.iter().map(|held| held.from);
        let ends = of_it.iter().filter_map(|held| held.to.and_then(day_after));
        let days: BTreeSet<Date> = firsts.chain(ends).chain([today]).filter(|day| *day >= today).collect();
        let without = days.into_iter().find(|day| {
            let there = || of_it.iter().filter(|held| covers(held.from, held.to, *day));
            let somebody_works = there().any(|held| held.role.works_on_cases());
            result.exists_on(department, *day)
                && (somebody_works || known_deciders)
                && !there().any(|held| decides(held))
        });
        if let Some(day) = without {
            let ja = format!("{department}では{day}に決裁できる職員がいなくなります。");
            let en = format!("On {day} nobody in {department} could decide.");
            work.fault(place, "department", "nobody_decides", (ja, en));
        }
    }
}
