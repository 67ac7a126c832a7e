-- Money that goes back (還付, R-95 to R-100): one row a refund, decided by two people.
CREATE TABLE refunds (
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
-- What a gateway sent back of a payment is told by its sum, so it is told of one refund at a time.
CREATE UNIQUE INDEX refunds_one_in_flight ON refunds (tenant_id, payment_id)
    WHERE state IN ('submitting', 'pending', 'unknown');
CREATE UNIQUE INDEX refunds_of_operation ON refunds (tenant_id, operation_id);
CREATE INDEX refunds_of_invoice ON refunds (tenant_id, invoice_id, created_at);
CREATE INDEX refunds_of_payment ON refunds (tenant_id, payment_id, created_at);
CREATE INDEX refunds_by_payout ON refunds (tenant_id, state, payout_id);

-- How much of a payment, and of each part of it, refunds have taken up. However two requests race, the sum never exceeds
-- what was taken.
CREATE TABLE refund_headroom (
    tenant_id TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    part TEXT NOT NULL,
    ceiling INTEGER NOT NULL CHECK (ceiling >= 0),
    reserved INTEGER NOT NULL CHECK (reserved >= 0),
    PRIMARY KEY (tenant_id, payment_id, part),
    CHECK (reserved <= ceiling)
) STRICT;

-- Refunds that one transfer file (全銀 総合振込) asks the bank to pay: made by one person, confirmed by another.
CREATE TABLE payouts (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('exported', 'paid')),
    transfer_on TEXT NOT NULL,
    refund_count INTEGER NOT NULL CHECK (refund_count > 0),
    total INTEGER NOT NULL CHECK (total > 0),
    wrapped_key BLOB NOT NULL,
    sealed_file BLOB NOT NULL,
    file_sha256 TEXT NOT NULL,
    made_by TEXT NOT NULL,
    confirmed_by TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CHECK (confirmed_by IS NULL OR confirmed_by <> made_by),
    CHECK (state <> 'paid' OR confirmed_by IS NOT NULL)
) STRICT;
