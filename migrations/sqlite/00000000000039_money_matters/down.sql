PRAGMA defer_foreign_keys = ON;
DROP INDEX set_offs_of_case;
ALTER TABLE set_offs DROP COLUMN extent;
CREATE TABLE fee_lowerings_rebuilt (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    correction_id TEXT NOT NULL,
    -- How much less each line is assessed at (JSON).
    lowered TEXT NOT NULL,
    -- What of it was still owed and was taken off (JSON); the rest had been waived or was going back already.
    lines TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount >= 0),
    owed INTEGER NOT NULL CHECK (owed >= 0),
    lowered_at INTEGER NOT NULL,
    cause TEXT NOT NULL DEFAULT 'correction' CHECK (cause IN ('correction', 'earlier_payment')),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, correction_id, invoice_id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
) STRICT;
INSERT INTO fee_lowerings_rebuilt (tenant_id, id, application_id, invoice_id, correction_id, lowered, lines, amount, owed, lowered_at, cause)
    SELECT tenant_id, id, application_id, invoice_id, COALESCE(correction_id, id),
        lowered, lines, amount, owed, lowered_at, CASE WHEN cause = 'division' THEN 'earlier_payment' ELSE cause END
    FROM fee_lowerings;
DROP TRIGGER fee_lowerings_no_delete;
DROP TABLE fee_lowerings;
ALTER TABLE fee_lowerings_rebuilt RENAME TO fee_lowerings;
CREATE INDEX fee_lowerings_of_invoice ON fee_lowerings (tenant_id, invoice_id, lowered_at);
CREATE TRIGGER fee_lowerings_no_update BEFORE UPDATE ON fee_lowerings BEGIN SELECT RAISE(ABORT, 'fee_lowerings is append-only'); END;
CREATE TRIGGER fee_lowerings_no_delete BEFORE DELETE ON fee_lowerings BEGIN SELECT RAISE(ABORT, 'fee_lowerings is append-only'); END;

-- The table before knows one charge a day: the later ones keep their amounts under days that no claim reached.
CREATE TABLE charges_rebuilt (
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
INSERT INTO charges_rebuilt (tenant_id, invoice_id, principal_id, application_id, kind, amount, computed_to, basis, assessed_at)
    SELECT tenant_id, invoice_id, principal_id, application_id, kind, amount,
        CASE WHEN charge_no = 1 THEN computed_to ELSE computed_to || '#' || charge_no END, basis, assessed_at FROM charges;
DROP TRIGGER charges_no_delete;
DROP TABLE charges;
ALTER TABLE charges_rebuilt RENAME TO charges;
CREATE TRIGGER charges_no_update BEFORE UPDATE ON charges BEGIN SELECT RAISE(ABORT, 'charges is append-only'); END;
CREATE TRIGGER charges_no_delete BEFORE DELETE ON charges BEGIN SELECT RAISE(ABORT, 'charges is append-only'); END;
DROP INDEX settlement_lines_by_gateway_id;
DROP INDEX settlement_lines_by_reference;
CREATE TEMPORARY TABLE exceptions_aside AS SELECT * FROM reconciliation_exceptions;
DROP TABLE reconciliation_exceptions;
CREATE TABLE reconciliation_exceptions (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    facts TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'proposed', 'resolved')),
    owner TEXT,
    raised_at INTEGER NOT NULL,
    proposed_by TEXT,
    proposed_at INTEGER,
    resolution TEXT,
    comment TEXT,
    resolved_by TEXT,
    resolved_at INTEGER,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, kind, subject),
    CHECK (resolved_by IS NULL OR resolved_by <> proposed_by),
    CHECK ((state = 'open') = (proposed_by IS NULL)),
    CHECK ((state = 'resolved') = (resolved_by IS NOT NULL)),
    CHECK ((proposed_by IS NULL) = (resolution IS NULL))
) STRICT;
CREATE INDEX reconciliation_exceptions_by_state ON reconciliation_exceptions (tenant_id, state, raised_at);
CREATE INDEX reconciliation_exceptions_by_subject ON reconciliation_exceptions (tenant_id, subject);
CREATE UNIQUE INDEX reconciliation_exceptions_by_id ON reconciliation_exceptions (id);
INSERT INTO reconciliation_exceptions (tenant_id, id, kind, subject, facts, state, owner, raised_at, proposed_by, proposed_at, resolution,
        comment, resolved_by, resolved_at, version)
    SELECT tenant_id, id, kind, CASE WHEN EXISTS (SELECT 1 FROM exceptions_aside AS later
        WHERE later.tenant_id = exceptions_aside.tenant_id AND later.follows = exceptions_aside.id)
        THEN subject || '#' || id ELSE subject END, facts, state, owner, raised_at, proposed_by, proposed_at, resolution,
        comment, resolved_by, resolved_at, version
    FROM exceptions_aside;
DROP TABLE exceptions_aside;
DROP INDEX payments_by_attempt;
ALTER TABLE payments DROP COLUMN attempt_no;
DROP TABLE payment_link_invoices;
DROP INDEX permit_orders_of_case;
DROP INDEX case_links_of_case;
DROP INDEX false_claims_of_case;
DROP TABLE waiver_revocations;
-- The table before knows no revocation: as far as it can tell, such a waiver holds no more because its rest was not paid.
-- SQLite changes a check by building the table again; what points to it is judged at the commit.
PRAGMA defer_foreign_keys = ON;
CREATE TEMPORARY TABLE waivers_aside AS SELECT * FROM waivers;
DROP TABLE waivers;
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
    instruction TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id),
    CHECK ((filed_by = 'notice') = (filed_by_id IS NULL)),
    CHECK (state IN ('requested', 'withdrawn') OR proposal_id IS NOT NULL),
    CHECK ((state IN ('granted', 'expired')) = (amount IS NOT NULL)),
    CHECK ((state IN ('granted', 'refused', 'expired')) = (decided_at IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX waivers_one_open ON waivers (tenant_id, invoice_id) WHERE state IN ('requested', 'proposed');
CREATE INDEX waivers_of_invoice ON waivers (tenant_id, invoice_id, created_at);
CREATE INDEX waivers_of_case ON waivers (tenant_id, application_id, created_at);
CREATE INDEX waivers_to_expire ON waivers (tenant_id, valid_until, id) WHERE state = 'granted';
INSERT INTO waivers (tenant_id, id, application_id, invoice_id, state, ground, sealed_statement, attachments, filed_by, filed_by_id,
        proposal_id, amount, sealed_reasons, valid_until, decided_at, version, created_at, updated_at, instruction)
    SELECT tenant_id, id, application_id, invoice_id, CASE WHEN state = 'revoked' THEN 'expired' ELSE state END, ground, sealed_statement, attachments, filed_by, filed_by_id,
        proposal_id, amount, sealed_reasons, valid_until, decided_at, version, created_at, updated_at, instruction
    FROM waivers_aside;
DROP TABLE waivers_aside;
