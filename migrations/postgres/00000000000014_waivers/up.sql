-- 減免 (R-63, R-64) and 減額調定 (R-87): what was assessed stays; what is taken off it stands beside it.
ALTER TABLE invoices ADD COLUMN reduced BIGINT NOT NULL DEFAULT 0 CHECK (reduced >= 0 AND reduced <= total);
-- What was given up of a claim (不納欠損, R-94): all that was owed. It ends in a state of its own.
ALTER TABLE invoices ADD COLUMN written_off BIGINT NOT NULL DEFAULT 0
    CHECK (written_off >= 0 AND written_off <= total - reduced);
ALTER TABLE invoices DROP CONSTRAINT invoices_state_check;
ALTER TABLE invoices ADD CONSTRAINT invoices_state_check CHECK (state IN ('unpaid', 'pending', 'entrusted', 'paid',
    'overpaid', 'partially_refunded', 'refunded', 'waived', 'canceled', 'written_off'));
ALTER TABLE invoices ADD CONSTRAINT invoices_written_off CHECK (state <> 'written_off' OR written_off > 0);

CREATE TABLE waivers (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('requested', 'proposed', 'granted', 'refused', 'withdrawn', 'expired')),
    -- The clause or notice as it was when it was named (JSON).
    ground TEXT NOT NULL,
    sealed_statement BYTEA NOT NULL,
    -- Attachments of the case that are the evidence (JSON).
    attachments TEXT NOT NULL,
    filed_by TEXT NOT NULL CHECK (filed_by IN ('party', 'officer', 'notice')),
    filed_by_id TEXT,
    proposal_id TEXT,
    amount BIGINT CHECK (amount > 0),
    sealed_reasons BYTEA,
    -- The last day on which the rest can be paid under a grant.
    valid_until TEXT,
    decided_at BIGINT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id),
    CHECK ((filed_by = 'notice') = (filed_by_id IS NULL)),
    CHECK (state IN ('requested', 'withdrawn') OR proposal_id IS NOT NULL),
    CHECK ((state IN ('granted', 'expired')) = (amount IS NOT NULL)),
    CHECK ((state IN ('granted', 'refused', 'expired')) = (decided_at IS NOT NULL))
);
-- However two requests race, one of them at a time is open on an invoice.
CREATE UNIQUE INDEX waivers_one_open ON waivers (tenant_id, invoice_id) WHERE state IN ('requested', 'proposed');
CREATE INDEX waivers_of_invoice ON waivers (tenant_id, invoice_id, created_at);
CREATE INDEX waivers_of_case ON waivers (tenant_id, application_id, created_at);
CREATE INDEX waivers_to_expire ON waivers (tenant_id, valid_until, id) WHERE state = 'granted';

-- 減額調定, and the end of one: append-only, once each a waiver.
CREATE TABLE reassessments (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    waiver_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('reduce', 'restore')),
    amount BIGINT NOT NULL CHECK (amount > 0),
    -- What is taken off each line, or put back (JSON).
    lines TEXT NOT NULL,
    -- What is owed of the invoice from then on.
    owed BIGINT NOT NULL CHECK (owed >= 0),
    reassessed_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, waiver_id, kind),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id),
    FOREIGN KEY (tenant_id, waiver_id) REFERENCES waivers (tenant_id, id)
);
CREATE INDEX reassessments_of_invoice ON reassessments (tenant_id, invoice_id, reassessed_at);

-- 督促 (R-89, R-90): what was demanded, once an invoice and never rewritten.
CREATE TABLE demands (
    tenant_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    due_on TEXT NOT NULL,
    issued_on TEXT NOT NULL,
    pay_until TEXT NOT NULL,
    principal BIGINT NOT NULL CHECK (principal > 0),
    demand_fee BIGINT NOT NULL CHECK (demand_fee >= 0),
    basis TEXT NOT NULL,
    issued_by TEXT,
    issued_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, invoice_id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
);
CREATE INDEX invoices_late ON invoices (tenant_id, id) WHERE state = 'unpaid';

CREATE TRIGGER reassessments_append_only BEFORE UPDATE OR DELETE ON reassessments FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER demands_append_only BEFORE UPDATE OR DELETE ON demands FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
