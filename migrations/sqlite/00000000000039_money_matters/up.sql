-- 減免の取消し (R-63, R-65): a waiver that was got by a false statement ends in a state of its own.
-- SQLite changes a check by building the table again; what points to it is judged at the commit.
PRAGMA defer_foreign_keys = ON;
CREATE TEMPORARY TABLE waivers_aside AS SELECT * FROM waivers;
DROP TABLE waivers;
CREATE TABLE waivers (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('requested', 'proposed', 'granted', 'refused', 'withdrawn', 'expired', 'revoked')),
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
    CHECK ((state IN ('granted', 'expired', 'revoked')) = (amount IS NOT NULL)),
    CHECK ((state IN ('granted', 'refused', 'expired', 'revoked')) = (decided_at IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX waivers_one_open ON waivers (tenant_id, invoice_id) WHERE state IN ('requested', 'proposed');
CREATE INDEX waivers_of_invoice ON waivers (tenant_id, invoice_id, created_at);
CREATE INDEX waivers_of_case ON waivers (tenant_id, application_id, created_at);
CREATE INDEX waivers_to_expire ON waivers (tenant_id, valid_until, id) WHERE state = 'granted';
INSERT INTO waivers (tenant_id, id, application_id, invoice_id, state, ground, sealed_statement, attachments, filed_by, filed_by_id,
        proposal_id, amount, sealed_reasons, valid_until, decided_at, version, created_at, updated_at, instruction)
    SELECT tenant_id, id, application_id, invoice_id, state, ground, sealed_statement, attachments, filed_by, filed_by_id,
        proposal_id, amount, sealed_reasons, valid_until, decided_at, version, created_at, updated_at, instruction
    FROM waivers_aside;
DROP TABLE waivers_aside;

-- What a revocation assessed anew: once a waiver, as a claim of its own, never rewritten.
CREATE TABLE waiver_revocations (
    tenant_id TEXT NOT NULL,
    waiver_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    -- The invoice that the waiver was of; it stays as it is.
    invoice_id TEXT NOT NULL,
    -- The claim that was assessed anew.
    claim_id TEXT NOT NULL,
    proposal_id TEXT NOT NULL,
    false_claim_id TEXT,
    ground TEXT NOT NULL CHECK (ground IN ('false_statement')),
    amount INTEGER NOT NULL CHECK (amount > 0),
    -- Of which lines of the invoice (JSON).
    lines TEXT NOT NULL,
    -- Files with the digests of their sealed bytes (JSON).
    evidence TEXT NOT NULL,
    sealed_reasons BLOB NOT NULL,
    -- 教示 as it was on the day (JSON).
    instruction TEXT NOT NULL,
    revoked_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, waiver_id),
    UNIQUE (tenant_id, claim_id),
    FOREIGN KEY (tenant_id, waiver_id) REFERENCES waivers (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id),
    FOREIGN KEY (tenant_id, claim_id) REFERENCES invoices (tenant_id, id),
    CHECK (claim_id <> invoice_id)
) STRICT;
CREATE INDEX waiver_revocations_of_case ON waiver_revocations (tenant_id, application_id);
CREATE INDEX waiver_revocations_of_invoice ON waiver_revocations (tenant_id, invoice_id);
CREATE TRIGGER waiver_revocations_no_update BEFORE UPDATE ON waiver_revocations BEGIN SELECT RAISE(ABORT, 'waiver_revocations is append-only'); END;
CREATE TRIGGER waiver_revocations_no_delete BEFORE DELETE ON waiver_revocations BEGIN SELECT RAISE(ABORT, 'waiver_revocations is append-only'); END;

-- By case: whoever exports or erases one looks for all of it.
CREATE INDEX false_claims_of_case ON false_claims (tenant_id, application_id);
CREATE INDEX case_links_of_case ON case_links (tenant_id, application_id);
CREATE INDEX permit_orders_of_case ON permit_orders (tenant_id, application_id);

-- What a link pays beside its first invoice: several debts of one obligor in one act.
CREATE TABLE payment_link_invoices (
    tenant_id TEXT NOT NULL,
    link_id TEXT NOT NULL,
    position INTEGER NOT NULL CHECK (position > 0),
    invoice_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    PRIMARY KEY (tenant_id, link_id, position),
    UNIQUE (tenant_id, link_id, invoice_id),
    FOREIGN KEY (tenant_id, link_id) REFERENCES payment_links (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
) STRICT;
CREATE INDEX payment_link_invoices_of_invoice ON payment_link_invoices (tenant_id, invoice_id);
CREATE TRIGGER payment_link_invoices_no_update BEFORE UPDATE ON payment_link_invoices BEGIN SELECT RAISE(ABORT, 'payment_link_invoices is append-only'); END;
CREATE TRIGGER payment_link_invoices_no_delete BEFORE DELETE ON payment_link_invoices BEGIN SELECT RAISE(ABORT, 'payment_link_invoices is append-only'); END;

-- Attempts to pay an invoice are counted: two of them can bear the same instant.
ALTER TABLE payments ADD COLUMN attempt_no INTEGER NOT NULL DEFAULT 1 CHECK (attempt_no > 0);
UPDATE payments SET attempt_no = (SELECT COUNT(*) FROM payments AS earlier
    WHERE earlier.tenant_id = payments.tenant_id AND earlier.invoice_id = payments.invoice_id
        AND (earlier.created_at, earlier.id) <= (payments.created_at, payments.id));
CREATE UNIQUE INDEX payments_by_attempt ON payments (tenant_id, invoice_id, attempt_no);

-- What comes back after two people have answered it, in another shape, is raised again and says what it follows.
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
    -- The resolved exception after which the same trouble came back in another shape.
    follows TEXT,
    PRIMARY KEY (tenant_id, id),
    CHECK (resolved_by IS NULL OR resolved_by <> proposed_by),
    CHECK ((state = 'open') = (proposed_by IS NULL)),
    CHECK ((state = 'resolved') = (resolved_by IS NOT NULL)),
    CHECK ((proposed_by IS NULL) = (resolution IS NULL))
) STRICT;
CREATE INDEX reconciliation_exceptions_by_state ON reconciliation_exceptions (tenant_id, state, raised_at);
CREATE INDEX reconciliation_exceptions_by_subject ON reconciliation_exceptions (tenant_id, subject);
CREATE UNIQUE INDEX reconciliation_exceptions_by_id ON reconciliation_exceptions (id);
-- However it is found, one of a kind about a subject waits for a person.
CREATE UNIQUE INDEX reconciliation_exceptions_one_open ON reconciliation_exceptions (tenant_id, kind, subject) WHERE state <> 'resolved';
INSERT INTO reconciliation_exceptions (tenant_id, id, kind, subject, facts, state, owner, raised_at, proposed_by, proposed_at, resolution,
        comment, resolved_by, resolved_at, version)
    SELECT tenant_id, id, kind, subject, facts, state, owner, raised_at, proposed_by, proposed_at, resolution,
        comment, resolved_by, resolved_at, version
    FROM exceptions_aside;
DROP TABLE exceptions_aside;

-- A line of a payout is looked for by what it names, whatever the payout is called.
CREATE INDEX settlement_lines_by_reference ON settlement_lines (tenant_id, merchant_reference) WHERE merchant_reference IS NOT NULL;
CREATE INDEX settlement_lines_by_gateway_id ON settlement_lines (tenant_id, gateway_payment_id) WHERE gateway_payment_id IS NOT NULL;

-- What was charged up to a day and taken off again may accrue again, where the money did not come after all: charges of a day are counted.
CREATE TABLE charges_rebuilt (
    tenant_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    principal_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('demand_fee', 'late_charge')),
    amount INTEGER NOT NULL CHECK (amount > 0),
    -- The day up to which it accrued; of a fee the day of the demand.
    computed_to TEXT NOT NULL,
    charge_no INTEGER NOT NULL DEFAULT 1 CHECK (charge_no > 0),
    basis TEXT NOT NULL,
    assessed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, invoice_id),
    -- However two workers race, one day is charged once at a time.
    UNIQUE (tenant_id, principal_id, kind, computed_to, charge_no),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id),
    FOREIGN KEY (tenant_id, principal_id) REFERENCES invoices (tenant_id, id)
) STRICT;
INSERT INTO charges_rebuilt (tenant_id, invoice_id, principal_id, application_id, kind, amount, computed_to, basis, assessed_at)
    SELECT tenant_id, invoice_id, principal_id, application_id, kind, amount, computed_to, basis, assessed_at FROM charges;
DROP TRIGGER charges_no_delete;
DROP TABLE charges;
ALTER TABLE charges_rebuilt RENAME TO charges;
CREATE TRIGGER charges_no_update BEFORE UPDATE ON charges BEGIN SELECT RAISE(ABORT, 'charges is append-only'); END;
CREATE TRIGGER charges_no_delete BEFORE DELETE ON charges BEGIN SELECT RAISE(ABORT, 'charges is append-only'); END;

-- A correction is named where there was one: what a payment of an earlier day takes off, or what is divided off, follows from none.
CREATE TABLE fee_lowerings_rebuilt (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    correction_id TEXT,
    -- How much less each line is assessed at (JSON).
    lowered TEXT NOT NULL,
    -- What of it was still owed and was taken off (JSON); the rest had been waived or was going back already.
    lines TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount >= 0),
    owed INTEGER NOT NULL CHECK (owed >= 0),
    lowered_at INTEGER NOT NULL,
    cause TEXT NOT NULL DEFAULT 'correction' CHECK (cause IN ('correction', 'earlier_payment', 'division')),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, correction_id, invoice_id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id),
    CHECK ((cause = 'correction') = (correction_id IS NOT NULL))
) STRICT;
INSERT INTO fee_lowerings_rebuilt (tenant_id, id, application_id, invoice_id, correction_id, lowered, lines, amount, owed, lowered_at, cause)
    SELECT tenant_id, id, application_id, invoice_id, CASE WHEN cause = 'correction' THEN correction_id END,
        lowered, lines, amount, owed, lowered_at, cause FROM fee_lowerings;
DROP TRIGGER fee_lowerings_no_delete;
DROP TABLE fee_lowerings;
ALTER TABLE fee_lowerings_rebuilt RENAME TO fee_lowerings;
CREATE INDEX fee_lowerings_of_invoice ON fee_lowerings (tenant_id, invoice_id, lowered_at);
CREATE TRIGGER fee_lowerings_no_update BEFORE UPDATE ON fee_lowerings BEGIN SELECT RAISE(ABORT, 'fee_lowerings is append-only'); END;
CREATE TRIGGER fee_lowerings_no_delete BEFORE DELETE ON fee_lowerings BEGIN SELECT RAISE(ABORT, 'fee_lowerings is append-only'); END;

-- How much of a claim is set off: all of it, or a part that is divided off.
ALTER TABLE set_offs ADD COLUMN extent TEXT NOT NULL DEFAULT 'whole' CHECK (extent IN ('whole', 'part'));
CREATE INDEX set_offs_of_case ON set_offs (tenant_id, application_id);
