-- One payout of an agent (払込): reported by the gateway or uploaded, then arrived at the bank, then booked.
CREATE TABLE settlements (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    gateway TEXT NOT NULL,
    batch_reference TEXT NOT NULL,
    period_from TEXT,
    period_to TEXT,
    payout_on TEXT,
    gross INTEGER NOT NULL,
    fee INTEGER NOT NULL,
    tax INTEGER NOT NULL,
    net INTEGER NOT NULL,
    line_count INTEGER NOT NULL CHECK (line_count >= 0),
    state TEXT NOT NULL CHECK (state IN ('imported', 'arrival_recorded', 'arrived', 'settled', 'mismatch')),
    arrived_on TEXT,
    arrived_amount INTEGER,
    arrival_reference TEXT,
    arrival_recorded_by TEXT,
    arrival_confirmed_by TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    -- A payout is one payout, however often it is reported.
    UNIQUE (tenant_id, gateway, batch_reference),
    -- Whoever says that it arrived does not confirm it.
    CHECK (arrival_confirmed_by IS NULL OR arrival_confirmed_by <> arrival_recorded_by),
    CHECK (state IN ('imported', 'arrival_recorded') OR arrival_confirmed_by IS NOT NULL),
    CHECK ((arrived_on IS NULL) = (arrival_recorded_by IS NULL) AND (arrived_on IS NULL) = (arrived_amount IS NULL))
) STRICT;
CREATE UNIQUE INDEX settlements_by_id ON settlements (id);
CREATE INDEX settlements_by_state ON settlements (tenant_id, state, id);

-- Every report that was taken in, by its bytes: the same one again has no effect. What was uploaded is kept, sealed.
CREATE TABLE settlement_sources (
    tenant_id TEXT NOT NULL,
    gateway TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('api', 'upload')),
    imported_by TEXT,
    wrapped_key BLOB,
    sealed_file BLOB,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, gateway, sha256),
    CHECK ((origin = 'upload') = (imported_by IS NOT NULL)),
    CHECK ((wrapped_key IS NULL) = (sealed_file IS NULL))
) STRICT;

-- What a payout is made of, as reported: never rewritten.
CREATE TABLE settlement_lines (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    settlement_id TEXT NOT NULL,
    line_key TEXT NOT NULL,
    line_no INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('capture', 'refund', 'chargeback', 'fee', 'adjustment', 'reserve')),
    merchant_reference TEXT,
    gateway_payment_id TEXT,
    gross INTEGER NOT NULL,
    fee INTEGER NOT NULL,
    tax INTEGER NOT NULL,
    net INTEGER NOT NULL,
    occurred_on TEXT NOT NULL,
    source_sha256 TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, settlement_id, line_key),
    FOREIGN KEY (tenant_id, settlement_id) REFERENCES settlements (tenant_id, id)
) STRICT;

-- Which payment a line is about, and whether it is booked. A line about no payment has a row once it is booked.
CREATE TABLE settlement_matches (
    tenant_id TEXT NOT NULL,
    line_id TEXT NOT NULL,
    settlement_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    payment_id TEXT,
    application_id TEXT,
    -- For a capture through a designated agent, once its money arrived (R-77).
    remittance TEXT CHECK (remittance IN ('in_time', 'late', 'accepted')),
    remitted_on TEXT,
    matched_at INTEGER NOT NULL,
    booked_at INTEGER,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, line_id),
    FOREIGN KEY (tenant_id, line_id) REFERENCES settlement_lines (tenant_id, id),
    CHECK ((payment_id IS NULL) = (application_id IS NULL)),
    CHECK ((remittance IS NULL) = (remitted_on IS NULL)),
    CHECK (remittance IS NULL OR booked_at IS NOT NULL)
) STRICT;
-- A payment is taken once, so it is settled once.
CREATE UNIQUE INDEX settlement_matches_one_capture ON settlement_matches (tenant_id, payment_id) WHERE kind = 'capture';
CREATE INDEX settlement_matches_of_payment ON settlement_matches (tenant_id, payment_id);
CREATE INDEX settlement_matches_of_settlement ON settlement_matches (tenant_id, settlement_id, booked_at);

-- What a person must look at: raised once however often it is found, resolved by two people.
CREATE TABLE reconciliation_exceptions (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    facts TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'proposed', 'resolved')),
    owner TEXT,
    raised_at INTEGER NOT NULL,
    proposed_by TEXT,
    proposed_at INTEGER,
    resolution TEXT,
    comment TEXT,
    resolved_by TEXT,
    resolved_at INTEGER,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, kind, subject),
    CHECK (resolved_by IS NULL OR resolved_by <> proposed_by),
    CHECK ((state = 'open') = (proposed_by IS NULL)),
    CHECK ((state = 'resolved') = (resolved_by IS NOT NULL)),
    CHECK ((proposed_by IS NULL) = (resolution IS NULL))
) STRICT;
CREATE INDEX reconciliation_exceptions_by_state ON reconciliation_exceptions (tenant_id, state, raised_at);
CREATE INDEX reconciliation_exceptions_by_subject ON reconciliation_exceptions (tenant_id, subject);

CREATE TRIGGER settlement_lines_no_update BEFORE UPDATE ON settlement_lines BEGIN SELECT RAISE(ABORT, 'settlement_lines is append-only'); END;
CREATE TRIGGER settlement_lines_no_delete BEFORE DELETE ON settlement_lines BEGIN SELECT RAISE(ABORT, 'settlement_lines is append-only'); END;
CREATE TRIGGER settlement_sources_no_update BEFORE UPDATE ON settlement_sources BEGIN SELECT RAISE(ABORT, 'settlement_sources is append-only'); END;
CREATE TRIGGER settlement_sources_no_delete BEFORE DELETE ON settlement_sources BEGIN SELECT RAISE(ABORT, 'settlement_sources is append-only'); END;
-- A line of a payout names its payment by the gateway's id.
CREATE INDEX payments_by_gateway_id ON payments (tenant_id, gateway_payment_id);
