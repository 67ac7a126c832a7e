-- 減免の取消し (R-63, R-65): a waiver that was got by a false statement ends in a state of its own.
-- The names of the constraints depend on what was there when the table was made.
DO $$
DECLARE
    found TEXT;
BEGIN
    FOR found IN SELECT conname FROM pg_constraint
        WHERE conrelid = 'waivers'::regclass AND contype = 'c' AND pg_get_constraintdef(oid) LIKE '%expired%'
    LOOP
        EXECUTE format('ALTER TABLE waivers DROP CONSTRAINT %I', found);
    END LOOP;
END
$$;
ALTER TABLE waivers ADD CONSTRAINT waivers_state_check
    CHECK (state IN ('requested', 'proposed', 'granted', 'refused', 'withdrawn', 'expired', 'revoked'));
ALTER TABLE waivers ADD CONSTRAINT waivers_amount_of_grant
    CHECK ((state IN ('granted', 'expired', 'revoked')) = (amount IS NOT NULL));
ALTER TABLE waivers ADD CONSTRAINT waivers_decided
    CHECK ((state IN ('granted', 'refused', 'expired', 'revoked')) = (decided_at IS NOT NULL));

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
    amount BIGINT NOT NULL CHECK (amount > 0),
    -- Of which lines of the invoice (JSON).
    lines TEXT NOT NULL,
    -- Files with the digests of their sealed bytes (JSON).
    evidence TEXT NOT NULL,
    sealed_reasons BYTEA NOT NULL,
    -- 教示 as it was on the day (JSON).
    instruction TEXT NOT NULL,
    revoked_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, waiver_id),
    UNIQUE (tenant_id, claim_id),
    FOREIGN KEY (tenant_id, waiver_id) REFERENCES waivers (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id),
    FOREIGN KEY (tenant_id, claim_id) REFERENCES invoices (tenant_id, id),
    CHECK (claim_id <> invoice_id)
);
CREATE INDEX waiver_revocations_of_case ON waiver_revocations (tenant_id, application_id);
CREATE INDEX waiver_revocations_of_invoice ON waiver_revocations (tenant_id, invoice_id);
CREATE TRIGGER waiver_revocations_append_only BEFORE UPDATE OR DELETE ON waiver_revocations FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();

-- By case: whoever exports or erases one looks for all of it.
CREATE INDEX false_claims_of_case ON false_claims (tenant_id, application_id);
CREATE INDEX case_links_of_case ON case_links (tenant_id, application_id);
CREATE INDEX permit_orders_of_case ON permit_orders (tenant_id, application_id);

-- What a link pays beside its first invoice: several debts of one obligor in one act.
CREATE TABLE payment_link_invoices (
    tenant_id TEXT NOT NULL,
    link_id TEXT NOT NULL,
    position BIGINT NOT NULL CHECK (position > 0),
    invoice_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    PRIMARY KEY (tenant_id, link_id, position),
    UNIQUE (tenant_id, link_id, invoice_id),
    FOREIGN KEY (tenant_id, link_id) REFERENCES payment_links (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
);
CREATE INDEX payment_link_invoices_of_invoice ON payment_link_invoices (tenant_id, invoice_id);
CREATE TRIGGER payment_link_invoices_append_only BEFORE UPDATE OR DELETE ON payment_link_invoices FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();

-- Attempts to pay an invoice are counted: two of them can bear the same instant.
ALTER TABLE payments ADD COLUMN attempt_no BIGINT NOT NULL DEFAULT 1 CHECK (attempt_no > 0);
UPDATE payments SET attempt_no = (SELECT COUNT(*) FROM payments AS earlier
    WHERE earlier.tenant_id = payments.tenant_id AND earlier.invoice_id = payments.invoice_id
        AND (earlier.created_at, earlier.id) <= (payments.created_at, payments.id));
CREATE UNIQUE INDEX payments_by_attempt ON payments (tenant_id, invoice_id, attempt_no);

-- What comes back after two people have answered it, in another shape, is raised again and says what it follows.
ALTER TABLE reconciliation_exceptions ADD COLUMN follows TEXT;
ALTER TABLE reconciliation_exceptions DROP CONSTRAINT reconciliation_exceptions_tenant_id_kind_subject_key;
-- However it is found, one of a kind about a subject waits for a person.
CREATE UNIQUE INDEX reconciliation_exceptions_one_open ON reconciliation_exceptions (tenant_id, kind, subject) WHERE state <> 'resolved';

-- A line of a payout is looked for by what it names, whatever the payout is called.
CREATE INDEX settlement_lines_by_reference ON settlement_lines (tenant_id, merchant_reference) WHERE merchant_reference IS NOT NULL;
CREATE INDEX settlement_lines_by_gateway_id ON settlement_lines (tenant_id, gateway_payment_id) WHERE gateway_payment_id IS NOT NULL;

-- What was charged up to a day and taken off again may accrue again, where the money did not come after all: charges of a day are counted.
ALTER TABLE charges ADD COLUMN charge_no BIGINT NOT NULL DEFAULT 1 CHECK (charge_no > 0);
ALTER TABLE charges DROP CONSTRAINT charges_tenant_id_principal_id_kind_computed_to_key;
-- However two workers race, one day is charged once at a time.
ALTER TABLE charges ADD CONSTRAINT charges_once UNIQUE (tenant_id, principal_id, kind, computed_to, charge_no);

-- A correction is named where there was one: what a payment of an earlier day takes off, or what is divided off, follows from none.
ALTER TABLE fee_lowerings DROP CONSTRAINT fee_lowerings_cause_check;
ALTER TABLE fee_lowerings ADD CONSTRAINT fee_lowerings_cause_check CHECK (cause IN ('correction', 'earlier_payment', 'division'));
ALTER TABLE fee_lowerings ALTER COLUMN correction_id DROP NOT NULL;
ALTER TABLE fee_lowerings DISABLE TRIGGER fee_lowerings_append_only;
UPDATE fee_lowerings SET correction_id = NULL WHERE cause = 'earlier_payment';
ALTER TABLE fee_lowerings ENABLE TRIGGER fee_lowerings_append_only;
ALTER TABLE fee_lowerings ADD CONSTRAINT fee_lowerings_of_a_correction CHECK ((cause = 'correction') = (correction_id IS NOT NULL));

-- How much of a claim is set off: all of it, or a part that is divided off.
ALTER TABLE set_offs ADD COLUMN extent TEXT NOT NULL DEFAULT 'whole' CHECK (extent IN ('whole', 'part'));
CREATE INDEX set_offs_of_case ON set_offs (tenant_id, application_id);
