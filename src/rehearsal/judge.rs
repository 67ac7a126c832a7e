//! The judgement of a rehearsal: reads the database alone and computes anew what must stand there.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::Serialize;

use super::RehearsalError;
use super::plain_calendar::{Period, PlainCalendar, jst_day_number, parse_day};
use super::prefecture::configuration;
use crate::catalogue::{Catalogue, ConfigurationFiles};
use crate::domain::document_number::Series;
use crate::domain::id::{ApplicationId, DecisionId, OfficerId, ProposalId, TenantCode};
use crate::domain::procedure::HolidayRule;
use crate::service::{Core, Failure, audit};
use crate::store::evidence::{self, CaseFacts, DecisionFacts, NumberFacts, PostFacts, SealFacts};
use crate::store::{document_numbers, incoming_documents};

/// Cases read in one go.
const PAGE: i64 = 2_000;

/// What stands in the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Cases that arrived.
    pub cases: u64,
    /// Applications that were decided.
    pub decided: u64,
    /// Cases that have not ended.
    pub open: u64,
    /// Cases that the applicant took back.
    pub withdrawn: u64,
    /// Notifications that were checked and closed (届出).
    pub received: u64,
    /// Decisions with a seal of somebody who did not hold the desk on that day, with the drafter's own seal, or without one.
    pub unauthorised_decisions: u64,
    /// Numbers of documents that nobody has, decisions without one, and numbers of another year.
    pub missing_numbers: u64,
    /// Numbers that stand on more than one document, and documents with more than one.
    pub duplicate_numbers: u64,
    /// Due dates that are not what the plain calendar says.
    pub due_date_errors: u64,
    /// Cases that nobody handed in, that are gone, or whose state and decision disagree.
    pub lost_cases: u64,
    /// Seals in an absent officer's place (代決).
    pub acting_decisions: u64,
    /// Those of them that nobody has looked at afterwards (後閲).
    pub post_reviews_owed: u64,
    /// Whether every chain of events and every checkpoint holds.
    pub audit_ok: bool,
}

/// Judges what a rehearsal of so many cases has left behind.
pub async fn judge(core: &Arc<Core>, tenant: &TenantCode, cases: u64) -> Result<Counts, RehearsalError> {
    let mut counts = Counts::default();
    let law = Law::read(tenant)?;
    let record = Record::read(core, tenant).await?;
    let mut year_of_decision = HashMap::new();
    let mut after = None;
    loop {
        let Some(page) = Page::read(core, tenant, after).await? else { break };
        after = page.cases.last().map(|case| case.id);
        page.judge(&law, &record, &mut counts);
        for decision in &page.decisions {
            let text = page.documents.get(&decision.id).cloned();
            year_of_decision.insert(decision.id, (fiscal_year(decision), text));
        }
    }
    counts.lost_cases += counts.cases.abs_diff(cases);
    let (missing, duplicate) = judge_numbers(&record, &year_of_decision);
    counts.missing_numbers += missing + record.incoming.missing(counts.cases);
    counts.duplicate_numbers += duplicate + record.incoming.doubles;
    counts.acting_decisions = record.acting.0;
    counts.post_reviews_owed = record.acting.1;
    counts.audit_ok = audit::verify(core, tenant, &[]).await?.broken.is_empty();
    Ok(counts)
}

/// What is written: the calendar, and the standard period of every version of a procedure.
struct Law {
    calendar: PlainCalendar,
    periods: HashMap<(String, i64), Period>,
}

impl Law {
    fn read(tenant: &TenantCode) -> Result<Self, RehearsalError> {
        let files = configuration()?;
        let file = |files: &ConfigurationFiles, name: &str| {
            files.get(name).cloned().ok_or_else(|| RehearsalError::Configuration(format!("no file {name}")))
        };
        let holidays = file(&files, "calendars/japan.yaml")?;
        let body = file(&files, &format!("tenants/{tenant}.yaml"))?;
        let calendar = PlainCalendar::read(&holidays, &body)?;
        let catalogue = Catalogue::load_files(files);
        let faults = |faults: Vec<crate::catalogue::CatalogueFault>| {
            RehearsalError::Configuration(
                faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
            )
        };
        let mut periods = HashMap::new();
        for version in catalogue.map_err(faults)?.all_versions() {
            let definition = &version.definition;
            let Some(processing) = &definition.processing else { continue };
            let leaves_out_closed_days = processing.holidays == HolidayRule::Exclude;
            let period = Period { days: processing.days + processing.transit_days, leaves_out_closed_days };
            periods.insert((definition.id.clone(), i64::from(definition.version)), period);
        }
        Ok(Self { calendar, periods })
    }
}

/// What a body keeps beside its cases.
struct Record {
    posts: HashMap<OfficerId, Vec<PostFacts>>,
    /// Who was away, who covered, from which day to which.
    absences: Vec<(OfficerId, OfficerId, i64, i64)>,
    /// Seals in an absent officer's place, and those that nobody has looked at.
    acting: (u64, u64),
    numbers: Vec<NumberFacts>,
    counted: BTreeMap<(String, i64), i64>,
    incoming: IncomingNumbers,
}

/// What was numbered when it came in.
struct IncomingNumbers {
    rows: u64,
    doubles: u64,
    /// Numbers that were counted and that nothing has.
    gaps: u64,
}

impl IncomingNumbers {
    fn of(given: Vec<(Series, i64)>, counters: &[(Series, i64)]) -> Self {
        let rows = u64::try_from(given.len()).unwrap_or(u64::MAX);
        let distinct: BTreeSet<(Series, i64)> = given.into_iter().collect();
        let different = u64::try_from(distinct.len()).unwrap_or(u64::MAX);
        let counted: i64 = counters.iter().map(|(_, last)| last).sum();
        let counted = u64::try_from(counted).unwrap_or(0);
        Self { rows, doubles: rows - different, gaps: counted.abs_diff(different) }
    }

    /// Numbers that nothing has, and cases without one.
    fn missing(&self, cases: u64) -> u64 {
        self.gaps + cases.saturating_sub(self.rows)
    }
}

impl Record {
    async fn read(core: &Core, tenant: &TenantCode) -> Result<Self, RehearsalError> {
        let tenant = tenant.clone();
        let read = core.db.read(move |tx| {
            let posts = evidence::posts(tx, &tenant)?;
            let (absences, numbers) = (evidence::absences(tx, &tenant)?, evidence::numbers(tx, &tenant)?);
            let counters = document_numbers::counters(tx, &tenant)?;
            let acting = evidence::acting(tx, &tenant)?;
            let came_in = incoming_documents::given(tx, &tenant)?;
            Ok::<_, Failure>((posts, absences, numbers, counters, came_in, acting))
        });
        let (all_posts, absences, numbers, counters, came_in, acting) = read.await?;
        let count = |number: i64| u64::try_from(number).unwrap_or(u64::MAX);
        let acting = (count(acting.0), count(acting.1));
        let is_incoming = |(series, _): &(Series, i64)| series.key.starts_with("incoming:");
        let (of_incoming, counters): (Vec<_>, Vec<_>) = counters.into_iter().partition(is_incoming);
        let mut posts: HashMap<OfficerId, Vec<PostFacts>> = HashMap::new();
        for post in all_posts {
            posts.entry(post.officer_id).or_default().push(post);
        }
        let day = |date: jiff::civil::Date| parse_day(&date.to_string()).unwrap_or(i64::MIN);
        let absences =
            absences.into_iter().map(|(who, cover, from, to)| (who, cover, day(from.0), day(to.0))).collect();
        let counted = counters.into_iter().map(|(series, last)| ((series.key, series.year), last)).collect();
        let incoming = IncomingNumbers::of(came_in, &of_incoming);
        Ok(Self { posts, absences, acting, numbers, counted, incoming })
    }

    /// Whether somebody held a post on a day, under any title or under this one.
    fn held(&self, officer: OfficerId, seal: &SealFacts, day: i64, title: Option<&str>) -> bool {
        let on = |post: &PostFacts| {
            let from = parse_day(&post.valid_from.0.to_string()).unwrap_or(i64::MAX);
            let to = post.valid_to.map_or(i64::MAX, |to| parse_day(&to.0.to_string()).unwrap_or(i64::MIN));
            (from..=to).contains(&day)
        };
        let sits = |post: &&PostFacts| {
            post.role == seal.role
                && post.department == seal.department
                && title.is_none_or(|title| post.title == title)
        };
        self.posts.get(&officer).into_iter().flatten().filter(sits).any(on)
    }

    /// Whether a seal was set by somebody who could, on the day it was set.
    fn is_authorised(&self, seal: &SealFacts) -> bool {
        let (Some(officer), Some(acted_at)) = (seal.officer_id, seal.acted_at) else { return false };
        let day = jst_day_number(acted_at.0.as_microsecond());
        match seal.acting_for {
            None => self.held(officer, seal, day, seal.officer_title.as_deref()),
            Some(absent) => {
                // Only whoever the record of the absence names acts, and only on its days.
                let opens = |(who, cover, from, to): &(OfficerId, OfficerId, i64, i64)| {
                    *who == absent && *cover == officer && (*from..=*to).contains(&day)
                };
                self.held(absent, seal, day, None) && self.absences.iter().any(opens)
            }
        }
    }
}

/// Some cases with everything that belongs to them.
struct Page {
    cases: Vec<CaseFacts>,
    questions: HashMap<ApplicationId, Vec<(i64, i64)>>,
    decisions: Vec<DecisionFacts>,
    documents: HashMap<DecisionId, String>,
    seals: HashMap<ProposalId, Vec<SealFacts>>,
}

impl Page {
    async fn read(
        core: &Core,
        tenant: &TenantCode,
        after: Option<ApplicationId>,
    ) -> Result<Option<Self>, RehearsalError> {
        let tenant = tenant.clone();
        let read = core.db.read(move |tx| {
            let cases = evidence::cases(tx, &tenant, after, PAGE)?;
            let (Some(first), Some(last)) = (cases.first(), cases.last()) else { return Ok(None) };
            let span = (first.id, last.id);
            let questions = evidence::answered_questions(tx, &tenant, span)?;
            let (decisions, seals) =
                (evidence::decisions(tx, &tenant, span)?, evidence::seals(tx, &tenant, span)?);
            let documents = evidence::documents(tx, &tenant, span)?;
            Ok::<_, Failure>(Some((cases, questions, decisions, documents, seals)))
        });
        let Some((cases, asked, decisions, documents, all_seals)) = read.await? else { return Ok(None) };
        let mut questions: HashMap<ApplicationId, Vec<(i64, i64)>> = HashMap::new();
        for (case, from, to) in asked {
            let span = (jst_day_number(from.0.as_microsecond()), jst_day_number(to.0.as_microsecond()));
            questions.entry(case).or_default().push(span);
        }
        let mut seals: HashMap<ProposalId, Vec<SealFacts>> = HashMap::new();
        for seal in all_seals {
            seals.entry(seal.proposal_id).or_default().push(seal);
        }
        let documents = documents.into_iter().collect();
        Ok(Some(Self { cases, questions, decisions, documents, seals }))
    }

    fn judge(&self, law: &Law, record: &Record, counts: &mut Counts) {
        let decided: BTreeSet<ApplicationId> =
            self.decisions.iter().map(|decision| decision.application_id).collect();
        for case in self.cases.iter().filter(|case| case.state != "draft") {
            counts.cases += 1;
            let has_decision = decided.contains(&case.id);
            let is_lost = match (case.state.as_str(), has_decision) {
                ("decided" | "closed", true) => {
                    counts.decided += 1;
                    false
                }
                ("closed", false) => {
                    counts.received += 1;
                    case.procedure.starts_with("rehearsal-permit")
                }
                ("withdrawn", false) => {
                    counts.withdrawn += 1;
                    false
                }
                (_, true) | ("decided", false) => true,
                _ => {
                    counts.open += 1;
                    false
                }
            };
            counts.lost_cases += u64::from(is_lost);
            counts.due_date_errors += u64::from(!self.is_due_right(case, law));
        }
        for decision in &self.decisions {
            counts.unauthorised_decisions += u64::from(!self.is_decided_right(decision, record));
        }
    }

    fn is_due_right(&self, case: &CaseFacts, law: &Law) -> bool {
        let stored = case.due_on.and_then(|due| parse_day(&due.0.to_string()));
        let Some(arrived_at) = case.arrived_at else { return false };
        let arrived = jst_day_number(arrived_at.0.as_microsecond());
        let period = law.periods.get(&(case.procedure.clone(), case.procedure_version));
        let pauses = self.questions.get(&case.id).map_or(&[][..], Vec::as_slice);
        stored == period.map(|period| law.calendar.due(arrived, *period, pauses))
    }

    fn is_decided_right(&self, decision: &DecisionFacts, record: &Record) -> bool {
        let seals = self.seals.get(&decision.proposal_id).map_or(&[][..], Vec::as_slice);
        let last_stage = seals.iter().map(|seal| seal.stage_no).max();
        let agreed = |seal: &SealFacts| matches!(seal.state.as_str(), "approved" | "dissented");
        let decides = |seal: &&SealFacts| {
            Some(seal.stage_no) == last_stage
                && seal.officer_id == Some(decision.decided_by)
                && seal.acted_at == Some(decision.decided_at)
        };
        let drafted = |seal: &SealFacts| seal.officer_id == Some(decision.drafter_id);
        // What one desk would have done twice it did once, later.
        let done_later = |seal: &&SealFacts| {
            let same = |other: &&SealFacts| {
                other.role == seal.role
                    && other.department == seal.department
                    && other.stage_no >= seal.stage_no
            };
            seal.state == "not_needed" && seals.iter().filter(same).any(agreed)
        };
        let mut needed = seals.iter().filter(|seal| !done_later(seal));
        seals.iter().any(|seal| decides(&seal))
            && needed.all(|seal| agreed(seal) && !drafted(seal) && record.is_authorised(seal))
    }
}

/// The fiscal year in which something was decided: it begins with April.
fn fiscal_year(decision: &DecisionFacts) -> i64 {
    let day = jst_day_number(decision.decided_at.0.as_microsecond());
    let mut year = 1970;
    while super::plain_calendar::day_number(year + 1, 4, 1) <= day {
        year += 1;
    }
    year
}

/// Numbers that are missing, and numbers that are double.
fn judge_numbers(record: &Record, decided: &HashMap<DecisionId, (i64, Option<String>)>) -> (u64, u64) {
    let (mut missing, mut duplicate) = (0, 0);
    let mut highest = record.counted.clone();
    let mut given: BTreeMap<(String, i64), BTreeSet<i64>> = BTreeMap::new();
    let mut written: BTreeSet<(i64, &str)> = BTreeSet::new();
    let mut numbered: BTreeSet<DecisionId> = BTreeSet::new();
    for number in &record.numbers {
        let series = (number.series.clone(), number.year);
        let last = highest.entry(series.clone()).or_default();
        *last = (*last).max(number.number);
        let is_new = given.entry(series).or_default().insert(number.number);
        let is_new_in_writing = written.insert((number.year, number.document_number.as_str()));
        let is_first_of_decision = numbered.insert(number.decision_id);
        duplicate += u64::from(!is_new || !is_new_in_writing || !is_first_of_decision);
        // A number of another year, on no decision, or not the one that stands on the document is none.
        let stands = decided.get(&number.decision_id).is_some_and(|(year, text)| {
            *year == number.year && text.as_deref() == Some(number.document_number.as_str())
        });
        missing += u64::from(!stands);
    }
    for (series, last) in highest {
        let count = given.get(&series).map_or(0, |numbers| i64::try_from(numbers.len()).unwrap_or(i64::MAX));
        missing += u64::try_from(last - count).unwrap_or(0);
    }
    let without = decided.keys().filter(|decision| !numbered.contains(decision)).count();
    (missing + u64::try_from(without).unwrap_or(u64::MAX), duplicate)
}
