//! A clock that stands still: the case is not late, and its row says why; whatever stops or starts the clock is seen at once.

use madoguchi::service::escalation;

use super::*;

/// The row of a case as the queue shows it.
async fn row(desk: &Desk<'_>, id: &str) -> Value {
    let page = desk.app.get(&desk.clerk, &queue("")).await.expect(200);
    let found = page["items"].as_array().unwrap().iter().find(|row| row["id"] == id).cloned();
    found.unwrap_or_else(|| panic!("{id} waits: {page}"))
}

/// Why the clock of a case stands still: the row and the explanation of the clock say the same.
async fn paused(desk: &Desk<'_>, id: &str) -> Value {
    let clock =
        desk.app.get(&desk.clerk, &format!("/v1/tenants/{AOMORI}/applications/{id}/clock")).await.expect(200);
    let pauses = clock["pauses"].as_array().unwrap().iter();
    let open = pauses.filter(|pause| pause["answered_on"].is_null()).map(|pause| pause["reason"].clone());
    let shown = row(desk, id).await["paused"].clone();
    assert_eq!(shown, open.into_iter().next().unwrap_or(Value::Null), "{clock}");
    shown
}

async fn overdue(desk: &Desk<'_>) -> Vec<String> {
    let mut by_arrival = desk.queue(&desk.clerk, "due=overdue").await;
    let mut by_due_date = desk.queue(&desk.clerk, "due=overdue&sort=due_on").await;
    by_arrival.sort_unstable();
    by_due_date.sort_unstable();
    assert_eq!(by_arrival, by_due_date);
    let counts = desk.app.get(&desk.clerk, &queue("/counts")).await.expect(200);
    assert_eq!(counts["overdue"], json!(by_arrival.len()), "the count is that of the list");
    by_arrival
}

on_both_databases!(r18_a_case_whose_fee_is_awaited_is_not_overdue_until_it_is_paid, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let mut desk = Desk::set(&app).await;
    let case = desk.submitted(PROCEDURE).await;
    desk.later(SignedDuration::from_hours(24 * 90)).await;
    let shown = row(&desk, &case).await;
    assert_eq!((&shown["overdue"], &shown["paused"]), (&json!(false), &json!("fee_payment")), "{shown}");
    assert_eq!(overdue(&desk).await, NOBODYS);
    desk.pay(&case, "2026-06-30").await;
    assert_eq!(paused(&desk, &case).await, Value::Null);
    assert_eq!(overdue(&desk).await, NOBODYS, "the days until the payment do not count");
    desk.later(SignedDuration::from_hours(24 * 90)).await;
    assert_eq!(row(&desk, &case).await["overdue"], json!(true));
    assert_eq!(overdue(&desk).await, [case]);
});

on_both_databases!(
    r18_what_stops_the_clock_is_seen_in_the_row_and_what_starts_it_again,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let desk = Desk::set(&app).await;
        let case = desk.claimed().await;
        assert_eq!(paused(&desk, &case).await, "fee_payment");
        desk.pay(&case, "2026-04-01").await;
        assert_eq!(paused(&desk, &case).await, Value::Null);
        desk.ask(&case).await;
        assert_eq!(paused(&desk, &case).await, "correction");
        let path = format!("/v1/tenants/{AOMORI}/applications/{case}");
        let version = app.get(&desk.business, &path).await.etag();
        let answer = json!({ "form": { "phone": "0177221111" } });
        app.post_if(&desk.business, &format!("{path}/resubmit"), &version, answer).await.expect(200);
        assert_eq!(paused(&desk, &case).await, Value::Null);
        let pause = json!({ "reason": "extra_documents", "asked_on": "2026-04-01", "note": "図面の追加" });
        let pause = app.post(&desk.clerk, &format!("{path}/clock-pauses"), pause).await.expect(201);
        assert_eq!(paused(&desk, &case).await, "extra_documents");
        let end = format!("/v1/tenants/{AOMORI}/clock-pauses/{}/end", pause["id"].as_str().unwrap());
        app.post(&desk.clerk, &end, json!({ "ended_on": "2026-04-01" })).await.expect(200);
        assert_eq!(paused(&desk, &case).await, Value::Null);
    }
);

on_both_databases!(r18_what_is_asked_of_the_applicant_is_not_overdue, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let mut desk = Desk::set(&app).await;
    let (running, asked) = (desk.claimed().await, desk.claimed().await);
    for case in [&running, &asked] {
        desk.pay(case, "2026-04-01").await;
    }
    desk.ask(&asked).await;
    desk.later(SignedDuration::from_hours(24 * 90)).await;
    assert_eq!(overdue(&desk).await, [running]);
    let shown = row(&desk, &asked).await;
    assert_eq!((&shown["overdue"], &shown["paused"]), (&json!(false), &json!("correction")));
});

on_both_databases!(
    /// A fee that was paid while the version of its procedure could not be read left its note behind: the daily look takes it away and
    /// moves the due date, and leaves alone what really waits.
    r18_a_clock_that_was_noted_to_stand_still_and_runs_is_noted_anew_by_the_daily_look,
    async |db: TestDb| {
        let app = TestApp::start(&db).await;
        let mut desk = Desk::set(&app).await;
        let (paid, waiting) = (desk.submitted(PROCEDURE).await, desk.submitted(PROCEDURE).await);
        desk.later(SignedDuration::from_hours(24 * 20)).await;
        desk.pay(&paid, "2026-04-21").await;
        let due_on = row(&desk, &paid).await["due_on"].clone();
        let left = format!("UPDATE applications SET paused_for = 'fee_payment', due_on = '2026-04-22' WHERE id = '{paid}'");
        execute(&db.settings.url, &left);
        for _ in 0..2 {
            escalation::run(&app.core).await.unwrap();
            assert_eq!((paused(&desk, &paid).await, paused(&desk, &waiting).await), (Value::Null, json!("fee_payment")));
            assert_eq!(row(&desk, &paid).await["due_on"], due_on, "the days until the payment do not count");
        }
    }
);
