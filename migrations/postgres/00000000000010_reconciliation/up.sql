-- A file of the bank (入出金取引明細), taken in once whatever it is called. The file is kept, sealed.
CREATE TABLE bank_statements (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    format TEXT NOT NULL CHECK (format IN ('zengin', 'csv')),
    credit_count BIGINT NOT NULL CHECK (credit_count >= 0),
    new_count BIGINT NOT NULL CHECK (new_count BETWEEN 0 AND credit_count),
    wrapped_key BYTEA NOT NULL,
    sealed_file BYTEA NOT NULL,
    imported_by TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, sha256)
);

-- What came in. The same credit in two files is one: the key is a keyed hash of what the bank calls it.
CREATE TABLE bank_credits (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    statement_id TEXT NOT NULL,
    line_no BIGINT NOT NULL CHECK (line_no > 0),
    credit_key TEXT NOT NULL,
    credited_on TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    sealed_details BYTEA NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, statement_id, line_no),
    UNIQUE (tenant_id, credit_key),
    FOREIGN KEY (tenant_id, statement_id) REFERENCES bank_statements (tenant_id, id)
);
CREATE INDEX bank_credits_by_day ON bank_credits (tenant_id, credited_on);

-- Which payout a credit is: one is exactly the other.
CREATE TABLE bank_credit_matches (
    tenant_id TEXT NOT NULL,
    credit_id TEXT NOT NULL,
    settlement_id TEXT NOT NULL,
    matched_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, credit_id),
    UNIQUE (tenant_id, settlement_id),
    FOREIGN KEY (tenant_id, credit_id) REFERENCES bank_credits (tenant_id, id),
    FOREIGN KEY (tenant_id, settlement_id) REFERENCES settlements (tenant_id, id)
);

-- What was done about an exception, and by whom.
CREATE TABLE exception_steps (
    tenant_id TEXT NOT NULL,
    exception_id TEXT NOT NULL,
    step_no BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('claimed', 'proposed', 'returned', 'approved')),
    officer_id TEXT NOT NULL,
    resolution TEXT,
    comment TEXT,
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, exception_id, step_no),
    FOREIGN KEY (tenant_id, exception_id) REFERENCES reconciliation_exceptions (tenant_id, id)
);
CREATE UNIQUE INDEX reconciliation_exceptions_by_id ON reconciliation_exceptions (id);

-- The close of a day (日締め): a signed statement that follows from the one before.
CREATE TABLE day_closes (
    tenant_id TEXT NOT NULL,
    day TEXT NOT NULL,
    close_no BIGINT NOT NULL CHECK (close_no > 0),
    statement TEXT NOT NULL,
    prev_hash BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    key_id TEXT NOT NULL,
    signature BYTEA NOT NULL,
    closed_by TEXT NOT NULL,
    closed_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, day),
    UNIQUE (tenant_id, close_no),
    UNIQUE (tenant_id, day, closed_by)
);

-- Who agreed to it: somebody else.
CREATE TABLE day_close_confirmations (
    tenant_id TEXT NOT NULL,
    day TEXT NOT NULL,
    closed_by TEXT NOT NULL,
    confirmed_by TEXT NOT NULL,
    confirmed_at BIGINT NOT NULL,
    key_id TEXT NOT NULL,
    signature BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, day),
    FOREIGN KEY (tenant_id, day, closed_by) REFERENCES day_closes (tenant_id, day, closed_by),
    CHECK (confirmed_by <> closed_by)
);

CREATE INDEX settlement_matches_of_case ON settlement_matches (tenant_id, settlement_id, application_id);
CREATE INDEX ledger_entries_by_record ON ledger_entries (tenant_id, recorded_at);
CREATE INDEX payments_by_capture ON payments (tenant_id, captured_on) WHERE captured_on IS NOT NULL;

CREATE TRIGGER bank_statements_append_only BEFORE UPDATE OR DELETE ON bank_statements FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER bank_credits_append_only BEFORE UPDATE OR DELETE ON bank_credits FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER bank_credit_matches_append_only BEFORE UPDATE OR DELETE ON bank_credit_matches FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER exception_steps_append_only BEFORE UPDATE OR DELETE ON exception_steps FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER day_closes_append_only BEFORE UPDATE OR DELETE ON day_closes FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER day_close_confirmations_append_only BEFORE UPDATE OR DELETE ON day_close_confirmations FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
