-- 減免 (R-63, R-64) and 減額調定 (R-87): what was assessed stays; what is taken off it stands beside it.
-- What was given up of a claim (不納欠損, R-94) ends it in a state of its own.
-- SQLite changes a check by building the table again; what points to it is judged at the commit.
PRAGMA defer_foreign_keys = ON;
CREATE TEMPORARY TABLE invoices_aside AS SELECT * FROM invoices;
DROP TABLE invoices;
CREATE TABLE invoices (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    number TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('unpaid', 'pending', 'entrusted', 'paid', 'overpaid', 'partially_refunded',
        'refunded', 'waived', 'canceled', 'written_off')),
    total INTEGER NOT NULL,
    fiscal_year INTEGER NOT NULL,
    obligor_account_id TEXT,
    lines TEXT NOT NULL,
    sealed_inputs BLOB NOT NULL,
    issued_at INTEGER NOT NULL,
    entrusted_on TEXT,
    paid_on TEXT,
    version INTEGER NOT NULL,
    due_on TEXT,
    reduced INTEGER NOT NULL DEFAULT 0 CHECK (reduced >= 0 AND reduced <= total),
    -- What was given up of it (不納欠損): all that was owed.
    written_off INTEGER NOT NULL DEFAULT 0 CHECK (written_off >= 0 AND written_off <= total - reduced),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, number),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id),
    -- Entrusted is not paid: the day of payment stays open until the agent remits (R-77).
    CHECK (state <> 'entrusted' OR (entrusted_on IS NOT NULL AND paid_on IS NULL)),
    CHECK (state <> 'paid' OR paid_on IS NOT NULL),
    CHECK (state <> 'written_off' OR written_off > 0),
    CHECK (total > 0 OR (total = 0 AND state IN ('waived', 'canceled')))
) STRICT;
CREATE INDEX invoices_of_application ON invoices (tenant_id, application_id, issued_at);
CREATE INDEX invoices_of_obligor ON invoices (obligor_account_id, issued_at);
CREATE INDEX invoices_overpaid ON invoices (tenant_id, id) WHERE state = 'overpaid';
INSERT INTO invoices (tenant_id, id, application_id, number, state, total, fiscal_year, obligor_account_id, lines, sealed_inputs, issued_at,
    entrusted_on, paid_on, version, due_on) SELECT tenant_id, id, application_id, number, state, total, fiscal_year, obligor_account_id, lines, sealed_inputs, issued_at,
    entrusted_on, paid_on, version, due_on
    FROM invoices_aside;
DROP TABLE invoices_aside;

CREATE TABLE waivers (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('requested', 'proposed', 'granted', 'refused', 'withdrawn', 'expired')),
    -- The clause or notice as it was when it was named (JSON).
    ground TEXT NOT NULL,
    sealed_statement BLOB NOT NULL,
    -- Attachments of the case that are the evidence (JSON).
    attachments TEXT NOT NULL,
    filed_by TEXT NOT NULL CHECK (filed_by IN ('party', 'officer', 'notice')),
    filed_by_id TEXT,
    proposal_id TEXT,
    amount INTEGER CHECK (amount > 0),
    sealed_reasons BLOB,
    -- The last day on which the rest can be paid under a grant.
    valid_until TEXT,
    decided_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id),
    CHECK ((filed_by = 'notice') = (filed_by_id IS NULL)),
    CHECK (state IN ('requested', 'withdrawn') OR proposal_id IS NOT NULL),
    CHECK ((state IN ('granted', 'expired')) = (amount IS NOT NULL)),
    CHECK ((state IN ('granted', 'refused', 'expired')) = (decided_at IS NOT NULL))
) STRICT;
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
    amount INTEGER NOT NULL CHECK (amount > 0),
    -- What is taken off each line, or put back (JSON).
    lines TEXT NOT NULL,
    -- What is owed of the invoice from then on.
    owed INTEGER NOT NULL CHECK (owed >= 0),
    reassessed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, waiver_id, kind),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id),
    FOREIGN KEY (tenant_id, waiver_id) REFERENCES waivers (tenant_id, id)
) STRICT;
CREATE INDEX reassessments_of_invoice ON reassessments (tenant_id, invoice_id, reassessed_at);

-- 督促 (R-89, R-90): what was demanded, once an invoice and never rewritten.
CREATE TABLE demands (
    tenant_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    due_on TEXT NOT NULL,
    issued_on TEXT NOT NULL,
    pay_until TEXT NOT NULL,
    principal INTEGER NOT NULL CHECK (principal > 0),
    demand_fee INTEGER NOT NULL CHECK (demand_fee >= 0),
    basis TEXT NOT NULL,
    issued_by TEXT,
    issued_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, invoice_id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
) STRICT;
CREATE INDEX invoices_late ON invoices (tenant_id, id) WHERE state = 'unpaid';

CREATE TRIGGER reassessments_no_update BEFORE UPDATE ON reassessments BEGIN SELECT RAISE(ABORT, 'reassessments is append-only'); END;
CREATE TRIGGER reassessments_no_delete BEFORE DELETE ON reassessments BEGIN SELECT RAISE(ABORT, 'reassessments is append-only'); END;
CREATE TRIGGER demands_no_update BEFORE UPDATE ON demands BEGIN SELECT RAISE(ABORT, 'demands is append-only'); END;
CREATE TRIGGER demands_no_delete BEFORE DELETE ON demands BEGIN SELECT RAISE(ABORT, 'demands is append-only'); END;
