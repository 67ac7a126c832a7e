DROP TABLE set_off_payments;
DROP TABLE set_offs;
DROP TABLE refund_interest_terms;
DROP TABLE refund_claims;
DROP TABLE refund_notices;
-- The table before knows no set-off: as far as it can tell, such money was paid out by hand.
CREATE TABLE refunds_rebuilt (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    ground TEXT NOT NULL CHECK (ground IN ('overpaid', 'assessment_error', 'waiver', 'not_accepted', 'not_attributable')),
    route TEXT NOT NULL CHECK (route IN ('gateway', 'bank_transfer')),
    state TEXT NOT NULL CHECK (state IN ('requested', 'rejected', 'withdrawn', 'submitting', 'pending', 'unknown',
        'succeeded', 'failed', 'payout_due', 'payout_sent', 'paid_out')),
    amount INTEGER NOT NULL CHECK (amount > 0),
    -- Which lines of the invoice, or what came beyond it, the amount is taken from (JSON).
    parts TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    decided_by TEXT,
    decided_at INTEGER,
    operation_id TEXT,
    gateway_refund_id TEXT,
    failure_code TEXT,
    sealed_payee BLOB,
    payout_id TEXT,
    poll_count INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id),
    -- Whoever asks never decides.
    CHECK (decided_by IS NULL OR decided_by <> requested_by),
    CHECK (state IN ('requested', 'withdrawn') OR decided_by IS NOT NULL),
    CHECK (payout_id IS NULL OR route = 'bank_transfer')
) STRICT;
INSERT INTO refunds_rebuilt (tenant_id, id, application_id, invoice_id, payment_id, ground, route, state, amount, parts,
        requested_by, decided_by, decided_at, operation_id, gateway_refund_id, failure_code, sealed_payee, payout_id, poll_count,
        version, created_at, updated_at)
    SELECT tenant_id, id, application_id, invoice_id, payment_id, ground, CASE route WHEN 'set_off' THEN 'bank_transfer' ELSE route END, state, amount, parts,
        requested_by, decided_by, decided_at, operation_id, gateway_refund_id, failure_code, sealed_payee, payout_id, poll_count,
        version, created_at, updated_at FROM refunds;
DROP TABLE refunds;
ALTER TABLE refunds_rebuilt RENAME TO refunds;
CREATE UNIQUE INDEX refunds_one_in_flight ON refunds (tenant_id, payment_id)
    WHERE state IN ('submitting', 'pending', 'unknown');
CREATE UNIQUE INDEX refunds_of_operation ON refunds (tenant_id, operation_id);
CREATE INDEX refunds_of_invoice ON refunds (tenant_id, invoice_id, created_at);
CREATE INDEX refunds_of_payment ON refunds (tenant_id, payment_id, created_at);
CREATE INDEX refunds_by_payout ON refunds (tenant_id, state, payout_id);
