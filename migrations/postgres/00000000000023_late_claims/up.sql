-- 督促手数料・延滞金 (R-89 to R-92): claims of their own beside the one that was not paid in time; neither is ever edited.
-- The claim beside which an invoice was assessed; null for a claim that arises from the case itself.
ALTER TABLE invoices ADD COLUMN principal_id TEXT;
CREATE INDEX invoices_of_principal ON invoices (tenant_id, principal_id) WHERE principal_id IS NOT NULL;

CREATE TABLE charges (
    tenant_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    principal_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('demand_fee', 'late_charge')),
    amount BIGINT NOT NULL CHECK (amount > 0),
    -- The day up to which it accrued; of a fee the day of the demand.
    computed_to TEXT NOT NULL,
    basis TEXT NOT NULL,
    assessed_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, invoice_id),
    -- However two workers race, one day is charged once.
    UNIQUE (tenant_id, principal_id, kind, computed_to),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id),
    FOREIGN KEY (tenant_id, principal_id) REFERENCES invoices (tenant_id, id)
);
CREATE TRIGGER charges_append_only BEFORE UPDATE OR DELETE ON charges FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();

-- 債務承認 (R-94): what counted the limitation of a claim anew, append-only.
CREATE TABLE acknowledgements (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    acknowledged_on TEXT NOT NULL,
    form TEXT NOT NULL CHECK (form IN ('written', 'oral', 'deferment', 'part_payment')),
    sealed_evidence BYTEA NOT NULL,
    recorded_by TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
);
CREATE INDEX acknowledgements_of_invoice ON acknowledgements (tenant_id, invoice_id, acknowledged_on);
CREATE TRIGGER acknowledgements_append_only BEFORE UPDATE OR DELETE ON acknowledgements FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
