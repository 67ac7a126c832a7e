-- 収納取消 (R-82, R-87): what the organisation takes back of what it had reported.
ALTER TABLE el_qr_lines DROP CONSTRAINT el_qr_lines_trouble_check;
ALTER TABLE el_qr_lines ADD CONSTRAINT el_qr_lines_trouble_check
    CHECK (trouble IN ('unknown_number', 'withdrawn', 'amount_differs', 'before_issue', 'taken_back'));

-- What the organisation took back: once a payment, in however many files it stands, also before the payment itself was reported.
CREATE TABLE el_qr_cancellations (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    file_id TEXT NOT NULL,
    line_no BIGINT NOT NULL CHECK (line_no > 0),
    payment_key TEXT NOT NULL,
    payment_number TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    -- The day that the line states.
    stated_on TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, payment_key),
    UNIQUE (tenant_id, file_id, line_no),
    FOREIGN KEY (tenant_id, file_id) REFERENCES el_qr_files (tenant_id, id)
);
CREATE TRIGGER el_qr_cancellations_append_only BEFORE UPDATE OR DELETE ON el_qr_cancellations FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
