-- What a clerk entered about money that came at the counter (窓口収納): beside the payment it made, and never deleted.
CREATE TABLE counter_payments (
    tenant_id TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    means TEXT NOT NULL CHECK (means IN ('cash', 'pos', 'bank_slip')),
    received_on TEXT NOT NULL,
    sealed_reference BLOB,
    recorded_by TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    reversed_by TEXT,
    reversed_at INTEGER,
    sealed_reason BLOB,
    PRIMARY KEY (tenant_id, payment_id),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id),
    -- Whoever entered it does not take it back alone.
    CHECK (reversed_by IS NULL OR reversed_by <> recorded_by),
    CHECK ((reversed_by IS NULL) = (reversed_at IS NULL) AND (reversed_by IS NULL) = (sealed_reason IS NULL))
) STRICT;
CREATE INDEX counter_payments_of_invoice ON counter_payments (tenant_id, invoice_id, recorded_at);
