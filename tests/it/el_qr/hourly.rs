//! What is read by the hour: the slips of which something is to be said, and every open one once the terms may have changed.

use std::sync::Arc;

use jiff::SignedDuration;
use madoguchi::domain::id::TenantCode;
use madoguchi::service::el_qr_upload::{self, Look};

use super::desk::{Counter, uploads};
use super::files;
use crate::support::app::{AOMORI, TestApp};
use crate::support::db::TestDb;

on_both_databases!(
    r82_a_slip_that_stands_is_not_read_again_by_the_hour_and_what_ends_it_is_found,
    async |db: TestDb| {
        let app = TestApp::start_over(&db, files(), |_| {}).await;
        let mut counter = Counter::open(&app, &db).await;
        let tenant = TenantCode::parse(AOMORI).unwrap();
        let core = Arc::clone(&app.core);
        let look = async || {
            let Look { judged, files } = el_qr_upload::look(&core, &tenant).await.unwrap();
            (judged, files)
        };
        let (paid, stands) = (counter.office.owing().await, counter.office.owing().await);
        assert!(counter.number(&paid).await.is_object() && counter.number(&stands).await.is_object());
        let (upload, _) = counter.uploaded().await;
        counter.told(&upload).await;
        app.drain().await;
        // A node that starts looks at everything once.
        look().await;
        assert_eq!(look().await, (0, 0), "both wait for their payers");
        let new = counter.office.owing().await;
        assert!(counter.number(&new).await.is_object());
        assert_eq!(look().await, (1, 1), "the new one alone");
        counter.office.pays(&paid).await;
        look().await;
        let withdrawn = "(SELECT COUNT(*) FROM el_qr_slips WHERE state = 'withdrawing')";
        assert_eq!((db.count(withdrawn).await, look().await), (1, (0, 0)), "the one that was paid otherwise");
        counter.office.waived(&stands, "half").await;
        look().await;
        assert_eq!((db.count(withdrawn).await, look().await), (2, (0, 0)), "another amount is owed");

        // On another day other terms may be in force: every open slip is looked at, once.
        let open = "(SELECT COUNT(*) FROM el_qr_slips WHERE state IN ('issued', 'uploaded', 'accepted'))";
        app.clock.advance(SignedDuration::from_hours(24));
        let all = usize::try_from(db.count(open).await).unwrap();
        assert!(all > 0);
        assert_eq!((look().await, look().await), ((all, 0), (0, 0)));
        // Past the last day of all of them each is withdrawn.
        app.clock.advance(SignedDuration::from_hours(24 * 62));
        look().await;
        assert_eq!(db.count(open).await, 0);
        counter.office.sign_in_again().await;
        assert!(counter.get(&uploads("")).await["items"].as_array().unwrap().len() >= 4);
    }
);
