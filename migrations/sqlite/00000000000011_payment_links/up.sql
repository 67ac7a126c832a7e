-- Money at the counter is received whole within one transaction, so it comes beside an attempt that is open online: the
-- first payment wins, and the attempt is closed at its gateway. What can still take money at a gateway stays alone.
DROP INDEX payments_one_live;
CREATE UNIQUE INDEX payments_one_live ON payments (tenant_id, payable_id)
    WHERE state IN ('submitting', 'requires_action', 'awaiting_payment', 'processing', 'authorized', 'unknown');
-- What came beyond a debt waits for people who send it back.
CREATE INDEX invoices_overpaid ON invoices (tenant_id, id) WHERE state = 'overpaid';

-- A link that a party gave somebody to pay by (納付用リンク): only a keyed hash of its secret is kept.
CREATE TABLE payment_links (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    token_hash BLOB NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, token_hash),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id),
    CHECK (expires_at > created_at)
) STRICT;
CREATE INDEX payment_links_of_invoice ON payment_links (tenant_id, invoice_id, created_at);

-- By which link a payment was opened: the payer is not the applicant (立替払い, R-86), and money goes back to the obligor.
CREATE TABLE payment_payers (
    tenant_id TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    link_id TEXT NOT NULL,
    PRIMARY KEY (tenant_id, payment_id),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id),
    FOREIGN KEY (tenant_id, link_id) REFERENCES payment_links (tenant_id, id)
) STRICT;
CREATE INDEX payment_payers_of_link ON payment_payers (tenant_id, link_id);
