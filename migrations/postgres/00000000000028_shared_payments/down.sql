ALTER TABLE settlement_matches RENAME TO settlement_matches_after;
DROP INDEX settlement_matches_one_capture;
DROP INDEX settlement_matches_of_payment;
DROP INDEX settlement_matches_of_settlement;
DROP INDEX settlement_matches_of_case;
CREATE TABLE settlement_matches (
    tenant_id TEXT NOT NULL,
    line_id TEXT NOT NULL,
    settlement_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    payment_id TEXT,
    application_id TEXT,
    remittance TEXT CHECK (remittance IN ('in_time', 'late', 'accepted')),
    remitted_on TEXT,
    matched_at BIGINT NOT NULL,
    booked_at BIGINT,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, line_id),
    FOREIGN KEY (tenant_id, line_id) REFERENCES settlement_lines (tenant_id, id),
    CHECK ((payment_id IS NULL) = (application_id IS NULL)),
    CHECK ((remittance IS NULL) = (remitted_on IS NULL)),
    CHECK (remittance IS NULL OR booked_at IS NOT NULL)
);
INSERT INTO settlement_matches
    SELECT tenant_id, line_id, settlement_id, kind, payment_id, application_id, remittance, remitted_on, matched_at,
        booked_at, version
    FROM settlement_matches_after WHERE share_no = 0;
DROP TABLE settlement_matches_after;
CREATE UNIQUE INDEX settlement_matches_one_capture ON settlement_matches (tenant_id, payment_id) WHERE kind = 'capture';
CREATE INDEX settlement_matches_of_payment ON settlement_matches (tenant_id, payment_id);
CREATE INDEX settlement_matches_of_settlement ON settlement_matches (tenant_id, settlement_id, booked_at);
CREATE INDEX settlement_matches_of_case ON settlement_matches (tenant_id, settlement_id, application_id);

DROP INDEX disputes_at_gateway;
CREATE UNIQUE INDEX disputes_at_gateway ON disputes (tenant_id, gateway, gateway_dispute_id);

DROP INDEX payments_one_live;
CREATE UNIQUE INDEX payments_one_live ON payments (tenant_id, payable_id)
    WHERE state IN ('submitting', 'requires_action', 'awaiting_payment', 'processing', 'authorized', 'unknown');
DROP INDEX payments_of_share;
ALTER TABLE payments DROP COLUMN share_of;
