-- Slips under one eL number (納付書, R-82): made with the notice, never changed; another amount gets another slip.
CREATE TABLE el_qr_slips (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    -- 1 for the first slip of the invoice.
    sequence_no BIGINT NOT NULL CHECK (sequence_no > 0),
    -- Text, so that zeros in front count (R-83).
    institution_number TEXT NOT NULL,
    payment_number TEXT NOT NULL,
    confirmation_number TEXT NOT NULL,
    payment_category TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    payable_until TEXT,
    -- What the code says.
    code_text TEXT NOT NULL,
    layout_version TEXT NOT NULL,
    -- The slip whose place it takes.
    replaces TEXT,
    state TEXT NOT NULL CHECK (state IN ('issued', 'uploaded', 'accepted', 'refused', 'withdrawing', 'withdrawal_refused',
        'withdrawn', 'paid')),
    withdrawal_reason TEXT,
    version BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, invoice_id, sequence_no),
    UNIQUE (tenant_id, payment_number),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
);
CREATE INDEX el_qr_slips_open ON el_qr_slips (tenant_id, id) WHERE state IN ('issued', 'uploaded', 'accepted');
CREATE TRIGGER el_qr_slips_no_delete BEFORE DELETE ON el_qr_slips FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER el_qr_slips_never_change BEFORE UPDATE ON el_qr_slips FOR EACH ROW
    WHEN (NEW.payment_number IS DISTINCT FROM OLD.payment_number
    OR NEW.institution_number IS DISTINCT FROM OLD.institution_number
    OR NEW.confirmation_number IS DISTINCT FROM OLD.confirmation_number
    OR NEW.payment_category IS DISTINCT FROM OLD.payment_category
    OR NEW.amount IS DISTINCT FROM OLD.amount
    OR NEW.payable_until IS DISTINCT FROM OLD.payable_until
    OR NEW.code_text IS DISTINCT FROM OLD.code_text
    OR NEW.invoice_id IS DISTINCT FROM OLD.invoice_id
    OR NEW.issued_at IS DISTINCT FROM OLD.issued_at)
    EXECUTE FUNCTION refuse_rewriting();

-- Files of slips for the organisation (納付書情報のアップロード), as they were made.
CREATE TABLE el_qr_uploads (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    record_count BIGINT NOT NULL CHECK (record_count > 0),
    layout_version TEXT NOT NULL,
    file_sha256 TEXT NOT NULL,
    wrapped_key BYTEA NOT NULL,
    sealed_file BYTEA NOT NULL,
    -- Nobody where it was made by the clock.
    made_by TEXT,
    made_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE TRIGGER el_qr_uploads_append_only BEFORE UPDATE OR DELETE ON el_qr_uploads FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();

-- What a file asks about each slip, and what the organisation answered: once.
CREATE TABLE el_qr_upload_records (
    tenant_id TEXT NOT NULL,
    upload_id TEXT NOT NULL,
    line_no BIGINT NOT NULL CHECK (line_no > 0),
    slip_id TEXT NOT NULL,
    operation TEXT NOT NULL CHECK (operation IN ('add', 'replace', 'withdraw')),
    outcome TEXT CHECK (outcome IN ('accepted', 'refused')),
    outcome_code TEXT,
    answered_at BIGINT,
    PRIMARY KEY (tenant_id, upload_id, line_no),
    UNIQUE (tenant_id, upload_id, slip_id),
    FOREIGN KEY (tenant_id, upload_id) REFERENCES el_qr_uploads (tenant_id, id),
    FOREIGN KEY (tenant_id, slip_id) REFERENCES el_qr_slips (tenant_id, id),
    CHECK ((outcome IS NULL) = (answered_at IS NULL))
);
CREATE TRIGGER el_qr_upload_records_no_delete BEFORE DELETE ON el_qr_upload_records FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER el_qr_upload_records_once_answered BEFORE UPDATE ON el_qr_upload_records FOR EACH ROW
    WHEN (OLD.outcome IS NOT NULL
    OR NEW.slip_id IS DISTINCT FROM OLD.slip_id
    OR NEW.operation IS DISTINCT FROM OLD.operation)
    EXECUTE FUNCTION refuse_rewriting();

-- Files that came from the organisation: reports about uploads (受付結果), and payments (納付情報).
CREATE TABLE el_qr_files (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('acceptance', 'results')),
    upload_id TEXT,
    sha256 TEXT NOT NULL,
    line_count BIGINT NOT NULL CHECK (line_count > 0),
    new_count BIGINT NOT NULL CHECK (new_count BETWEEN 0 AND line_count),
    wrapped_key BYTEA NOT NULL,
    sealed_file BYTEA NOT NULL,
    imported_by TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, upload_id) REFERENCES el_qr_uploads (tenant_id, id),
    CHECK ((kind = 'acceptance') = (upload_id IS NOT NULL))
);
-- That a slip was taken, and that it was taken back, may be said by the same bytes.
CREATE UNIQUE INDEX el_qr_files_of_upload ON el_qr_files (tenant_id, upload_id, sha256) WHERE upload_id IS NOT NULL;
CREATE UNIQUE INDEX el_qr_files_of_payments ON el_qr_files (tenant_id, sha256) WHERE upload_id IS NULL;
CREATE TRIGGER el_qr_files_append_only BEFORE UPDATE OR DELETE ON el_qr_files FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();

-- Payments as the organisation reports them: one payment is one line, in however many files it stands.
CREATE TABLE el_qr_lines (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    file_id TEXT NOT NULL,
    line_no BIGINT NOT NULL CHECK (line_no > 0),
    payment_key TEXT NOT NULL,
    institution_number TEXT,
    payment_number TEXT NOT NULL,
    confirmation_number TEXT,
    amount BIGINT NOT NULL CHECK (amount > 0),
    paid_on TEXT NOT NULL,
    channel TEXT,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'booked', 'referred')),
    trouble TEXT CHECK (trouble IN ('unknown_number', 'withdrawn', 'amount_differs', 'before_issue')),
    slip_id TEXT,
    payment_id TEXT,
    -- Who gives the payer a proof of it.
    proof TEXT CHECK (proof IN ('body', 'elsewhere')),
    judged_at BIGINT,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, payment_key),
    UNIQUE (tenant_id, file_id, line_no),
    FOREIGN KEY (tenant_id, file_id) REFERENCES el_qr_files (tenant_id, id),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id),
    CHECK ((state = 'booked') = (payment_id IS NOT NULL)),
    CHECK ((state = 'booked') = (proof IS NOT NULL)),
    CHECK ((state = 'referred') = (trouble IS NOT NULL)),
    CHECK ((state = 'waiting') = (judged_at IS NULL))
);
CREATE INDEX el_qr_lines_of_payment ON el_qr_lines (tenant_id, payment_id) WHERE payment_id IS NOT NULL;
CREATE TRIGGER el_qr_lines_no_delete BEFORE DELETE ON el_qr_lines FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER el_qr_lines_once_judged BEFORE UPDATE ON el_qr_lines FOR EACH ROW
    WHEN (OLD.judged_at IS NOT NULL
    OR NEW.payment_key IS DISTINCT FROM OLD.payment_key
    OR NEW.payment_number IS DISTINCT FROM OLD.payment_number
    OR NEW.amount IS DISTINCT FROM OLD.amount
    OR NEW.paid_on IS DISTINCT FROM OLD.paid_on
    OR NEW.file_id IS DISTINCT FROM OLD.file_id)
    EXECUTE FUNCTION refuse_rewriting();
