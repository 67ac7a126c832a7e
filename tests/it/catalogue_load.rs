//! Five hundred procedures are read, checked and compiled in a time one can wait for, even in a debug build; and what was shipped
//! once stays as it was.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::civil::date;
use madoguchi::catalogue::Catalogue;
use madoguchi::domain::id::TenantCode;
use madoguchi::store::StoreError;
use madoguchi::store::procedure_versions::{self, Pinned, StoredVersion};

use crate::hostile_definitions::bases::SMALL;
use crate::support::app::{AOMORI, TestApp};
use crate::support::catalogue::shipped;
use crate::support::db::TestDb;

/// Generous: optimised it takes less than a second, and other tests run at the same time.
const BOUND: Duration = Duration::from_mins(1);

#[test]
fn five_hundred_procedures_load_in_time() {
    let shipped = Catalogue::load_embedded().unwrap().all_versions().count();
    let files: Vec<(String, String)> = (shipped..500)
        .map(|number| {
            let mut definition = SMALL[number % SMALL.len()].definition.clone();
            definition["id"] = format!("bulk-{number}").into();
            let text = yaml_serde::to_string(&definition).unwrap();
            (format!("procedures/020001/bulk-{number}.yaml"), text)
        })
        .collect();
    let began = Instant::now();
    let catalogue = Catalogue::load_embedded_with(files).unwrap();
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    assert_eq!(catalogue.all_versions().count(), 500);
}

/// A version by body, procedure and number.
type Name = (String, String, u32);

/// The digests of the versions as they were first shipped.
fn first_shipped() -> BTreeMap<Name, String> {
    let lines = include_str!("support/shipped_versions.txt").lines().filter(|line| !line.starts_with('#'));
    let version = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let [tenant, procedure, number, digest] = words[..] else { panic!("{line}") };
        ((tenant.to_owned(), procedure.to_owned(), number.parse().unwrap()), digest.to_owned())
    };
    lines.map(version).collect()
}

/// A version that somebody changes in place keeps every database from starting that was made before, and judges old cases by rules
/// that they never knew: what changes is a new version. (What is built on a template has a text of two files and is not listed.)
#[test]
fn no_shipped_version_is_changed_in_place() {
    let files = Catalogue::shipped_files();
    let is_whole = |(tenant, procedure, number): &Name| {
        let plain = format!("procedures/{tenant}/{procedure}");
        let file = files.get(&format!("{plain}.v{number}.yaml"));
        !file.or_else(|| files.get(&format!("{plain}.yaml"))).unwrap().contains("\nextends:")
    };
    let named = |version: &madoguchi::catalogue::CatalogueProcedure| {
        let definition = &version.definition;
        let name = (definition.tenant.to_string(), definition.id.clone(), definition.version);
        (name, version.digest.clone())
    };
    let now: BTreeMap<Name, String> =
        shipped().all_versions().map(|version| named(version)).filter(|(name, _)| is_whole(name)).collect();
    assert_eq!(now, first_shipped());
}

on_both_databases!(
    /// A database that was made when version 1 was all there was starts; what its cases pinned asks for no more than it did then, and
    /// what arrives now falls under version 2.
    a_database_that_holds_version_1_as_first_shipped_starts_and_takes_version_2_beside_it,
    async |db: TestDb| {
        let held: Vec<StoredVersion> = first_shipped()
            .into_iter()
            .filter(|((_, _, version), _)| *version == 1)
            .map(|((tenant, procedure, version), digest)| {
                let (tenant, definition) = (TenantCode::parse(&tenant).unwrap(), "{}".to_owned());
                StoredVersion { tenant, procedure, version, digest, definition }
            })
            .collect();
        let stored = db.db.write_alone(vec![], move |tx| {
            let all = held.iter().map(|version| procedure_versions::pin(tx, version));
            all.collect::<Result<Vec<_>, StoreError>>()
        });
        assert!(stored.await.unwrap().iter().all(|pinned| *pinned == Pinned::New));

        let app = TestApp::start(&db).await;
        let (catalogue, aomori) = (app.core.catalogue.current(), TenantCode::parse(AOMORI).unwrap());
        let stored = "(SELECT COUNT(*) FROM procedure_versions WHERE version = 2)";
        assert_eq!(db.count(stored).await, 3);
        for procedure in ["doro-senyo", "kaitai-kyoka", "kensetsu-kyoka"] {
            let on = |day| catalogue.find_procedure(&aomori, procedure, day).unwrap().definition.version;
            assert_eq!((on(date(2026, 3, 31)), on(date(2026, 4, 1))), (1, 2), "{procedure}");
        }
        let version = |procedure, number| catalogue.procedure_version(&aomori, procedure, number).unwrap();
        let signed = [1, 2].map(|number| version("kaitai-kyoka", number).definition.required_signature().is_some());
        assert_eq!(signed, [false, true], "R-40: an old permit was never signed");
        let given = [1, 2].map(|number| {
            let rule = version("kensetsu-kyoka", number).definition.public_inspection.clone();
            rule.unwrap().files
        });
        assert_eq!(given, [vec![], vec!["staff".to_owned()]], "R-47: nobody was told that a file would be given out");
        let by_el_qr = [1, 2].map(|number| {
            let allowed = version("doro-senyo", number).definition.allowed_methods.clone();
            serde_json::to_value(allowed).unwrap().to_string().contains("el_qr")
        });
        assert_eq!(by_el_qr, [false, true]);
    }
);
