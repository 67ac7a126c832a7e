-- Interest on money that goes back (還付加算金), and what settles another debt instead of going back (充当): R-96.
CREATE TABLE refunds_rebuilt (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    ground TEXT NOT NULL CHECK (ground IN ('overpaid', 'assessment_error', 'waiver', 'not_accepted', 'not_attributable')),
    route TEXT NOT NULL CHECK (route IN ('gateway', 'bank_transfer', 'set_off')),
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
    -- 還付加算金 in yen, fixed at the approval; nothing before it, zero where none accrued.
    interest INTEGER CHECK (interest >= 0),
    -- Where its own transfer stands; nothing where there is none to pay.
    interest_state TEXT CHECK (interest_state IN ('due', 'sent', 'paid', 'undone')),
    -- The transfer file that pays it.
    interest_payout_id TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id),
    -- Whoever asks never decides.
    CHECK (decided_by IS NULL OR decided_by <> requested_by),
    CHECK (state IN ('requested', 'withdrawn') OR decided_by IS NOT NULL),
    CHECK ((interest IS NOT NULL AND interest > 0) OR (interest_state IS NULL AND interest_payout_id IS NULL)),
    CHECK (COALESCE(interest_state IN ('sent', 'paid'), FALSE) = (interest_payout_id IS NOT NULL)),
    CHECK (payout_id IS NULL OR route = 'bank_transfer')
) STRICT;
INSERT INTO refunds_rebuilt (tenant_id, id, application_id, invoice_id, payment_id, ground, route, state, amount, parts,
        requested_by, decided_by, decided_at, operation_id, gateway_refund_id, failure_code, sealed_payee, payout_id, poll_count,
        version, created_at, updated_at)
    SELECT tenant_id, id, application_id, invoice_id, payment_id, ground, route, state, amount, parts,
        requested_by, decided_by, decided_at, operation_id, gateway_refund_id, failure_code, sealed_payee, payout_id, poll_count,
        version, created_at, updated_at FROM refunds;
DROP TABLE refunds;
ALTER TABLE refunds_rebuilt RENAME TO refunds;
-- What a gateway sent back of a payment is told by its sum, so it is told of one refund at a time.
CREATE UNIQUE INDEX refunds_one_in_flight ON refunds (tenant_id, payment_id)
    WHERE state IN ('submitting', 'pending', 'unknown');
CREATE UNIQUE INDEX refunds_of_operation ON refunds (tenant_id, operation_id);
CREATE INDEX refunds_of_invoice ON refunds (tenant_id, invoice_id, created_at);
CREATE INDEX refunds_of_payment ON refunds (tenant_id, payment_id, created_at);
CREATE INDEX refunds_by_payout ON refunds (tenant_id, state, payout_id);
CREATE INDEX refunds_by_interest ON refunds (tenant_id, interest_state, interest_payout_id) WHERE interest_state IS NOT NULL;

-- That the payee was told of what is to go back (還付通知), one a refund, append-only.
CREATE TABLE refund_notices (
    tenant_id TEXT NOT NULL,
    refund_id TEXT NOT NULL,
    noticed_on TEXT NOT NULL,
    noticed_by TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, refund_id),
    FOREIGN KEY (tenant_id, refund_id) REFERENCES refunds (tenant_id, id)
) STRICT;
CREATE TRIGGER refund_notices_no_update BEFORE UPDATE ON refund_notices BEGIN SELECT RAISE(ABORT, 'refund_notices is append-only'); END;
CREATE TRIGGER refund_notices_no_delete BEFORE DELETE ON refund_notices BEGIN SELECT RAISE(ABORT, 'refund_notices is append-only'); END;

-- That the payee asked for the money (還付請求), one a notice, append-only.
CREATE TABLE refund_claims (
    tenant_id TEXT NOT NULL,
    refund_id TEXT NOT NULL,
    claimed_on TEXT NOT NULL,
    -- The officer who entered it for the payee; nothing where the payee did.
    entered_by TEXT,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, refund_id),
    FOREIGN KEY (tenant_id, refund_id) REFERENCES refund_notices (tenant_id, refund_id)
) STRICT;
CREATE TRIGGER refund_claims_no_update BEFORE UPDATE ON refund_claims BEGIN SELECT RAISE(ABORT, 'refund_claims is append-only'); END;
CREATE TRIGGER refund_claims_no_delete BEFORE DELETE ON refund_claims BEGIN SELECT RAISE(ABORT, 'refund_claims is append-only'); END;

-- How the interest was computed, fixed at the approval, append-only.
CREATE TABLE refund_interest_terms (
    tenant_id TEXT NOT NULL,
    refund_id TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    -- The day up to which it was computed.
    counted_to TEXT NOT NULL,
    -- What it comes to, and what of that earlier refunds of the payment, which came to nothing, had brought already.
    accrued INTEGER NOT NULL CHECK (accrued >= 0),
    already_paid INTEGER NOT NULL CHECK (already_paid >= 0 AND already_paid <= accrued),
    -- 歳出科目.
    expense_account TEXT NOT NULL,
    -- Part by part (JSON), with the ordinance and where it was taken from.
    explanation TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, refund_id),
    FOREIGN KEY (tenant_id, refund_id) REFERENCES refunds (tenant_id, id)
) STRICT;
CREATE INDEX refund_interest_terms_of_payment ON refund_interest_terms (tenant_id, payment_id);
CREATE TRIGGER refund_interest_terms_no_update BEFORE UPDATE ON refund_interest_terms BEGIN SELECT RAISE(ABORT, 'refund_interest_terms is append-only'); END;
CREATE TRIGGER refund_interest_terms_no_delete BEFORE DELETE ON refund_interest_terms BEGIN SELECT RAISE(ABORT, 'refund_interest_terms is append-only'); END;

-- What came beyond a debt and settles another one of the same obligor (充当, R-96), one a refund, append-only.
CREATE TABLE set_offs (
    tenant_id TEXT NOT NULL,
    refund_id TEXT NOT NULL,
    -- The claim that it settles.
    application_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    proposed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, refund_id),
    FOREIGN KEY (tenant_id, refund_id) REFERENCES refunds (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
) STRICT;
CREATE INDEX set_offs_of_invoice ON set_offs (tenant_id, invoice_id);
CREATE TRIGGER set_offs_no_update BEFORE UPDATE ON set_offs BEGIN SELECT RAISE(ABORT, 'set_offs is append-only'); END;
CREATE TRIGGER set_offs_no_delete BEFORE DELETE ON set_offs BEGIN SELECT RAISE(ABORT, 'set_offs is append-only'); END;

-- The payment by which a set-off settled its claim: one a set-off, append-only.
CREATE TABLE set_off_payments (
    tenant_id TEXT NOT NULL,
    refund_id TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    -- 充当適状日: the day on which the claim counts as paid.
    fit_on TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, refund_id),
    UNIQUE (tenant_id, payment_id),
    FOREIGN KEY (tenant_id, refund_id) REFERENCES set_offs (tenant_id, refund_id),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id)
) STRICT;
CREATE TRIGGER set_off_payments_no_update BEFORE UPDATE ON set_off_payments BEGIN SELECT RAISE(ABORT, 'set_off_payments is append-only'); END;
CREATE TRIGGER set_off_payments_no_delete BEFORE DELETE ON set_off_payments BEGIN SELECT RAISE(ABORT, 'set_off_payments is append-only'); END;
