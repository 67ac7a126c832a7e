//! Faults of who approves what in a body's file: they are found when it is read, not when somebody proposes.

use jiff::civil::Date;

use super::Tenant;
use crate::domain::approval::{Subject, SubjectRoute};
use crate::domain::fault::Fault;
use crate::domain::policy::Role;
use crate::domain::procedure::{OF_WAIVERS, RouteData};

impl Tenant {
    /// Routes of waivers and write-offs, and the desk where important matters go (R-112…R-114).
    pub(super) fn approval_faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (index, route) in self.approval_routes.iter().enumerate() {
            self.route_faults(route, &format!("/approval_routes/{index}"), &mut faults);
            let twice = self.approval_routes.iter().take(index).any(|other| overlap(other, route));
            if twice {
                let (ja, en) = ("同じ日に二つの経路があります", "two routes of the subject hold on one day");
                faults.push(Fault::new(format!("/approval_routes/{index}/valid_from"), "overlap", ja, en));
            }
        }
        if let Some(desk) = &self.deciding_desk {
            self.desk_faults("/deciding_desk", &desk.role, Some(&desk.department), None, &mut faults);
        }
        faults
    }

    fn route_faults(&self, route: &SubjectRoute, place: &str, faults: &mut Vec<Fault>) {
        let (steps_at, standing_at) = (format!("{place}/steps"), format!("{place}/standing_decisions"));
        let matters = if route.subject == Subject::Waiver { OF_WAIVERS } else { &[] };
        let data = RouteData { steps: &route.steps, standing: &route.standing_decisions, matters };
        faults.extend(data.faults(&self.code, (&steps_at, &standing_at)));
        if route.steps.is_empty() {
            faults.push(Fault::new(&steps_at, "empty", "空にできません", "must not be empty"));
        }
        for (index, step) in route.steps.iter().enumerate() {
            let at = format!("{steps_at}/{index}");
            let span = Some((route.valid_from, route.valid_to));
            self.desk_faults(&at, &step.role, step.department.as_deref(), span, faults);
        }
        if route.valid_to.is_some_and(|to| to < route.valid_from) {
            let (ja, en) = ("終わりが始まりより前です", "ends before it begins");
            faults.push(Fault::new(format!("{place}/valid_to"), "span", ja, en));
        }
    }

    /// A desk is a role that acts on proposals, in the body itself or in a department that exists as long as the route.
    fn desk_faults(
        &self,
        place: &str,
        role: &str,
        department: Option<&str>,
        span: Option<(Date, Option<Date>)>,
        faults: &mut Vec<Fault>,
    ) {
        if !Role::parse(role).is_some_and(Role::seals) {
            let (ja, en) = ("決裁をする職ではありません", "is no role that acts on proposals");
            faults.push(Fault::new(format!("{place}/role"), "unknown_role", ja, en));
        }
        let Some(code) = department.filter(|code| *code != self.code.as_str()) else { return };
        let exists = match span {
            Some((from, to)) => self.first_day_without(code, from, to).is_none(),
            None => self.departments.iter().any(|known| known.code == code),
        };
        if !exists {
            let (ja, en) = ("この間、この所属はありません", "there is no such department all that time");
            faults.push(Fault::new(format!("{place}/department"), "unknown_department", ja, en));
        }
    }
}

fn overlap(one: &SubjectRoute, other: &SubjectRoute) -> bool {
    let begins_in_time =
        |a: &SubjectRoute, b: &SubjectRoute| b.valid_to.is_none_or(|last| a.valid_from <= last);
    one.subject == other.subject && begins_in_time(one, other) && begins_in_time(other, one)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::domain::organisation::Tenant;

    fn faults(routes: &Value, desk: &Value) -> Vec<(String, String)> {
        let text = json!({
            "code": "020001", "name": { "ja": "青森県", "en": "Aomori" }, "kind": "prefecture",
            "disposing_authority": { "ja": "青森県知事", "en": "Governor" },
            "calendar": { "basis": "条例", "year_end": { "december_from": 29, "january_to": 3 } },
            "departments": [{ "code": "kanri", "name": { "ja": "課", "en": "Section" }, "valid_from": "2024-04-01",
                "valid_to": "2026-03-31", "source": "試験用" }],
            "approval_routes": routes, "deciding_desk": desk, "sources": ["試験用"],
        });
        let body: Tenant = serde_json::from_value(text).unwrap();
        body.check().into_iter().map(|fault| (fault.pointer, fault.code.to_owned())).collect()
    }

    fn route(step: &Value, from: &str, to: &Value) -> Value {
        json!({ "subject": "waiver", "valid_from": from, "valid_to": to, "steps": [step], "source": "試験用",
            "standing_decisions": [{ "closes_at": "head", "basis": "規程" }] })
    }

    #[test]
    fn r112_to_r114_a_route_that_could_not_be_walked_is_found_when_the_file_is_read() {
        let head = json!({ "role": "head", "department": "020001" });
        let desk = json!({ "role": "head", "department": "020001", "source": "法" });
        let sound = route(&head, "2024-04-01", &Value::Null);
        assert_eq!(faults(&json!([sound]), &desk), []);
        let short = route(&json!({ "role": "head", "department": "kanri" }), "2024-04-01", &Value::Null);
        let within =
            route(&json!({ "role": "head", "department": "kanri" }), "2024-04-01", &json!("2026-03-31"));
        let mut misnamed = sound.clone();
        misnamed["standing_decisions"][0]["decisions"] = json!(["refuse", "suspension"]);
        let passing = route(&json!({ "role": "head", "kind": "pass" }), "2024-04-01", &Value::Null);
        let cases = [
            (json!([sound, sound]), &desk, "/approval_routes/1/valid_from", "overlap"),
            (json!([short]), &desk, "/approval_routes/0/steps/0/department", "unknown_department"),
            (
                json!([route(&json!({ "role": "head" }), "2024-04-01", &json!("2024-03-31"))]),
                &desk,
                "/approval_routes/0/valid_to",
                "span",
            ),
            (
                json!([route(&json!({ "role": "clerk" }), "2024-04-01", &Value::Null)]),
                &desk,
                "/approval_routes/0/steps/0/role",
                "unknown_role",
            ),
            (json!([misnamed]), &desk, "/approval_routes/0/standing_decisions/0/decisions/1", "decision"),
            (json!([passing]), &desk, "/approval_routes/0/steps/0/kind", "last_step"),
            (
                json!([]),
                &json!({ "role": "head", "department": "nowhere", "source": "法" }),
                "/deciding_desk/department",
                "unknown_department",
            ),
            (
                json!([]),
                &json!({ "role": "mayor", "department": "020001", "source": "法" }),
                "/deciding_desk/role",
                "unknown_role",
            ),
        ];
        for (routes, desk, pointer, code) in cases {
            let found = faults(&routes, desk);
            assert!(found.contains(&(pointer.to_owned(), code.to_owned())), "{pointer} {code}: {found:?}");
        }
        assert_eq!(faults(&json!([within]), &desk), []);
    }
}
