//! What must be true of money whatever went wrong: one truth at the gateway and with us, booked once.

use std::collections::BTreeSet;

use diesel::RunQueryDsl as _;
use madoguchi::domain::audit::{self, CHAIN_START, ChainHash, EventRecord};
use madoguchi::domain::el_qr::EL_QR;
use madoguchi::domain::id::{ApplicationId, InvoiceId, TenantCode};
use madoguchi::domain::ledger::{self, Entry, EntryKind, Posting};
use madoguchi::domain::money::Yen;
use madoguchi::domain::refund::SET_OFF;
use madoguchi::store::invoices::InvoiceRow;
use madoguchi::store::payments::PaymentRow;
use madoguchi::store::receipts::Receipt;
use madoguchi::store::{Db, StoreError, applications, events, invoices, payments, receipts};
use serde_json::Value;

/// All that we hold about the money of one invoice.
#[derive(Clone, Debug)]
pub struct Books {
    /// The invoice.
    pub invoice: InvoiceRow,
    /// Every attempt to pay it, oldest first.
    pub payments: Vec<PaymentRow>,
    /// Every entry of its case.
    pub entries: Vec<Entry>,
    /// Every proof that was given for the invoice.
    pub receipts: Vec<Receipt>,
    /// How many events the case has.
    pub events: i64,
}

impl Books {
    /// Reads the books, and proves on the way that the whole ledger balances and that the case's chain is intact.
    pub async fn read(db: &Db, tenant: &str, invoice: &str) -> Self {
        let tenant = TenantCode::parse(tenant).unwrap();
        let invoice: InvoiceId = invoice.parse().unwrap();
        let (books, all, chain) = db
            .read(move |tx| {
                let invoice = invoices::find(tx, &tenant, invoice)?.unwrap();
                let case = invoice.application_id;
                let row = applications::find(tx, &tenant, case)?.unwrap();
                let chain = events::of_case(tx, &tenant, case)?;
                let head: ChainHash = row.event_head.as_slice().try_into().unwrap();
                let books = Self {
                    payments: payments::of_invoice(tx, &tenant, invoice.id)?,
                    entries: invoices::entries_of_case(tx, &tenant, case)?,
                    receipts: receipts::of_invoice(tx, &tenant, invoice.id)?,
                    events: row.event_count,
                    invoice,
                };
                let all = invoices::entries_of_tenant(tx, &tenant)?;
                Ok::<_, madoguchi::store::StoreError>((books, all, (tenant.clone(), case, head, chain)))
            })
            .await
            .unwrap();
        assert_eq!(ledger::check(&all), [], "the ledger of the tenant");
        assert_intact(&chain.0, chain.1, chain.2, &chain.3);
        assert_eq!(chain.3.len(), usize::try_from(books.events).unwrap());
        books.assert_proven();
        books
    }

    /// Every payment that succeeded has exactly one living proof, over its sum and of the kind its money asks for; no
    /// other payment has one, whatever sum came in it: an unknown outcome is confirmed to nobody, and so is what is owed again since a
    /// payer's bank pulled it back.
    pub fn assert_proven(&self) {
        for payment in &self.payments {
            let living: Vec<_> = self
                .receipts
                .iter()
                .filter(|receipt| receipt.row.payment_id == payment.id && receipt.revocation.is_none())
                .map(|receipt| (receipt.row.amount, receipt.row.kind.as_str()))
                .collect();
            let kind = if payment.legal_role == "designated_agent" {
                "entrustment_confirmation"
            } else {
                "official_receipt"
            };
            // Who proves what came by eL-QR is a matter of the body's terms, and its own tests say it.
            if payment.method == EL_QR {
                continue;
            }
            let succeeded = matches!(payment.state.as_str(), "captured" | "partially_refunded" | "refunded");
            // What is set off was received before, and proven then: both sides are told of the set-off instead.
            let (pulled_back, source) = (EntryKind::Booked(Posting::PullBack), payment.id.to_string());
            let is_owed_again =
                self.entries.iter().any(|entry| entry.kind == pulled_back && entry.source_id == source);
            let due = (succeeded && !is_owed_again && payment.method != SET_OFF)
                .then_some((payment.captured, kind));
            assert_eq!(living, due.into_iter().collect::<Vec<_>>(), "proofs of payment {}", payment.id);
            let wrong = !succeeded && payment.captured > Yen::ZERO;
            let ever = self.receipts.iter().any(|receipt| receipt.row.payment_id == payment.id);
            assert!(!(wrong && ever), "a proof of another sum: payment {}", payment.id);
        }
    }

    /// The only attempt.
    pub fn payment(&self) -> &PaymentRow {
        assert_eq!(self.payments.len(), 1, "{:?}", self.states());
        &self.payments[0]
    }

    /// The states of all attempts, oldest first.
    pub fn states(&self) -> Vec<&str> {
        self.payments.iter().map(|payment| payment.state.as_str()).collect()
    }

    /// The states of all attempts in the order of their names, for attempts of one instant.
    pub fn sorted_states(&self) -> Vec<&str> {
        let mut states = self.states();
        states.sort_unstable();
        states
    }

    /// What was booked as entrusted to the agent, and for how many payments.
    pub fn entrusted(&self) -> (Yen, usize) {
        let entrusted = || {
            let kind = EntryKind::Booked(Posting::Entrust);
            self.entries.iter().filter(move |entry| entry.kind == kind)
        };
        let sources: BTreeSet<&str> = entrusted().map(|entry| entry.source_id.as_str()).collect();
        (Yen::sum(entrusted().map(|entry| entry.amount)).unwrap(), sources.len())
    }

    /// The invoice is entrusted by exactly one payment, and exactly its total is booked, for that payment.
    pub fn assert_entrusted_once(&self) {
        assert_eq!(self.invoice.state, "entrusted", "{:?}", self.states());
        assert!(self.invoice.entrusted_on.is_some() && self.invoice.paid_on.is_none());
        assert_eq!(self.entrusted(), (self.invoice.total, 1));
        let captured: Vec<_> = self.payments.iter().filter(|payment| payment.captured > Yen::ZERO).collect();
        assert_eq!(captured.len(), 1, "{:?}", self.states());
        assert_eq!((captured[0].state.as_str(), captured[0].captured), ("captured", self.invoice.total));
        let source = captured[0].id.to_string();
        let kind = EntryKind::Booked(Posting::Entrust);
        assert!(self.entries.iter().all(|entry| entry.kind != kind || entry.source_id == source));
    }

    /// No money came, none is booked, and the invoice is owed as before.
    pub fn assert_unpaid(&self) {
        assert_eq!(self.invoice.state, "unpaid", "{:?}", self.states());
        assert_eq!(self.entrusted(), (Yen::ZERO, 0));
        assert!(self.payments.iter().all(|payment| payment.captured == Yen::ZERO));
    }

    /// What the gateway's own ledger says of each attempt is what we hold; an attempt has at most one checkout. Of money at
    /// the counter no gateway knows.
    pub fn assert_agrees_with(&self, truth: &Value) {
        let orders = truth["orders"].as_array().unwrap();
        for payment in self.payments.iter().filter(|payment| payment.method != "counter") {
            let ours = |order: &&Value| order["external_order_num"] == payment.merchant_reference.as_str();
            let checkouts: Vec<_> = orders.iter().filter(ours).collect();
            assert!(checkouts.len() <= 1, "two checkouts for one payment: {checkouts:?}");
            let sum = |field: &str| checkouts.iter().map(|order| order[field].as_i64().unwrap()).sum::<i64>();
            assert!(sum("charges") <= 1, "charged twice: {checkouts:?}");
            let found = (sum("captured"), sum("refunded"));
            assert_eq!(found, (payment.captured.amount(), payment.refunded.amount()), "{}", payment.state);
        }
    }

    /// Everything that a repetition must leave as it is.
    pub fn standing(&self) -> String {
        let payments: Vec<_> = self
            .payments
            .iter()
            .map(|payment| {
                (payment.id, &payment.state, payment.captured, payment.refunded, payment.captured_on)
            })
            .collect();
        let invoice = (&self.invoice.state, self.invoice.entrusted_on, self.invoice.version);
        let receipts: Vec<_> = self.receipts.iter().map(|it| (it.row.id, it.revocation.is_some())).collect();
        format!("{invoice:?} {payments:?} {receipts:?} {:?} {}", self.entries, self.events)
    }
}

/// Has our record of an open attempt ask for another sum than its gateway was told: what the payer then pays there is another
/// sum than was asked for.
pub async fn ask_for_another_sum(db: &Db, invoice: &str, amount: i64) {
    let change = format!(
        "UPDATE payments SET amount = {amount} WHERE invoice_id = '{invoice}' AND state = 'requires_action'"
    );
    let write = db.write_alone(vec![], move |tx| {
        Ok::<_, StoreError>(diesel::sql_query(change.clone()).execute(tx.change())?)
    });
    assert_eq!(write.await.unwrap(), 1);
}

/// Every event follows from the one before it, and the last one is the case's head.
fn assert_intact(tenant: &TenantCode, case: ApplicationId, head: ChainHash, chain: &[events::EventRow]) {
    let mut last = CHAIN_START;
    for (event, seq) in chain.iter().zip(1..) {
        let record = EventRecord {
            tenant,
            application: case,
            seq,
            kind: &event.kind,
            actor: (&event.actor_kind, &event.actor_id),
            at: event.at.0,
            facts: &event.facts,
            sealed_detail: event.sealed_detail.as_deref(),
        };
        assert_eq!((event.seq, event.prev_hash.as_slice()), (seq, last.as_slice()), "event {seq}");
        last = audit::link(&last, &record);
        assert_eq!(event.hash, last, "event {seq}");
    }
    assert_eq!(last, head, "the head of the chain");
}
