//! Who is in charge where, and to which queue a case goes.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_oneof, proptest};
use serde_json::{Value, json};

use super::{CompiledRouting, JurisdictionFile, Jurisdictions, Route};
use crate::domain::form::scope;
use crate::domain::id::TenantCode;
use crate::domain::municipality::Municipalities;
use crate::domain::procedure::specimen::{changed, facts};
use crate::domain::procedure::{Bilingual, ProcedureDefinition};

const DAY: Date = date(2026, 6, 1);

fn code(text: &str) -> TenantCode {
    TenantCode::parse(text).unwrap()
}

fn bodies() -> BTreeMap<TenantCode, Bilingual> {
    let list = Municipalities::parse(include_str!("../../../config/municipalities.csv")).unwrap();
    let named = |body: &crate::domain::municipality::Municipality| {
        (body.code.clone(), Bilingual { ja: body.name.clone(), en: body.name_en.clone() })
    };
    list.iter().map(named).collect()
}

fn file(text: &str) -> JurisdictionFile {
    yaml_serde::from_str(text).unwrap()
}

/// The shipped tables.
pub(crate) fn shipped() -> Jurisdictions {
    Jurisdictions::new(file(include_str!("../../../config/jurisdictions.yaml")), bodies()).unwrap()
}

fn in_charge(area: &str, place: &str, day: Date) -> Option<String> {
    shipped().in_charge(area, place, day).map(|it| it.authority.to_string())
}

#[test]
fn r172_two_core_cities_run_their_own_health_waste_and_pollution_offices() {
    for area in ["public-health", "industrial-waste", "pollution"] {
        assert_eq!(in_charge(area, "022012", DAY).as_deref(), Some("022012"), "{area}");
        assert_eq!(in_charge(area, "022039", DAY).as_deref(), Some("022039"), "{area}");
        // The other 38 belong to the prefecture.
        let bodies = bodies();
        let prefectural = bodies.keys().filter(|place| {
            in_charge(area, place.as_str(), DAY).as_deref() == Some("020001") && place.as_str() != "020001"
        });
        assert_eq!(prefectural.count(), 38, "{area}");
    }
}

#[test]
fn r172_private_lodging_stays_with_the_governor_even_in_aomori_city() {
    for place in bodies().keys() {
        assert_eq!(in_charge("private-lodging", place.as_str(), DAY).as_deref(), Some("020001"), "{place}");
    }
}

#[test]
fn r174_outdoor_advertising_is_delegated_to_each_municipality() {
    for place in bodies().keys().filter(|place| place.as_str() != "020001") {
        assert_eq!(in_charge("outdoor-advertising", place.as_str(), DAY).as_deref(), Some(place.as_str()));
    }
}

#[test]
fn r174_the_tables_go_by_the_day() {
    assert_eq!(in_charge("public-health", "022039", date(2016, 12, 31)).as_deref(), Some("020001"));
    assert_eq!(in_charge("public-health", "022039", date(2017, 1, 1)).as_deref(), Some("022039"));
}

#[test]
fn r175_a_passport_window_that_takes_paper_only_is_named() {
    assert_eq!(in_charge("passport", "024431", DAY).as_deref(), Some("024431"));
    assert_eq!(in_charge("passport", "022071", DAY).as_deref(), Some("020001"));
}

#[test]
fn a_place_outside_the_prefecture_has_no_authority_here() {
    for place in ["131016", "022013", "", "青森市", "0220120"] {
        assert_eq!(in_charge("public-health", place, DAY), None, "{place}");
    }
    assert_eq!(in_charge("no-such-area", "022012", DAY), None);
}

/// A procedure of the prefecture with a place and a choice.
fn of_the_prefecture(change: impl FnOnce(&mut Value)) -> ProcedureDefinition {
    changed(|it| {
        let label = json!({"ja": "項目", "en": "Field"});
        it["tenant"] = json!("020001");
        it["form"] = json!([
            {"name": "site", "label": label, "type": "address", "required": true},
            {"name": "city", "label": label, "type": "municipality"},
            {"name": "crosses_border", "label": label, "type": "boolean"},
            {"name": "area", "label": label, "type": "integer", "min": 0, "max": 100_000},
        ]);
        it["jurisdiction"] = json!({"area": "industrial-waste", "municipality": "form.site.municipality"});
        change(it);
    })
}

fn route_on(definition: &ProcedureDefinition, form: &Value, day: Date) -> Route {
    let routing = CompiledRouting::compile(definition, &scope(definition)).unwrap();
    routing.route(&facts(form, day), day, &shipped())
}

fn route(definition: &ProcedureDefinition, form: &Value) -> Route {
    route_on(definition, form, DAY)
}

fn own(definition: &ProcedureDefinition) -> Route {
    Route::Department { code: definition.department.clone(), rule: None, basis: None }
}

#[test]
fn r172_a_facility_under_another_body_is_refused_with_the_name_of_that_body() {
    let definition = of_the_prefecture(|_| {});
    let site = |municipality: &str| json!({"site": {"text": "x", "municipality": municipality}});
    assert_eq!(route(&definition, &site("022021")), own(&definition));
    let fault = route(&definition, &site("022039")).department(&shipped()).unwrap_err();
    assert_eq!((fault.pointer.as_str(), fault.code), ("/site/municipality", "other_authority"));
    assert!(fault.message_ja.contains("八戸市が所管しています"), "{}", fault.message_ja);
    assert!(fault.message_en.starts_with("Hachinohe City is in charge"), "{}", fault.message_en);
    // And the other way round, at a counter of the city.
    let city = of_the_prefecture(|it| it["tenant"] = json!("022012"));
    assert_eq!(route(&city, &site("022012")), own(&city));
    let fault = route(&city, &site("022021")).department(&shipped()).unwrap_err();
    assert!(fault.message_ja.contains("青森県が所管しています"), "{}", fault.message_ja);
    assert!(fault.message_en.starts_with("Aomori Prefecture is in charge"), "{}", fault.message_en);
}

#[test]
fn r169_without_a_municipality_nobody_is_in_charge_yet_and_the_postcode_does_not_help() {
    let definition = of_the_prefecture(|_| {});
    for form in [
        json!({}),
        json!({"site": {"text": "x", "postcode": "030-0801"}}),
        json!({"site": {"municipality": ""}}),
    ] {
        let fault = route(&definition, &form).department(&shipped()).unwrap_err();
        assert_eq!((fault.pointer.as_str(), fault.code), ("/site/municipality", "required"), "{form}");
    }
    let fault = route(&definition, &json!({"site": {"municipality": "131016"}})).department(&shipped());
    assert_eq!(fault.unwrap_err().code, "unknown_municipality");
}

#[test]
fn r173_waste_transport_that_crosses_the_border_of_a_core_city_is_prefectural() {
    let definition = of_the_prefecture(|it| {
        it["jurisdiction"]["municipality"] = json!("form.crosses_border ? '020001' : form.city");
    });
    let form = |crosses: bool| json!({"crosses_border": crosses, "city": "022012"});
    assert_eq!(route(&definition, &form(true)), own(&definition));
    let fault = route(&definition, &form(false)).department(&shipped()).unwrap_err();
    assert_eq!((fault.pointer.as_str(), fault.code), ("/city", "other_authority"));
    assert!(fault.message_ja.contains("青森市"), "{}", fault.message_ja);
}

#[test]
fn the_first_rule_that_applies_on_the_day_gives_the_queue() {
    let definition = of_the_prefecture(|it| {
        it["jurisdiction"] = Value::Null;
        it["routing"] = json!([
            {"when": "form.area >= 10000", "department": "large", "basis": "規程1", "effective_to": "2026-06-30"},
            {"when": "form.area >= 10000", "department": "larger", "basis": "規程2"},
            {"when": "form.area >= 1000", "department": "middle", "basis": "規程3"},
        ]);
    });
    let queue =
        |area: i64, day| route_on(&definition, &json!({"area": area}), day).department(&shipped()).unwrap();
    assert_eq!(queue(20_000, DAY), "large");
    assert_eq!(queue(20_000, date(2026, 6, 30)), "large");
    assert_eq!(queue(20_000, date(2026, 7, 1)), "larger");
    assert_eq!(queue(5_000, DAY), "middle");
    assert_eq!(queue(999, DAY), definition.department);
    let taken = route(&definition, &json!({"area": 1_000}));
    let basis = Some("規程3".to_owned());
    assert_eq!(taken, Route::Department { code: "middle".into(), rule: Some(2), basis });
    // An answer that is missing takes the case to no special queue, but to one.
    assert_eq!(route(&definition, &json!({})), own(&definition));
}

#[test]
fn a_department_of_the_table_stands_behind_the_rules_of_the_procedure() {
    let table = Jurisdictions::new(
        file(
            "{prefecture: '020001', tables: [{area: industrial-waste, title: {ja: a, en: a}, source: s, rows: [\
             {municipalities: ['022021'], authority: '020001', department: hirosaki-office, effective_from: 2020-04-01, basis: b}]}]}",
        ),
        bodies(),
    )
    .unwrap();
    let definition = of_the_prefecture(|it| {
        it["routing"] = json!([{"when": "form.area > 9", "department": "large", "basis": "規程"}]);
    });
    let routing = CompiledRouting::compile(&definition, &scope(&definition)).unwrap();
    let queue = |area: i64| {
        let form = json!({"site": {"municipality": "022021"}, "area": area});
        routing.route(&facts(&form, DAY), DAY, &table).department(&table).unwrap()
    };
    assert_eq!((queue(1).as_str(), queue(10).as_str()), ("hirosaki-office", "large"));
}

#[test]
fn hostile_conditions_are_faults_of_the_definition_and_no_panic() {
    let pointers = |change: fn(&mut Value)| -> Vec<String> {
        let definition = of_the_prefecture(change);
        let faults = CompiledRouting::compile(&definition, &scope(&definition)).err().unwrap_or_default();
        faults.into_iter().map(|fault| fault.pointer).collect()
    };
    assert_eq!(
        pointers(|it| it["jurisdiction"]["municipality"] = json!("'022012'")),
        ["/jurisdiction/municipality"]
    );
    assert_eq!(
        pointers(|it| it["jurisdiction"]["municipality"] = json!("form.area")),
        ["/jurisdiction/municipality"]
    );
    let rules = |it: &mut Value| {
        it["routing"] = json!([
            {"when": "form.nothing", "department": "a", "basis": "b"},
            {"when": "form.area", "department": "a", "basis": "b"},
            {"when": "form.area > 1 &&", "department": "a", "basis": "b"},
        ]);
    };
    assert_eq!(pointers(rules), ["/routing/0/when", "/routing/1/when", "/routing/2/when"]);
}

#[test]
fn a_condition_that_cannot_be_computed_does_not_apply() {
    let definition = of_the_prefecture(|it| {
        it["jurisdiction"] = Value::Null;
        it["routing"] = json!([{"when": "100 / form.area > 1", "department": "a", "basis": "b"}]);
    });
    assert_eq!(route(&definition, &json!({"area": 0})), own(&definition));
}

#[test]
fn every_fault_of_the_tables_is_named() {
    let faults = |text: &str| -> Vec<(String, &'static str)> {
        let faults = Jurisdictions::new(file(text), bodies()).err().unwrap_or_default();
        faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
    };
    let table = |rows: &str| {
        format!(
            "{{prefecture: '020001', tables: [{{area: a, title: {{ja: a, en: a}}, source: s, rows: [{rows}]}}]}}"
        )
    };
    let row = |from: &str, to: &str| {
        format!("{{municipalities: ['022012'], authority: '022012', effective_from: {from}, {to} basis: b}}")
    };
    assert_eq!(faults(&table(&row("2020-04-01", ""))), []);
    let follow = format!("{}, {}", row("2020-04-01", "effective_to: 2024-03-31,"), row("2024-04-01", ""));
    assert_eq!(faults(&table(&follow)), []);
    let overlap = format!("{}, {}", row("2020-04-01", "effective_to: 2024-04-01,"), row("2024-04-01", ""));
    assert_eq!(faults(&table(&overlap)), [("/tables/0/rows/1/municipalities/0".to_owned(), "overlap")]);
    let backwards = row("2020-04-01", "effective_to: 2020-03-31,");
    assert_eq!(faults(&table(&backwards)), [("/tables/0/rows/0/effective_to".to_owned(), "span")]);
    let strangers =
        "{municipalities: ['131016'], authority: '022013', effective_from: 2020-04-01, basis: ' '}";
    let codes: Vec<_> = faults(&table(strangers)).into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["empty", "unknown_body", "unknown_body"]);
    assert_eq!(faults("{prefecture: '131016', tables: []}"), [("/prefecture".to_owned(), "unknown_body")]);
}

fn any_answer() -> impl Strategy<Value = Value> {
    let place = prop_oneof![Just(json!("022021")), Just(json!("024503")), Just(json!("020001"))];
    (place, proptest::option::of(any::<i64>()), any::<bool>()).prop_map(|(place, area, crosses)| {
        let mut form = json!({"site": {"municipality": place}, "crosses_border": crosses});
        if let Some(area) = area {
            form["area"] = json!(area);
        }
        form
    })
}

proptest! {
    #[test]
    fn every_case_of_ours_reaches_one_of_the_named_queues(form in any_answer(), offset in 0_i64..2_000) {
        let definition = of_the_prefecture(|it| {
            it["routing"] = json!([
                {"when": "form.area * 9 > 100", "department": "large", "basis": "b", "effective_from": "2026-01-01"},
                {"when": "form.crosses_border", "department": "border", "basis": "b", "effective_to": "2027-01-01"},
            ]);
        });
        let day = date(2024, 1, 1) + jiff::Span::new().days(offset);
        let queue = route_on(&definition, &form, day).department(&shipped()).unwrap();
        prop_assert!(["large", "border", definition.department.as_str()].contains(&queue.as_str()));
    }
}

#[test]
fn a_body_has_its_name_and_a_stranger_its_code() {
    assert_eq!(shipped().name(&code("024121")).en, "Oirase Town");
    assert_eq!(Jurisdictions::default().name(&code("024121")).ja, "024121");
}
