-- A file of the bank (入出金取引明細), taken in once whatever it is called. The file is kept, sealed.
CREATE TABLE bank_statements (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    format TEXT NOT NULL CHECK (format IN ('zengin', 'csv')),
    credit_count INTEGER NOT NULL CHECK (credit_count >= 0),
    new_count INTEGER NOT NULL CHECK (new_count BETWEEN 0 AND credit_count),
    wrapped_key BLOB NOT NULL,
    sealed_file BLOB NOT NULL,
    imported_by TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, sha256)
) STRICT;

-- What came in. The same credit in two files is one: the key is a keyed hash of what the bank calls it.
CREATE TABLE bank_credits (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    statement_id TEXT NOT NULL,
    line_no INTEGER NOT NULL CHECK (line_no > 0),
    credit_key TEXT NOT NULL,
    credited_on TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    sealed_details BLOB NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, statement_id, line_no),
    UNIQUE (tenant_id, credit_key),
    FOREIGN KEY (tenant_id, statement_id) REFERENCES bank_statements (tenant_id, id)
) STRICT;
CREATE INDEX bank_credits_by_day ON bank_credits (tenant_id, credited_on);

-- Which payout a credit is: one is exactly the other.
CREATE TABLE bank_credit_matches (
    tenant_id TEXT NOT NULL,
    credit_id TEXT NOT NULL,
    settlement_id TEXT NOT NULL,
    matched_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, credit_id),
    UNIQUE (tenant_id, settlement_id),
    FOREIGN KEY (tenant_id, credit_id) REFERENCES bank_credits (tenant_id, id),
    FOREIGN KEY (tenant_id, settlement_id) REFERENCES settlements (tenant_id, id)
) STRICT;

-- What was done about an exception, and by whom.
CREATE TABLE exception_steps (
    tenant_id TEXT NOT NULL,
    exception_id TEXT NOT NULL,
    step_no INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('claimed', 'proposed', 'returned', 'approved')),
    officer_id TEXT NOT NULL,
    resolution TEXT,
    comment TEXT,
    at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, exception_id, step_no),
    FOREIGN KEY (tenant_id, exception_id) REFERENCES reconciliation_exceptions (tenant_id, id)
) STRICT;
CREATE UNIQUE INDEX reconciliation_exceptions_by_id ON reconciliation_exceptions (id);

-- The close of a day (日締め): a signed statement that follows from the one before.
CREATE TABLE day_closes (
    tenant_id TEXT NOT NULL,
    day TEXT NOT NULL,
    close_no INTEGER NOT NULL CHECK (close_no > 0),
    statement TEXT NOT NULL,
    prev_hash BLOB NOT NULL,
    hash BLOB NOT NULL,
    key_id TEXT NOT NULL,
    signature BLOB NOT NULL,
    closed_by TEXT NOT NULL,
    closed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, day),
    UNIQUE (tenant_id, close_no),
    UNIQUE (tenant_id, day, closed_by)
) STRICT;

-- Who agreed to it: somebody else.
CREATE TABLE day_close_confirmations (
    tenant_id TEXT NOT NULL,
    day TEXT NOT NULL,
    closed_by TEXT NOT NULL,
    confirmed_by TEXT NOT NULL,
    confirmed_at INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (tenant_id, day),
    FOREIGN KEY (tenant_id, day, closed_by) REFERENCES day_closes (tenant_id, day, closed_by),
    CHECK (confirmed_by <> closed_by)
) STRICT;

CREATE INDEX settlement_matches_of_case ON settlement_matches (tenant_id, settlement_id, application_id);
CREATE INDEX ledger_entries_by_record ON ledger_entries (tenant_id, recorded_at);
CREATE INDEX payments_by_capture ON payments (tenant_id, captured_on) WHERE captured_on IS NOT NULL;

CREATE TRIGGER bank_statements_no_update BEFORE UPDATE ON bank_statements BEGIN SELECT RAISE(ABORT, 'bank_statements is append-only'); END;
CREATE TRIGGER bank_statements_no_delete BEFORE DELETE ON bank_statements BEGIN SELECT RAISE(ABORT, 'bank_statements is append-only'); END;
CREATE TRIGGER bank_credits_no_update BEFORE UPDATE ON bank_credits BEGIN SELECT RAISE(ABORT, 'bank_credits is append-only'); END;
CREATE TRIGGER bank_credits_no_delete BEFORE DELETE ON bank_credits BEGIN SELECT RAISE(ABORT, 'bank_credits is append-only'); END;
CREATE TRIGGER bank_credit_matches_no_update BEFORE UPDATE ON bank_credit_matches BEGIN SELECT RAISE(ABORT, 'bank_credit_matches is append-only'); END;
CREATE TRIGGER bank_credit_matches_no_delete BEFORE DELETE ON bank_credit_matches BEGIN SELECT RAISE(ABORT, 'bank_credit_matches is append-only'); END;
CREATE TRIGGER exception_steps_no_update BEFORE UPDATE ON exception_steps BEGIN SELECT RAISE(ABORT, 'exception_steps is append-only'); END;
CREATE TRIGGER exception_steps_no_delete BEFORE DELETE ON exception_steps BEGIN SELECT RAISE(ABORT, 'exception_steps is append-only'); END;
CREATE TRIGGER day_closes_no_update BEFORE UPDATE ON day_closes BEGIN SELECT RAISE(ABORT, 'day_closes is append-only'); END;
CREATE TRIGGER day_closes_no_delete BEFORE DELETE ON day_closes BEGIN SELECT RAISE(ABORT, 'day_closes is append-only'); END;
CREATE TRIGGER day_close_confirmations_no_update BEFORE UPDATE ON day_close_confirmations BEGIN SELECT RAISE(ABORT, 'day_close_confirmations is append-only'); END;
CREATE TRIGGER day_close_confirmations_no_delete BEFORE DELETE ON day_close_confirmations BEGIN SELECT RAISE(ABORT, 'day_close_confirmations is append-only'); END;
