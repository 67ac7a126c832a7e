-- Where nothing is owed the invoice says so and is settled: waived or canceled. SQLite changes a check by building the
-- table again; the rows that point to it are set aside meanwhile.
CREATE TEMPORARY TABLE payable_invoices_aside AS SELECT * FROM payable_invoices;
DELETE FROM payable_invoices;
CREATE TEMPORARY TABLE invoices_aside AS SELECT * FROM invoices;
DROP TABLE invoices;
CREATE TABLE invoices (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    number TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('unpaid', 'pending', 'entrusted', 'paid', 'overpaid', 'partially_refunded',
        'refunded', 'waived', 'canceled')),
    total INTEGER NOT NULL,
    fiscal_year INTEGER NOT NULL,
    obligor_account_id TEXT,
    lines TEXT NOT NULL,
    sealed_inputs BLOB NOT NULL,
    issued_at INTEGER NOT NULL,
    entrusted_on TEXT,
    paid_on TEXT,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, number),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id),
    -- Entrusted is not paid: the day of payment stays open until the agent remits (R-77).
    CHECK (state <> 'entrusted' OR (entrusted_on IS NOT NULL AND paid_on IS NULL)),
    CHECK (state <> 'paid' OR paid_on IS NOT NULL),
    CHECK (total > 0 OR (total = 0 AND state IN ('waived', 'canceled')))
) STRICT;
CREATE INDEX invoices_of_application ON invoices (tenant_id, application_id, issued_at);
CREATE INDEX invoices_of_obligor ON invoices (obligor_account_id, issued_at);
INSERT INTO invoices SELECT * FROM invoices_aside;
INSERT INTO payable_invoices SELECT * FROM payable_invoices_aside;
DROP TABLE invoices_aside;
DROP TABLE payable_invoices_aside;
