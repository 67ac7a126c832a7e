-- The counter: accounts, cases, money, review and decision.
-- Ids are UUIDv7 as text, instants are microseconds since 1970-01-01T00:00:00Z, days are ISO dates, amounts are whole yen.
-- Columns named sealed_* hold AES-256-GCM ciphertext; a dump of this database shows no personal data in clear.

CREATE TABLE tenant_keys (
    tenant_id TEXT NOT NULL,
    key_no INTEGER NOT NULL,
    wrapped_key BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, key_no)
) STRICT;

CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('resident', 'business', 'officer')),
    email_index BLOB NOT NULL UNIQUE,
    wrapped_key BLOB NOT NULL,
    sealed_profile BLOB NOT NULL,
    password_hash TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    state TEXT NOT NULL CHECK (state IN ('open', 'closed', 'revoked')),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;
CREATE INDEX sessions_of_account ON sessions (account_id, state);

CREATE TABLE refresh_tokens (
    token_hash BLOB NOT NULL PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id),
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;
CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id);

CREATE TABLE sign_in_failures (
    email_index BLOB NOT NULL,
    source_index BLOB NOT NULL,
    failures INTEGER NOT NULL CHECK (failures >= 0),
    last_failed_at INTEGER NOT NULL,
    locked_until INTEGER,
    PRIMARY KEY (email_index, source_index)
) STRICT;

CREATE TABLE officers (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, account_id)
) STRICT;
CREATE INDEX officers_of_account ON officers (account_id);

CREATE TABLE officer_posts (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    officer_id TEXT NOT NULL,
    department TEXT NOT NULL,
    role TEXT NOT NULL,
    title TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    valid_to TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, officer_id) REFERENCES officers (tenant_id, id)
) STRICT;
CREATE INDEX officer_posts_of_officer ON officer_posts (tenant_id, officer_id, valid_from);

CREATE TABLE procedure_versions (
    tenant_id TEXT NOT NULL,
    procedure TEXT NOT NULL,
    version INTEGER NOT NULL,
    digest TEXT NOT NULL,
    definition TEXT NOT NULL,
    stored_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, procedure, version)
) STRICT;

CREATE TABLE applications (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    number TEXT,
    procedure TEXT NOT NULL,
    procedure_version INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('application', 'notification')),
    state TEXT NOT NULL CHECK (state IN ('draft', 'submitted', 'under_review', 'correction_requested', 'inquiry',
        'in_approval', 'decided', 'closed', 'withdrawn', 'transferred')),
    department TEXT NOT NULL,
    assignee_id TEXT,
    correction_id TEXT,
    proposal_id TEXT,
    wrapped_key BLOB NOT NULL,
    sealed_form BLOB NOT NULL,
    form_revision INTEGER NOT NULL,
    attachment_codes TEXT NOT NULL,
    arrived_at INTEGER,
    due_on TEXT,
    event_count INTEGER NOT NULL,
    event_head BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, number),
    CHECK ((number IS NULL) = (arrived_at IS NULL)),
    -- A notification is complete on arrival; nobody can decide it (R-2, R-196).
    CHECK (kind = 'application' OR state NOT IN ('correction_requested', 'in_approval', 'decided'))
) STRICT;
-- A write locks its case by the id alone; the id is unique over all tenants.
CREATE UNIQUE INDEX applications_by_id ON applications (id);
CREATE INDEX applications_queue ON applications (tenant_id, department, state, arrived_at, id);
CREATE INDEX applications_of_assignee ON applications (tenant_id, assignee_id, state);

CREATE TABLE parties (
    tenant_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('applicant', 'agent', 'payer', 'obligor', 'contact')),
    account_id TEXT,
    sealed_party BLOB NOT NULL,
    PRIMARY KEY (tenant_id, application_id, role),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
) STRICT;
CREATE INDEX parties_of_account ON parties (account_id, application_id);

CREATE TABLE arrivals (
    tenant_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    leg INTEGER NOT NULL,
    office TEXT NOT NULL,
    arrived_at INTEGER NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('online', 'counter', 'post')),
    attested_by TEXT,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, application_id, leg),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id),
    CHECK (channel = 'online' OR attested_by IS NOT NULL)
) STRICT;

CREATE TABLE form_revisions (
    tenant_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    sealed_form BLOB NOT NULL,
    replaced_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, application_id, revision),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
) STRICT;

CREATE TABLE attachments (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    code TEXT NOT NULL,
    sealed_name BLOB NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL CHECK (size >= 0),
    sealed_sha256 TEXT NOT NULL,
    object_key TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('present', 'removed')),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
) STRICT;
CREATE INDEX attachments_of_application ON attachments (tenant_id, application_id, created_at);

CREATE TABLE events (
    tenant_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    facts TEXT NOT NULL,
    sealed_detail BLOB,
    prev_hash BLOB NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (tenant_id, application_id, seq),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
) STRICT;
CREATE INDEX events_by_time ON events (tenant_id, at, application_id, seq);

CREATE TABLE invoices (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    number TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('unpaid', 'pending', 'entrusted', 'paid', 'overpaid', 'partially_refunded',
        'refunded', 'waived', 'canceled')),
    total INTEGER NOT NULL CHECK (total > 0),
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
    CHECK (state <> 'paid' OR paid_on IS NOT NULL)
) STRICT;
CREATE INDEX invoices_of_application ON invoices (tenant_id, application_id, issued_at);
CREATE INDEX invoices_of_obligor ON invoices (obligor_account_id, issued_at);

CREATE TABLE payables (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    total INTEGER NOT NULL CHECK (total > 0),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
) STRICT;

CREATE TABLE payable_invoices (
    tenant_id TEXT NOT NULL,
    payable_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    PRIMARY KEY (tenant_id, payable_id, invoice_id),
    FOREIGN KEY (tenant_id, payable_id) REFERENCES payables (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
) STRICT;
CREATE INDEX payable_invoices_of_invoice ON payable_invoices (tenant_id, invoice_id);

CREATE TABLE payments (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    payable_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    gateway TEXT NOT NULL,
    legal_role TEXT NOT NULL CHECK (legal_role IN ('designated_agent', 'collection_agent', 'direct')),
    method TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    state TEXT NOT NULL CHECK (state IN ('created', 'submitting', 'requires_action', 'awaiting_payment', 'processing',
        'authorized', 'captured', 'partially_refunded', 'refunded', 'failed', 'canceled', 'expired', 'unknown')),
    merchant_reference TEXT NOT NULL,
    gateway_session_id TEXT,
    gateway_payment_id TEXT,
    redirect_url TEXT,
    return_url TEXT,
    raw_status TEXT NOT NULL,
    authorized INTEGER NOT NULL CHECK (authorized >= 0),
    captured INTEGER NOT NULL CHECK (captured >= 0),
    refunded INTEGER NOT NULL CHECK (refunded >= 0),
    charged_back INTEGER NOT NULL CHECK (charged_back >= 0),
    captured_on TEXT,
    expires_at INTEGER,
    poll_count INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, merchant_reference),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id),
    FOREIGN KEY (tenant_id, payable_id) REFERENCES payables (tenant_id, id),
    CHECK (refunded + charged_back <= captured)
) STRICT;
-- Two attempts can never be open for one payable at once, however two requests race.
CREATE UNIQUE INDEX payments_one_live ON payments (tenant_id, payable_id)
    WHERE state IN ('created', 'submitting', 'requires_action', 'awaiting_payment', 'processing', 'authorized', 'unknown');
CREATE INDEX payments_of_invoice ON payments (tenant_id, invoice_id, created_at);

CREATE TABLE gateway_operations (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    gateway TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('create_checkout', 'cancel', 'capture', 'refund')),
    idempotency_key TEXT NOT NULL,
    sealed_request BLOB NOT NULL,
    request_sha256 TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('intent', 'done', 'declined', 'rejected', 'unknown', 'abandoned')),
    attempt_no INTEGER NOT NULL,
    lease_no INTEGER NOT NULL,
    leased_until INTEGER NOT NULL,
    key_born_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, gateway, idempotency_key),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id)
) STRICT;
CREATE INDEX gateway_operations_of_payment ON gateway_operations (tenant_id, payment_id, created_at);

CREATE TABLE gateway_notifications (
    tenant_id TEXT NOT NULL,
    gateway TEXT NOT NULL,
    delivery_key TEXT NOT NULL,
    event_id TEXT NOT NULL,
    event_kind TEXT NOT NULL,
    merchant_reference TEXT,
    sealed_body BLOB NOT NULL,
    wrapped_key BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('received', 'applied', 'ignored', 'parked')),
    received_at INTEGER NOT NULL,
    applied_at INTEGER,
    PRIMARY KEY (tenant_id, gateway, delivery_key),
    UNIQUE (tenant_id, gateway, event_id)
) STRICT;

CREATE TABLE ledger_entries (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    source_id TEXT NOT NULL,
    line_no INTEGER NOT NULL,
    debit_account TEXT NOT NULL,
    credit_account TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    fiscal_year INTEGER NOT NULL,
    booked_on TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    -- One cause is booked once, whatever is repeated.
    UNIQUE (tenant_id, kind, source_id, line_no),
    CHECK (debit_account <> credit_account)
) STRICT;
CREATE INDEX ledger_entries_of_application ON ledger_entries (tenant_id, application_id, recorded_at);

CREATE TABLE corrections (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('correction', 'inquiry')),
    state TEXT NOT NULL CHECK (state IN ('open', 'answered', 'closed')),
    sealed_items BLOB NOT NULL,
    due_on TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    answered_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
) STRICT;
CREATE INDEX corrections_of_application ON corrections (tenant_id, application_id, requested_at);

CREATE TABLE notes (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    officer_id TEXT NOT NULL,
    sealed_text BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
) STRICT;
CREATE INDEX notes_of_application ON notes (tenant_id, application_id, created_at);

CREATE TABLE proposals (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('in_approval', 'approved', 'returned', 'recalled')),
    decision TEXT NOT NULL CHECK (decision IN ('grant', 'refuse')),
    sealed_body BLOB NOT NULL,
    body_sha256 TEXT NOT NULL,
    drafter_id TEXT NOT NULL,
    current_step INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
) STRICT;
CREATE UNIQUE INDEX proposals_one_live ON proposals (tenant_id, application_id) WHERE state = 'in_approval';

CREATE TABLE approval_steps (
    tenant_id TEXT NOT NULL,
    proposal_id TEXT NOT NULL,
    step_no INTEGER NOT NULL,
    role TEXT NOT NULL,
    department TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'returned')),
    officer_id TEXT,
    officer_title TEXT,
    acted_at INTEGER,
    sealed_comment BLOB,
    PRIMARY KEY (tenant_id, proposal_id, step_no),
    FOREIGN KEY (tenant_id, proposal_id) REFERENCES proposals (tenant_id, id)
) STRICT;
CREATE INDEX approval_steps_waiting ON approval_steps (tenant_id, department, role) WHERE state = 'waiting';

CREATE TABLE decisions (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    proposal_id TEXT NOT NULL,
    decision TEXT NOT NULL CHECK (decision IN ('grant', 'refuse')),
    authority TEXT NOT NULL,
    sealed_body BLOB NOT NULL,
    body_sha256 TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    decided_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, application_id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
) STRICT;

CREATE TABLE jobs (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('ready', 'running', 'done', 'failed')),
    run_at INTEGER NOT NULL,
    lease_no INTEGER NOT NULL,
    leased_until INTEGER,
    attempts INTEGER NOT NULL,
    last_error TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, kind, subject)
) STRICT;
CREATE INDEX jobs_due ON jobs (run_at) WHERE state IN ('ready', 'running');

CREATE TABLE idempotency_keys (
    tenant_id TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    resource_kind TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, actor_id, key)
) STRICT;

CREATE TABLE access_log (
    tenant_id TEXT NOT NULL,
    node TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    operation TEXT NOT NULL,
    cases TEXT NOT NULL,
    prev_hash BLOB NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (tenant_id, node, seq)
) STRICT;

-- What has happened is never rewritten.
CREATE TRIGGER events_no_update BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events is append-only'); END;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events is append-only'); END;
CREATE TRIGGER arrivals_no_update BEFORE UPDATE ON arrivals BEGIN SELECT RAISE(ABORT, 'arrivals is append-only'); END;
CREATE TRIGGER arrivals_no_delete BEFORE DELETE ON arrivals BEGIN SELECT RAISE(ABORT, 'arrivals is append-only'); END;
CREATE TRIGGER form_revisions_no_update BEFORE UPDATE ON form_revisions BEGIN SELECT RAISE(ABORT, 'form_revisions is append-only'); END;
CREATE TRIGGER form_revisions_no_delete BEFORE DELETE ON form_revisions BEGIN SELECT RAISE(ABORT, 'form_revisions is append-only'); END;
CREATE TRIGGER ledger_entries_no_update BEFORE UPDATE ON ledger_entries BEGIN SELECT RAISE(ABORT, 'ledger_entries is append-only'); END;
CREATE TRIGGER ledger_entries_no_delete BEFORE DELETE ON ledger_entries BEGIN SELECT RAISE(ABORT, 'ledger_entries is append-only'); END;
CREATE TRIGGER access_log_no_update BEFORE UPDATE ON access_log BEGIN SELECT RAISE(ABORT, 'access_log is append-only'); END;
CREATE TRIGGER access_log_no_delete BEFORE DELETE ON access_log BEGIN SELECT RAISE(ABORT, 'access_log is append-only'); END;
CREATE TRIGGER decisions_no_update BEFORE UPDATE ON decisions BEGIN SELECT RAISE(ABORT, 'decisions is append-only'); END;
CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions BEGIN SELECT RAISE(ABORT, 'decisions is append-only'); END;
