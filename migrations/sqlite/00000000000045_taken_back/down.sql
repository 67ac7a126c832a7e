DROP TABLE el_qr_cancellations;
PRAGMA defer_foreign_keys = ON;
CREATE TEMPORARY TABLE el_qr_lines_aside AS SELECT * FROM el_qr_lines;
DROP TABLE el_qr_lines;
CREATE TABLE el_qr_lines (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    file_id TEXT NOT NULL,
    line_no INTEGER NOT NULL CHECK (line_no > 0),
    payment_key TEXT NOT NULL,
    institution_number TEXT,
    payment_number TEXT NOT NULL,
    confirmation_number TEXT,
    amount INTEGER NOT NULL CHECK (amount > 0),
    paid_on TEXT NOT NULL,
    channel TEXT,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'booked', 'referred')),
    trouble TEXT CHECK (trouble IN ('unknown_number', 'withdrawn', 'amount_differs', 'before_issue')),
    slip_id TEXT,
    payment_id TEXT,
    -- Who gives the payer a proof of it.
    proof TEXT CHECK (proof IN ('body', 'elsewhere')),
    judged_at INTEGER,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, payment_key),
    UNIQUE (tenant_id, file_id, line_no),
    FOREIGN KEY (tenant_id, file_id) REFERENCES el_qr_files (tenant_id, id),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id),
    CHECK ((state = 'booked') = (payment_id IS NOT NULL)),
    CHECK ((state = 'booked') = (proof IS NOT NULL)),
    CHECK ((state = 'referred') = (trouble IS NOT NULL)),
    CHECK ((state = 'waiting') = (judged_at IS NULL))
) STRICT;
INSERT INTO el_qr_lines (tenant_id, id, file_id, line_no, payment_key, institution_number, payment_number, confirmation_number,
        amount, paid_on, channel, state, trouble, slip_id, payment_id, proof, judged_at, recorded_at)
    SELECT tenant_id, id, file_id, line_no, payment_key, institution_number, payment_number, confirmation_number,
        amount, paid_on, channel, state, CASE WHEN trouble = 'taken_back' THEN 'withdrawn' ELSE trouble END, slip_id, payment_id, proof, judged_at, recorded_at
    FROM el_qr_lines_aside;
DROP TABLE el_qr_lines_aside;
CREATE INDEX el_qr_lines_of_payment ON el_qr_lines (tenant_id, payment_id) WHERE payment_id IS NOT NULL;
CREATE TRIGGER el_qr_lines_no_delete BEFORE DELETE ON el_qr_lines BEGIN SELECT RAISE(ABORT, 'el_qr_lines are kept'); END;
CREATE TRIGGER el_qr_lines_once_judged BEFORE UPDATE ON el_qr_lines
    WHEN (OLD.judged_at IS NOT NULL AND NOT (OLD.state = 'referred' AND NEW.state = 'booked'))
    OR NEW.payment_key IS NOT OLD.payment_key
    OR NEW.payment_number IS NOT OLD.payment_number
    OR NEW.amount IS NOT OLD.amount
    OR NEW.paid_on IS NOT OLD.paid_on
    OR NEW.file_id IS NOT OLD.file_id
BEGIN SELECT RAISE(ABORT, 'a reported payment is judged once'); END;
