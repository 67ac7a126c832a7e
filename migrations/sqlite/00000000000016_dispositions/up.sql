-- What is issued with a decision (処分の施行, R-120 to R-122, R-32): its number, its instruction on appeals, its term. All of it is
-- fixed in the transaction of the decision and never changes.
CREATE TABLE dispositions (
    tenant_id TEXT NOT NULL,
    decision_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('grant', 'conditional_grant', 'partial_refusal', 'refuse')),
    document_number TEXT NOT NULL,
    authority_en TEXT NOT NULL,
    sealer_title TEXT NOT NULL,
    -- 教示 (JSON).
    instruction TEXT NOT NULL,
    issued_on TEXT NOT NULL,
    valid_from TEXT,
    valid_to TEXT,
    PRIMARY KEY (tenant_id, decision_id),
    UNIQUE (tenant_id, application_id),
    FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions (tenant_id, id),
    CHECK (valid_from IS NULL OR valid_to IS NULL OR valid_from <= valid_to)
) STRICT;

-- How far each sequence of document numbers is counted (R-120). The row is locked last in its transaction.
CREATE TABLE document_counters (
    tenant_id TEXT NOT NULL,
    series TEXT NOT NULL,
    year INTEGER NOT NULL,
    last_number INTEGER NOT NULL CHECK (last_number >= 0),
    PRIMARY KEY (tenant_id, series, year)
) STRICT;

-- The numbers that stand on documents.
CREATE TABLE document_numbers (
    tenant_id TEXT NOT NULL,
    series TEXT NOT NULL,
    year INTEGER NOT NULL,
    number INTEGER NOT NULL CHECK (number > 0),
    document_number TEXT NOT NULL,
    decision_id TEXT NOT NULL,
    assigned_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, series, year, number)
) STRICT;
CREATE UNIQUE INDEX document_numbers_of_decision ON document_numbers (tenant_id, decision_id);

-- Permits (許可・登録): what a grant gave. What happens to one is appended to permit_events.
CREATE TABLE permits (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    decision_id TEXT NOT NULL,
    procedure TEXT NOT NULL,
    procedure_version INTEGER NOT NULL,
    department TEXT NOT NULL,
    holder_id TEXT,
    document_number TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    valid_to TEXT,
    -- The permit whose place it takes.
    renews_id TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, application_id),
    FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions (tenant_id, id),
    CHECK (valid_to IS NULL OR valid_from <= valid_to)
) STRICT;
CREATE INDEX permits_of_department ON permits (tenant_id, department, id);
CREATE INDEX permits_of_holder ON permits (holder_id, id);

CREATE TABLE permit_events (
    tenant_id TEXT NOT NULL,
    permit_id TEXT NOT NULL,
    -- Counted from 1: of two that race for a place, one begins anew.
    seq INTEGER NOT NULL,
    happening TEXT NOT NULL CHECK (happening IN ('issued', 'suspended', 'resumed', 'revoked', 'superseded', 'expired')),
    effective_on TEXT NOT NULL,
    -- The decision or the permit behind it, where there is one.
    cause_id TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, permit_id, seq),
    FOREIGN KEY (tenant_id, permit_id) REFERENCES permits (tenant_id, id)
) STRICT;
CREATE UNIQUE INDEX permit_events_end ON permit_events (tenant_id, permit_id, happening)
    WHERE happening IN ('issued', 'revoked', 'superseded', 'expired');

-- Applications that were opened to renew a permit.
CREATE TABLE permit_renewals (
    tenant_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    permit_id TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, application_id),
    FOREIGN KEY (tenant_id, permit_id) REFERENCES permits (tenant_id, id)
) STRICT;
CREATE INDEX permit_renewals_of_permit ON permit_renewals (tenant_id, permit_id);

-- Corrections of issued decisions (更正): version 1 is the decision itself.
CREATE TABLE decision_versions (
    tenant_id TEXT NOT NULL,
    decision_id TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 1),
    application_id TEXT NOT NULL,
    proposal_id TEXT NOT NULL,
    sealer_title TEXT NOT NULL,
    sealed_body BLOB NOT NULL,
    body_sha256 TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    decided_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, decision_id, version),
    FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions (tenant_id, id)
) STRICT;

-- Orders about permits (取消し・効力の停止, R-29): dispositions of their own, with number and instruction.
CREATE TABLE permit_orders (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    permit_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    proposal_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('revocation', 'suspension', 'resumption')),
    document_number TEXT NOT NULL,
    authority TEXT NOT NULL,
    authority_en TEXT NOT NULL,
    sealer_title TEXT NOT NULL,
    instruction TEXT NOT NULL,
    sealed_body BLOB NOT NULL,
    body_sha256 TEXT NOT NULL,
    issued_on TEXT NOT NULL,
    effective_on TEXT NOT NULL,
    until TEXT,
    decided_by TEXT NOT NULL,
    decided_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, permit_id) REFERENCES permits (tenant_id, id),
    CHECK (until IS NULL OR effective_on <= until)
) STRICT;
CREATE INDEX permit_orders_of_permit ON permit_orders (tenant_id, permit_id, decided_at);

-- Proposals about them go the same routes.
CREATE TABLE proposals_rebuilt (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    subject TEXT NOT NULL CHECK (subject IN ('decision', 'waiver', 'write_off', 'correction', 'permit_order')),
    state TEXT NOT NULL CHECK (state IN ('in_approval', 'approved', 'returned', 'recalled', 'superseded')),
    decision TEXT CHECK (decision IN ('grant', 'refuse')),
    amount INTEGER CHECK (amount >= 0),
    weight TEXT NOT NULL CHECK (weight IN ('ordinary', 'novel', 'important', 'unusual')),
    standing_basis TEXT,
    sealed_body BLOB NOT NULL,
    body_sha256 TEXT NOT NULL,
    drafter_id TEXT NOT NULL,
    predecessor_id TEXT,
    current_stage INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id),
    CHECK ((subject = 'decision') = (decision IS NOT NULL))
) STRICT;
INSERT INTO proposals_rebuilt (tenant_id, id, application_id, subject, state, decision, amount, weight, standing_basis,
        sealed_body, body_sha256, drafter_id, predecessor_id, current_stage, version, created_at)
    SELECT tenant_id, id, application_id, subject, state, decision, amount, weight, standing_basis,
        sealed_body, body_sha256, drafter_id, predecessor_id, current_stage, version, created_at FROM proposals;

CREATE TABLE approval_steps_rebuilt (
    tenant_id TEXT NOT NULL,
    proposal_id TEXT NOT NULL,
    step_no INTEGER NOT NULL,
    stage_no INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('pass', 'consult', 'seal')),
    role TEXT NOT NULL,
    department TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'dissented', 'returned')),
    officer_id TEXT,
    officer_title TEXT,
    acting_for TEXT,
    acted_at INTEGER,
    sealed_comment BLOB,
    deadline_days INTEGER CHECK (deadline_days > 0),
    due_on TEXT,
    overdue_told_at INTEGER,
    PRIMARY KEY (tenant_id, proposal_id, step_no),
    FOREIGN KEY (tenant_id, proposal_id) REFERENCES proposals_rebuilt (tenant_id, id),
    CHECK (acting_for IS NULL OR acting_for <> officer_id)
) STRICT;
INSERT INTO approval_steps_rebuilt (tenant_id, proposal_id, step_no, stage_no, kind, role, department, state, officer_id,
        officer_title, acting_for, acted_at, sealed_comment, deadline_days, due_on, overdue_told_at)
    SELECT tenant_id, proposal_id, step_no, stage_no, kind, role, department, state, officer_id,
        officer_title, acting_for, acted_at, sealed_comment, deadline_days, due_on, overdue_told_at FROM approval_steps;

DROP TABLE approval_steps;
DROP TABLE proposals;
ALTER TABLE proposals_rebuilt RENAME TO proposals;
ALTER TABLE approval_steps_rebuilt RENAME TO approval_steps;
CREATE UNIQUE INDEX proposals_one_live ON proposals (tenant_id, application_id, subject) WHERE state = 'in_approval';
CREATE INDEX proposals_of_application ON proposals (tenant_id, application_id, created_at);
CREATE INDEX approval_steps_waiting ON approval_steps (tenant_id, department, role) WHERE state = 'waiting';
CREATE INDEX approval_steps_due ON approval_steps (tenant_id, due_on)
    WHERE state = 'waiting' AND overdue_told_at IS NULL;

CREATE TRIGGER dispositions_no_update BEFORE UPDATE ON dispositions BEGIN SELECT RAISE(ABORT, 'dispositions is append-only'); END;
CREATE TRIGGER dispositions_no_delete BEFORE DELETE ON dispositions BEGIN SELECT RAISE(ABORT, 'dispositions is append-only'); END;
CREATE TRIGGER document_numbers_no_update BEFORE UPDATE ON document_numbers BEGIN SELECT RAISE(ABORT, 'document_numbers is append-only'); END;
CREATE TRIGGER document_numbers_no_delete BEFORE DELETE ON document_numbers BEGIN SELECT RAISE(ABORT, 'document_numbers is append-only'); END;
CREATE TRIGGER permits_no_update BEFORE UPDATE ON permits BEGIN SELECT RAISE(ABORT, 'permits is append-only'); END;
CREATE TRIGGER permits_no_delete BEFORE DELETE ON permits BEGIN SELECT RAISE(ABORT, 'permits is append-only'); END;
CREATE TRIGGER permit_events_no_update BEFORE UPDATE ON permit_events BEGIN SELECT RAISE(ABORT, 'permit_events is append-only'); END;
CREATE TRIGGER permit_events_no_delete BEFORE DELETE ON permit_events BEGIN SELECT RAISE(ABORT, 'permit_events is append-only'); END;
CREATE TRIGGER permit_renewals_no_update BEFORE UPDATE ON permit_renewals BEGIN SELECT RAISE(ABORT, 'permit_renewals is append-only'); END;
CREATE TRIGGER permit_renewals_no_delete BEFORE DELETE ON permit_renewals BEGIN SELECT RAISE(ABORT, 'permit_renewals is append-only'); END;
CREATE TRIGGER decision_versions_no_update BEFORE UPDATE ON decision_versions BEGIN SELECT RAISE(ABORT, 'decision_versions is append-only'); END;
CREATE TRIGGER decision_versions_no_delete BEFORE DELETE ON decision_versions BEGIN SELECT RAISE(ABORT, 'decision_versions is append-only'); END;
CREATE TRIGGER permit_orders_no_update BEFORE UPDATE ON permit_orders BEGIN SELECT RAISE(ABORT, 'permit_orders is append-only'); END;
CREATE TRIGGER permit_orders_no_delete BEFORE DELETE ON permit_orders BEGIN SELECT RAISE(ABORT, 'permit_orders is append-only'); END;
