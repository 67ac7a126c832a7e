-- 納入通知書 (R-67): what the payer was told, exactly once an invoice and never rewritten.
ALTER TABLE invoices ADD COLUMN due_on TEXT;
CREATE TABLE payment_notices (
    tenant_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    number TEXT NOT NULL,
    way TEXT NOT NULL CHECK (way IN ('electronic', 'paper', 'oral')),
    -- Every item of the notice as it was on the day of issue (JSON); who owes stands pinned in the case.
    content TEXT NOT NULL,
    content_sha256 TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, invoice_id),
    UNIQUE (tenant_id, number),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
);

-- 領収証書 and confirmations of entrustment: one living row a payment that took money. A later row of the same payment
-- follows only the revocation of the one before it.
CREATE TABLE receipts (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    sequence_no BIGINT NOT NULL CHECK (sequence_no > 0),
    kind TEXT NOT NULL CHECK (kind IN ('official_receipt', 'entrustment_confirmation')),
    legal_role TEXT NOT NULL CHECK (legal_role IN ('designated_agent', 'collection_agent', 'direct')),
    number TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    content TEXT NOT NULL,
    content_sha256 TEXT NOT NULL,
    sealed_names BYTEA NOT NULL,
    issued_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, number),
    UNIQUE (tenant_id, payment_id, sequence_no),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id),
    -- The body never gives its own receipt for entrusted money, and only for that it gives a confirmation (R-80).
    CHECK ((legal_role = 'designated_agent') = (kind = 'entrustment_confirmation'))
);
CREATE INDEX receipts_of_invoice ON receipts (tenant_id, invoice_id, issued_at);

CREATE TABLE receipt_revocations (
    tenant_id TEXT NOT NULL,
    receipt_id TEXT NOT NULL,
    ground TEXT NOT NULL CHECK (ground IN ('payment_undone', 'amount_changed', 'replaced')),
    revoked_by TEXT,
    sealed_reason BYTEA,
    revoked_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, receipt_id),
    FOREIGN KEY (tenant_id, receipt_id) REFERENCES receipts (tenant_id, id),
    -- A person says why; what follows from the money says it by itself.
    CHECK ((ground = 'replaced') = (revoked_by IS NOT NULL) AND (revoked_by IS NULL) = (sealed_reason IS NULL))
);

CREATE TABLE receipt_reissues (
    tenant_id TEXT NOT NULL,
    receipt_id TEXT NOT NULL,
    reissue_no BIGINT NOT NULL CHECK (reissue_no > 0),
    reissued_by TEXT NOT NULL,
    sealed_reason BYTEA NOT NULL,
    reissued_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, receipt_id, reissue_no),
    FOREIGN KEY (tenant_id, receipt_id) REFERENCES receipts (tenant_id, id)
);

CREATE TRIGGER payment_notices_append_only BEFORE UPDATE OR DELETE ON payment_notices FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER receipts_append_only BEFORE UPDATE OR DELETE ON receipts FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER receipt_revocations_append_only BEFORE UPDATE OR DELETE ON receipt_revocations FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER receipt_reissues_append_only BEFORE UPDATE OR DELETE ON receipt_reissues FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
