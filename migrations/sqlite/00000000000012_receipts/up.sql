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
    issued_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, invoice_id),
    UNIQUE (tenant_id, number),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
) STRICT;

-- 領収証書 and confirmations of entrustment: one living row a payment that took money. A later row of the same payment
-- follows only the revocation of the one before it.
CREATE TABLE receipts (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    sequence_no INTEGER NOT NULL CHECK (sequence_no > 0),
    kind TEXT NOT NULL CHECK (kind IN ('official_receipt', 'entrustment_confirmation')),
    legal_role TEXT NOT NULL CHECK (legal_role IN ('designated_agent', 'collection_agent', 'direct')),
    number TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    content TEXT NOT NULL,
    content_sha256 TEXT NOT NULL,
    sealed_names BLOB NOT NULL,
    issued_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, number),
    UNIQUE (tenant_id, payment_id, sequence_no),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id),
    -- The body never gives its own receipt for entrusted money, and only for that it gives a confirmation (R-80).
    CHECK ((legal_role = 'designated_agent') = (kind = 'entrustment_confirmation'))
) STRICT;
CREATE INDEX receipts_of_invoice ON receipts (tenant_id, invoice_id, issued_at);

CREATE TABLE receipt_revocations (
    tenant_id TEXT NOT NULL,
    receipt_id TEXT NOT NULL,
    ground TEXT NOT NULL CHECK (ground IN ('payment_undone', 'amount_changed', 'replaced')),
    revoked_by TEXT,
    sealed_reason BLOB,
    revoked_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, receipt_id),
    FOREIGN KEY (tenant_id, receipt_id) REFERENCES receipts (tenant_id, id),
    -- A person says why; what follows from the money says it by itself.
    CHECK ((ground = 'replaced') = (revoked_by IS NOT NULL) AND (revoked_by IS NULL) = (sealed_reason IS NULL))
) STRICT;

CREATE TABLE receipt_reissues (
    tenant_id TEXT NOT NULL,
    receipt_id TEXT NOT NULL,
    reissue_no INTEGER NOT NULL CHECK (reissue_no > 0),
    reissued_by TEXT NOT NULL,
    sealed_reason BLOB NOT NULL,
    reissued_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, receipt_id, reissue_no),
    FOREIGN KEY (tenant_id, receipt_id) REFERENCES receipts (tenant_id, id)
) STRICT;

CREATE TRIGGER payment_notices_no_update BEFORE UPDATE ON payment_notices BEGIN SELECT RAISE(ABORT, 'payment_notices is append-only'); END;
CREATE TRIGGER payment_notices_no_delete BEFORE DELETE ON payment_notices BEGIN SELECT RAISE(ABORT, 'payment_notices is append-only'); END;
CREATE TRIGGER receipts_no_update BEFORE UPDATE ON receipts BEGIN SELECT RAISE(ABORT, 'receipts is append-only'); END;
CREATE TRIGGER receipts_no_delete BEFORE DELETE ON receipts BEGIN SELECT RAISE(ABORT, 'receipts is append-only'); END;
CREATE TRIGGER receipt_revocations_no_update BEFORE UPDATE ON receipt_revocations BEGIN SELECT RAISE(ABORT, 'receipt_revocations is append-only'); END;
CREATE TRIGGER receipt_revocations_no_delete BEFORE DELETE ON receipt_revocations BEGIN SELECT RAISE(ABORT, 'receipt_revocations is append-only'); END;
CREATE TRIGGER receipt_reissues_no_update BEFORE UPDATE ON receipt_reissues BEGIN SELECT RAISE(ABORT, 'receipt_reissues is append-only'); END;
CREATE TRIGGER receipt_reissues_no_delete BEFORE DELETE ON receipt_reissues BEGIN SELECT RAISE(ABORT, 'receipt_reissues is append-only'); END;
