//! The 200 officers of a rehearsal and the posts they hold, day by day.
//!
//! Twelve departments with a section chief, two group managers and thirteen clerks each, two of them appointed for the fiscal year
//! (会計年度任用職員, R-128); six directors with two departments each (兼務); the governor; an accountant. In July the fourth and fifth
//! clerks of neighbouring departments change places, in October one department becomes another, and on the first of April everybody
//! moves one department on (T-7).

use jiff::civil::{Date, date};
use secrecy::SecretString;

use super::RehearsalError;
use super::prefecture::{
    DEPARTMENTS, LAST_DAY_BEFORE, REORGANISATION, TENANT, TRANSFER, YEAR_BEGINS, YEAR_ENDS, department_on,
    is_reorganised,
};
use crate::domain::id::{AccountId, OfficerId, TenantCode};
use crate::domain::policy::{Post, Role};
use crate::service::Core;
use crate::service::officer::{Appointment, appoint};
use crate::store::officers::Term;

/// Officers of a department.
const A_DEPARTMENT: usize = 16;
/// The first of them that serves for the fiscal year only.
const FIXED_TERM_FROM: usize = 14;
/// Directors; each has two departments.
const DIRECTORS: usize = 6;
/// When some clerks change places within the year.
const SUMMER: Date = date(2026, 7, 1);
/// The last day before that.
const BEFORE_SUMMER: Date = date(2026, 6, 30);

/// A post that an officer holds for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Holding {
    /// The post.
    pub(super) post: Post,
    /// From when to when.
    pub(super) term: Term,
}

impl Holding {
    fn is_held_on(&self, day: Date) -> bool {
        self.term.from <= day && self.term.to.is_none_or(|to| day <= to)
    }
}

/// Somebody of the staff.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// What the account signs in as.
    pub(super) account: AccountId,
    /// The member of staff.
    pub(super) officer: OfficerId,
    holdings: Vec<Holding>,
    away: Vec<Away>,
}

/// Days on which somebody is away, and who covers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Away {
    /// The first day.
    pub(super) from: Date,
    /// The last day.
    pub(super) to: Date,
    /// Who covers.
    pub(super) cover: usize,
}

/// Everybody.
#[derive(Clone, Debug)]
pub(super) struct Staff {
    members: Vec<Member>,
}

/// Where somebody sits at the beginning.
#[derive(Clone, Copy, Debug)]
enum Seat {
    Desk { department: usize, slot: usize },
    Director(usize),
    Head,
    Accountant,
}

fn seats() -> Vec<Seat> {
    let desks = (0..DEPARTMENTS.len())
        .flat_map(|department| (0..A_DEPARTMENT).map(move |slot| Seat::Desk { department, slot }));
    desks.chain((0..DIRECTORS).map(Seat::Director)).chain([Seat::Head, Seat::Accountant]).collect()
}

/// How many they are.
pub(super) fn count() -> usize {
    seats().len()
}

fn role_and_title(slot: usize) -> (Role, &'static str) {
    match slot {
        0 => (Role::SectionChief, "課長"),
        1 | 2 => (Role::GroupManager, "グループマネージャー"),
        FIXED_TERM_FROM.. => (Role::Clerk, "会計年度任用職員"),
        _ => (Role::Clerk, "主事"),
    }
}

impl Seat {
    fn holdings(self) -> Vec<Holding> {
        match self {
            Self::Desk { department, slot } => {
                let (role, title) = role_and_title(slot);
                let post =
                    |place: usize, from: Date, to: Option<Date>| posts_at(place, role, title, from, to);
                if slot >= FIXED_TERM_FROM {
                    return post(department, YEAR_BEGINS, Some(YEAR_ENDS));
                }
                let mut held = if matches!(slot, 6 | 7) {
                    // Neighbours: 0 and 1, 2 and 3 …
                    let neighbour =
                        if department.is_multiple_of(2) { department + 1 } else { department - 1 };
                    let mut held = post(department, YEAR_BEGINS, Some(BEFORE_SUMMER));
                    held.extend(post(neighbour, SUMMER, Some(YEAR_ENDS)));
                    held
                } else {
                    post(department, YEAR_BEGINS, Some(YEAR_ENDS))
                };
                held.extend(post(department + 1, TRANSFER, None));
                held
            }
            Self::Director(number) => {
                let both = |number: usize, from: Date, to: Option<Date>| {
                    let number = number.checked_rem(DIRECTORS).unwrap_or(0);
                    let mut held = posts_at(2 * number, Role::Director, "部長", from, to);
                    held.extend(posts_at(2 * number + 1, Role::Director, "部長", from, to));
                    held
                };
                let mut held = both(number, YEAR_BEGINS, Some(YEAR_ENDS));
                held.extend(both(number + 1, TRANSFER, None));
                held
            }
            Self::Head => vec![alone(TENANT, Role::Head, "知事")],
            Self::Accountant => vec![alone("suito-kaikei-kanri", Role::Accountant, "会計管理課主査")],
        }
    }
}

fn alone(department: &str, role: Role, title: &str) -> Holding {
    let post = Post { department: department.to_owned(), role, title: title.to_owned() };
    Holding { post, term: Term { from: YEAR_BEGINS, to: None } }
}

/// A post of a department for a time; of the department that is reorganised it is a post in each of the two.
fn posts_at(place: usize, role: Role, title: &str, from: Date, to: Option<Date>) -> Vec<Holding> {
    let held = |from: Date, to: Option<Date>| {
        let department = department_on(place, from).to_owned();
        let post = Post { department, role, title: title.to_owned() };
        Holding { post, term: Term { from, to } }
    };
    let spans = is_reorganised(place) && from < REORGANISATION && to.is_none_or(|to| to > LAST_DAY_BEFORE);
    if spans {
        vec![held(from, Some(LAST_DAY_BEFORE)), held(REORGANISATION, to)]
    } else {
        vec![held(from, to)]
    }
}

impl Staff {
    /// Appoints everybody, with every post of the two years.
    pub(super) async fn appoint(core: &Core, tenant: &TenantCode) -> Result<Self, RehearsalError> {
        let mut members = Vec::with_capacity(count());
        for (number, seat) in seats().into_iter().enumerate() {
            let holdings = seat.holdings();
            let appointment = Appointment {
                tenant: tenant.clone(),
                email: format!("officer-{number}@rehearsal.example.jp"),
                name: format!("職員 {number}"),
                password: SecretString::from(format!("rehearsal-{number}-rehearsal")),
                posts: holdings.iter().map(|held| (held.post.clone(), held.term)).collect(),
            };
            let appointed = appoint(core, appointment).await?;
            let (account, officer) = (appointed.account, appointed.officer);
            members.push(Member { account, officer, holdings, away: Vec::new() });
        }
        Ok(Self { members })
    }

    /// Somebody by number.
    pub(super) fn member(&self, number: usize) -> Option<&Member> {
        self.members.get(number)
    }

    /// Notes that somebody is away.
    pub(super) fn note_absence(&mut self, number: usize, away: Away) {
        if let Some(member) = self.members.get_mut(number) {
            member.away.push(away);
        }
    }

    /// Who covers for somebody who is away on a day.
    pub(super) fn cover_of(&self, number: usize, day: Date) -> Option<usize> {
        let member = self.members.get(number)?;
        member.away.iter().find(|away| away.from <= day && day <= away.to).map(|away| away.cover)
    }

    /// Whether somebody is away on a day.
    pub(super) fn is_away(&self, number: usize, day: Date) -> bool {
        self.cover_of(number, day).is_some()
    }

    /// Who holds a role in a department on a day, away or not.
    pub(super) fn holders(&self, role: Role, department: &str, day: Date) -> Vec<usize> {
        let holds = |held: &Holding| {
            held.post.role == role && held.post.department == department && held.is_held_on(day)
        };
        let all = self.members.iter().enumerate();
        all.filter(|(_, member)| member.holdings.iter().any(holds)).map(|(number, _)| number).collect()
    }

    /// Whether somebody works on the cases of a department on a day.
    pub(super) fn serves(&self, number: usize, department: &str, day: Date) -> bool {
        let works = |held: &Holding| {
            held.post.department == department && held.post.role.works_on_cases() && held.is_held_on(day)
        };
        self.members.get(number).is_some_and(|member| member.holdings.iter().any(works))
    }

    /// Who could cover for somebody on a day, and in which department: a colleague of the same rank, else a group manager; nobody
    /// for those who sit alone.
    pub(super) fn covers(&self, number: usize, day: Date) -> Option<(String, Vec<usize>)> {
        let member = self.members.get(number)?;
        let held =
            member.holdings.iter().find(|held| held.is_held_on(day) && held.post.role.works_on_cases())?;
        let of = |role: Role| {
            let mut holders = self.holders(role, &held.post.department, day);
            holders.retain(|other| *other != number);
            holders
        };
        let peers = of(held.post.role);
        let covers = if peers.is_empty() { of(Role::GroupManager) } else { peers };
        (!covers.is_empty()).then(|| (held.post.department.clone(), covers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn staff() -> Staff {
        let nobody = |seat: Seat| Member {
            account: AccountId(uuid::Uuid::nil()),
            officer: OfficerId(uuid::Uuid::nil()),
            holdings: seat.holdings(),
            away: Vec::new(),
        };
        Staff { members: seats().into_iter().map(nobody).collect() }
    }

    #[test]
    fn there_are_200_officers_and_no_desk_is_ever_empty() {
        let staff = staff();
        assert_eq!(staff.members.len(), 200);
        for day in [YEAR_BEGINS, BEFORE_SUMMER, SUMMER, LAST_DAY_BEFORE, REORGANISATION, YEAR_ENDS, TRANSFER]
        {
            for place in 0..DEPARTMENTS.len() {
                let department = department_on(place, day);
                let held = |role: Role| staff.holders(role, department, day).len();
                assert_eq!(
                    (held(Role::SectionChief), held(Role::GroupManager), held(Role::Director)),
                    (1, 2, 1),
                    "{day}"
                );
                let clerks = if day < TRANSFER { 13 } else { 11 };
                assert_eq!(held(Role::Clerk), clerks, "R-128: {department} on {day}");
            }
        }
    }

    #[test]
    fn t7_on_the_morning_of_the_transfer_nobody_sits_where_they_sat() {
        let staff = staff();
        for place in 0..DEPARTMENTS.len() {
            for role in [Role::SectionChief, Role::GroupManager, Role::Director] {
                let before = staff.holders(role, department_on(place, YEAR_ENDS), YEAR_ENDS);
                let after = staff.holders(role, department_on(place, TRANSFER), TRANSFER);
                assert!(before.iter().all(|number| !after.contains(number)), "{role:?} of {place}");
            }
        }
    }
}
