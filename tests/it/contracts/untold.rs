//! A contract is offered with a grant only: it tells nothing before the notice of the grant is retrieved, and whoever acts on it was told.

use super::*;

impl Desk {
    /// A case decided about that way, whose notice the applicant wishes electronically; gives its path.
    async fn untold(&self, decision: &str) -> String {
        let case = self.counter.claimed(ON_ISSUE).await;
        let wish = json!({ "way": "electronic" });
        self.counter.app.post(&self.counter.business, &format!("{case}/notice-way"), wish).await.expect(201);
        self.counter.propose(&case, decision).await;
        assert_eq!(self.counter.seal(&case).await, "decided");
        assert_eq!(self.notice(&case).await, "available");
        case
    }

    /// Where the notice of the decision stands, as staff see it.
    async fn notice(&self, case: &str) -> Value {
        let listed = self.counter.app.get(&self.counter.clerk, &format!("{case}/notices")).await.expect(200);
        listed["items"][0]["state"].clone()
    }

    /// The kinds of events about the contract that the applicant sees.
    async fn seen(&self, case: &str) -> Vec<Value> {
        let timeline =
            self.counter.app.get(&self.counter.business, &format!("{case}/timeline")).await.expect(200);
        let kinds = timeline["items"].as_array().unwrap().iter().map(|item| item["kind"].clone());
        kinds.filter(|kind| kind.as_str().unwrap().starts_with("contract_")).collect()
    }
}

on_both_databases!(
    /// neither timeline nor mail names the contract before; reading it is the retrieval.
    r38_a_contract_is_not_told_before_the_notice_of_its_grant_is_retrieved,
    async |db: TestDb| {
        let desk = Desk::open(&db).await;
        let case = desk.untold("grant").await;
        assert_eq!(desk.seen(&case).await, Vec::<Value>::new());
        assert!(desk.kinds(&case).await.contains(&"contract_offered".to_owned()), "staff see it");
        desk.counter.app.get(&desk.counter.clerk, &format!("{case}/contract")).await.expect(200);
        assert_eq!(code(&desk.seal(&case).await), "offered", "the body signs first");
        desk.counter.app.drain().await;
        assert_eq!((desk.mails(), desk.seen(&case).await), (0, Vec::new()));
        assert_eq!(desk.notice(&case).await, "available");

        assert_eq!(desk.contract(&case).await["state"], "offered");
        assert_eq!(desk.notice(&case).await, "arrived");
        assert_eq!(desk.seen(&case).await, ["contract_offered", "contract_signed_by_office"]);
    }
);

on_both_databases!(
    /// who signs the text was told of it, wherever the copy came from.
    r38_who_signs_a_contract_has_been_told_of_the_grant,
    async |db: TestDb| {
        let desk = Desk::open(&db).await;
        let case = desk.untold("grant").await;
        let shown = desk.counter.app.get(&desk.counter.clerk, &format!("{case}/contract")).await.expect(200);
        let text = shown["statement"].as_str().unwrap();
        desk.hand_in(&case, desk.signer.body(text)).await.expect(200);
        assert_eq!(desk.notice(&case).await, "arrived");
        assert_eq!(desk.seen(&case).await, ["contract_offered", "contract_signed_by_counterpart"]);
    }
);

on_both_databases!(
    /// that a decided case offers no contract says that it was refused.
    r38_that_there_is_no_contract_tells_a_refusal,
    async |db: TestDb| {
        let desk = Desk::open(&db).await;
        let case = desk.untold("refuse").await;
        let path = format!("{case}/contract");
        assert_eq!(desk.counter.app.get(&desk.counter.clerk, &path).await.problem(), "409 no_contract");
        assert_eq!(desk.notice(&case).await, "available");
        assert_eq!(desk.counter.app.get(&desk.counter.business, &path).await.problem(), "409 no_contract");
        assert_eq!(desk.notice(&case).await, "arrived");
    }
);
