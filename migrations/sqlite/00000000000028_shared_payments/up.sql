-- Several invoices paid in one act at a gateway (納付単位): each invoice keeps a payment of its own, its share, and all
-- shares name the first of them, whose reference the gateway knows.
ALTER TABLE payments ADD COLUMN share_of TEXT;
CREATE INDEX payments_of_share ON payments (tenant_id, share_of) WHERE share_of IS NOT NULL;
-- An invoice may now be part of several payables, so what stays alone is the attempt to pay the invoice.
DROP INDEX payments_one_live;
CREATE UNIQUE INDEX payments_one_live ON payments (tenant_id, invoice_id)
    WHERE state IN ('submitting', 'requires_action', 'awaiting_payment', 'processing', 'authorized', 'unknown');

-- A dispute about such an act has one row for each share that it touches.
DROP INDEX disputes_at_gateway;
CREATE UNIQUE INDEX disputes_at_gateway ON disputes (tenant_id, gateway, gateway_dispute_id, payment_id);

-- A line about such an act is matched to each share, with what of the line is its part.
ALTER TABLE settlement_matches RENAME TO settlement_matches_before;
DROP INDEX settlement_matches_one_capture;
DROP INDEX settlement_matches_of_payment;
DROP INDEX settlement_matches_of_settlement;
DROP INDEX settlement_matches_of_case;
CREATE TABLE settlement_matches (
    tenant_id TEXT NOT NULL,
    line_id TEXT NOT NULL,
    share_no INTEGER NOT NULL,
    settlement_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    payment_id TEXT,
    application_id TEXT,
    gross INTEGER NOT NULL,
    net INTEGER NOT NULL,
    -- For a capture through a designated agent, once its money arrived (R-77).
    remittance TEXT CHECK (remittance IN ('in_time', 'late', 'accepted')),
    remitted_on TEXT,
    matched_at INTEGER NOT NULL,
    booked_at INTEGER,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, line_id, share_no),
    FOREIGN KEY (tenant_id, line_id) REFERENCES settlement_lines (tenant_id, id),
    CHECK ((payment_id IS NULL) = (application_id IS NULL)),
    CHECK ((remittance IS NULL) = (remitted_on IS NULL)),
    CHECK (remittance IS NULL OR booked_at IS NOT NULL)
) STRICT;
INSERT INTO settlement_matches
    SELECT m.tenant_id, m.line_id, 0, m.settlement_id, m.kind, m.payment_id, m.application_id, l.gross, l.net,
        m.remittance, m.remitted_on, m.matched_at, m.booked_at, m.version
    FROM settlement_matches_before m JOIN settlement_lines l ON l.tenant_id = m.tenant_id AND l.id = m.line_id;
DROP TABLE settlement_matches_before;
-- A payment is taken once, so it is settled once.
CREATE UNIQUE INDEX settlement_matches_one_capture ON settlement_matches (tenant_id, payment_id) WHERE kind = 'capture';
CREATE INDEX settlement_matches_of_payment ON settlement_matches (tenant_id, payment_id);
CREATE INDEX settlement_matches_of_settlement ON settlement_matches (tenant_id, settlement_id, booked_at);
CREATE INDEX settlement_matches_of_case ON settlement_matches (tenant_id, settlement_id, application_id);
