//! Five hundred procedures are read, checked and compiled in a time one can wait for, even in a debug build.

use std::time::{Duration, Instant};

use madoguchi::catalogue::Catalogue;

use crate::hostile_definitions::bases::SMALL;

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
