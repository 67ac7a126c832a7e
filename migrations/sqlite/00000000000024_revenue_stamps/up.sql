-- 証紙 (R-70, R-71): what settles a fee without money. The claim and what was assessed stay as they were.
-- What cancelled stamps settled of it: all that was owed, or nothing.
ALTER TABLE invoices ADD COLUMN stamped INTEGER NOT NULL DEFAULT 0
    CHECK (stamped >= 0 AND stamped <= total - reduced AND (stamped = 0 OR written_off = 0));

CREATE TABLE stamp_uses (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    -- Stamps by face value (JSON).
    stamps TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    -- 消印の日, and who cancelled them.
    cancelled_on TEXT NOT NULL,
    cancelled_by TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    reversed_by TEXT,
    reversed_at INTEGER,
    sealed_reason BLOB,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id),
    CHECK ((reversed_by IS NULL) = (reversed_at IS NULL)),
    CHECK (reversed_by IS NULL OR reversed_by <> cancelled_by)
) STRICT;
-- However two officers race, stamps settle an invoice once.
CREATE UNIQUE INDEX stamp_uses_living ON stamp_uses (tenant_id, invoice_id) WHERE reversed_at IS NULL;
CREATE INDEX stamp_uses_of_invoice ON stamp_uses (tenant_id, invoice_id, recorded_at);
CREATE TRIGGER stamp_uses_no_delete BEFORE DELETE ON stamp_uses BEGIN SELECT RAISE(ABORT, 'stamp_uses is append-only'); END;
CREATE TRIGGER stamp_uses_once_reversed BEFORE UPDATE ON stamp_uses WHEN OLD.reversed_at IS NOT NULL
    OR NEW.amount <> OLD.amount OR NEW.stamps <> OLD.stamps OR NEW.cancelled_on <> OLD.cancelled_on
    OR NEW.cancelled_by <> OLD.cancelled_by OR NEW.invoice_id <> OLD.invoice_id
BEGIN SELECT RAISE(ABORT, 'a use of stamps is only taken back, once'); END;
