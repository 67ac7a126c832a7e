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
    amount INTEGER NOT NULL CHECK (amount > 0),
    -- The day up to which it accrued; of a fee the day of the demand.
    computed_to TEXT NOT NULL,
    basis TEXT NOT NULL,
    assessed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, invoice_id),
    -- However two workers race, one day is charged once.
    UNIQUE (tenant_id, principal_id, kind, computed_to),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id),
    FOREIGN KEY (tenant_id, principal_id) REFERENCES invoices (tenant_id, id)
) STRICT;
CREATE TRIGGER charges_no_update BEFORE UPDATE ON charges BEGIN SELECT RAISE(ABORT, 'charges is append-only'); END;
CREATE TRIGGER charges_no_delete BEFORE DELETE ON charges BEGIN SELECT RAISE(ABORT, 'charges is append-only'); END;

-- 債務承認 (R-94): what counted the limitation of a claim anew, append-only.
CREATE TABLE acknowledgements (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    acknowledged_on TEXT NOT NULL,
    form TEXT NOT NULL CHECK (form IN ('written', 'oral', 'deferment', 'part_payment')),
    sealed_evidence BLOB NOT NULL,
    recorded_by TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
) STRICT;
CREATE INDEX acknowledgements_of_invoice ON acknowledgements (tenant_id, invoice_id, acknowledged_on);
CREATE TRIGGER acknowledgements_no_update BEFORE UPDATE ON acknowledgements BEGIN SELECT RAISE(ABORT, 'acknowledgements is append-only'); END;
CREATE TRIGGER acknowledgements_no_delete BEFORE DELETE ON acknowledgements BEGIN SELECT RAISE(ABORT, 'acknowledgements is append-only'); END;
