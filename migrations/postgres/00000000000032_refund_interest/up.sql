-- Interest on money that goes back (還付加算金), and what settles another debt instead of going back (充当): R-96.
-- The name of the constraint depends on what was there when the table was made.
DO $$
DECLARE
    found TEXT;
BEGIN
    SELECT conname INTO STRICT found FROM pg_constraint
        WHERE conrelid = 'refunds'::regclass AND contype = 'c' AND pg_get_constraintdef(oid) LIKE '%route%gateway%';
    EXECUTE format('ALTER TABLE refunds DROP CONSTRAINT %I', found);
END
$$;
ALTER TABLE refunds ADD CONSTRAINT refunds_route_check CHECK (route IN ('gateway', 'bank_transfer', 'set_off'));
-- 還付加算金 in yen, fixed at the approval; nothing before it, zero where none accrued.
ALTER TABLE refunds ADD COLUMN interest BIGINT CHECK (interest >= 0);
-- Where its own transfer stands; nothing where there is none to pay.
ALTER TABLE refunds ADD COLUMN interest_state TEXT CHECK (interest_state IN ('due', 'sent', 'paid', 'undone'));
-- The transfer file that pays it.
ALTER TABLE refunds ADD COLUMN interest_payout_id TEXT;
ALTER TABLE refunds ADD CONSTRAINT refunds_interest_to_pay
    CHECK ((interest IS NOT NULL AND interest > 0) OR (interest_state IS NULL AND interest_payout_id IS NULL));
ALTER TABLE refunds ADD CONSTRAINT refunds_interest_in_a_file
    CHECK (COALESCE(interest_state IN ('sent', 'paid'), FALSE) = (interest_payout_id IS NOT NULL));
CREATE INDEX refunds_by_interest ON refunds (tenant_id, interest_state, interest_payout_id) WHERE interest_state IS NOT NULL;

-- That the payee was told of what is to go back (還付通知), one a refund, append-only.
CREATE TABLE refund_notices (
    tenant_id TEXT NOT NULL,
    refund_id TEXT NOT NULL,
    noticed_on TEXT NOT NULL,
    noticed_by TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, refund_id),
    FOREIGN KEY (tenant_id, refund_id) REFERENCES refunds (tenant_id, id)
);
CREATE TRIGGER refund_notices_append_only BEFORE UPDATE OR DELETE ON refund_notices FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();

-- That the payee asked for the money (還付請求), one a notice, append-only.
CREATE TABLE refund_claims (
    tenant_id TEXT NOT NULL,
    refund_id TEXT NOT NULL,
    claimed_on TEXT NOT NULL,
    -- The officer who entered it for the payee; nothing where the payee did.
    entered_by TEXT,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, refund_id),
    FOREIGN KEY (tenant_id, refund_id) REFERENCES refund_notices (tenant_id, refund_id)
);
CREATE TRIGGER refund_claims_append_only BEFORE UPDATE OR DELETE ON refund_claims FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();

-- How the interest was computed, fixed at the approval, append-only.
CREATE TABLE refund_interest_terms (
    tenant_id TEXT NOT NULL,
    refund_id TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    -- The day up to which it was computed.
    counted_to TEXT NOT NULL,
    -- What it comes to, and what of that earlier refunds of the payment, which came to nothing, had brought already.
    accrued BIGINT NOT NULL CHECK (accrued >= 0),
    already_paid BIGINT NOT NULL CHECK (already_paid >= 0 AND already_paid <= accrued),
    -- 歳出科目.
    expense_account TEXT NOT NULL,
    -- Part by part (JSON), with the ordinance and where it was taken from.
    explanation TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, refund_id),
    FOREIGN KEY (tenant_id, refund_id) REFERENCES refunds (tenant_id, id)
);
CREATE INDEX refund_interest_terms_of_payment ON refund_interest_terms (tenant_id, payment_id);
CREATE TRIGGER refund_interest_terms_append_only BEFORE UPDATE OR DELETE ON refund_interest_terms FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();

-- What came beyond a debt and settles another one of the same obligor (充当, R-96), one a refund, append-only.
CREATE TABLE set_offs (
    tenant_id TEXT NOT NULL,
    refund_id TEXT NOT NULL,
    -- The claim that it settles.
    application_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    proposed_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, refund_id),
    FOREIGN KEY (tenant_id, refund_id) REFERENCES refunds (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
);
CREATE INDEX set_offs_of_invoice ON set_offs (tenant_id, invoice_id);
CREATE TRIGGER set_offs_append_only BEFORE UPDATE OR DELETE ON set_offs FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();

-- The payment by which a set-off settled its claim: one a set-off, append-only.
CREATE TABLE set_off_payments (
    tenant_id TEXT NOT NULL,
    refund_id TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    -- 充当適状日: the day on which the claim counts as paid.
    fit_on TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, refund_id),
    UNIQUE (tenant_id, payment_id),
    FOREIGN KEY (tenant_id, refund_id) REFERENCES set_offs (tenant_id, refund_id),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id)
);
CREATE TRIGGER set_off_payments_append_only BEFORE UPDATE OR DELETE ON set_off_payments FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
