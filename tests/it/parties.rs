//! Parties of a case: who owes, who holds, who is written to, by the role of each and not by the order in which they stand.

use serde_json::json;

use crate::fee_timing::Counter;
use crate::policy_coverage::world::{approve, draft_of, pay, propose, submit};
use crate::support::app::TestApp;
use crate::support::db::{TestDb, execute};

/// How many mails went to an address.
fn mails_to(app: &TestApp, address: &str) -> usize {
    let folder = std::fs::read_dir(&app.core.settings.mail.directory).unwrap();
    let texts = folder.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    texts.filter(|text| text.split("\r\n\r\n").next().unwrap().contains(address)).count()
}

on_both_databases!(
    /// An agent (代理人) acts for the applicant and is written to; the fee is owed, its receipt made out, and the permit held by the
    /// applicant all the same. What is sealed of the agent here cannot be opened: whoever took the agent's name would fail.
    the_applicant_owes_and_holds_where_an_agent_acts,
    async |db: TestDb| {
        let counter = Counter::open(&db).await;
        let (app, business) = (&counter.app, &counter.business);
        let agent = app.register("agent@example.jp", "business").await;
        let draft = draft_of(app, business).await;
        let acts = format!(
            "INSERT INTO parties (tenant_id, application_id, role, account_id, sealed_party) SELECT tenant_id, application_id, 'agent', \
             '{}', sealed_party FROM parties WHERE application_id = '{draft}' AND role = 'applicant'",
            agent.id
        );
        execute(&db.settings.url, &acts);
        let case = submit(app, business, draft).await;
        pay(app, business, &case).await;
        propose(app, &counter.clerk, &case).await;
        approve(app, &counter.chief, &case).await;
        for (list, kind) in [("/v1/me/invoices", "invoice"), ("/v1/me/permits", "permit")] {
            let of = async |who| app.get(who, list).await.expect(200)["items"].as_array().unwrap().len();
            assert_eq!((of(business).await, of(&agent).await), (1, 0), "{kind}");
        }
        app.drain().await;
        assert!(mails_to(app, "agent@example.jp") > 0, "the agent is written to");
        assert_eq!(mails_to(app, "business@example.jp"), 0);
        let mine = app.get(&agent, "/v1/me/applications").await.expect(200);
        assert_eq!(mine["items"][0]["id"], json!(case.id), "and sees the case");
    }
);
