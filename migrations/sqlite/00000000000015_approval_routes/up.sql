-- Approval of any subject (起案の種別), routes with parallel stages and deadlines, and every act at a desk.
CREATE TABLE proposals_rebuilt (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    subject TEXT NOT NULL CHECK (subject IN ('decision', 'waiver', 'write_off')),
    state TEXT NOT NULL CHECK (state IN ('in_approval', 'approved', 'returned', 'recalled', 'superseded')),
    decision TEXT CHECK (decision IN ('grant', 'refuse')),
    -- Of the one matter (R-113), in yen; null where the subject has none.
    amount INTEGER CHECK (amount >= 0),
    weight TEXT NOT NULL CHECK (weight IN ('ordinary', 'novel', 'important', 'unusual')),
    -- The rule by which the last desk closes the route (専決); null where the deciding authority closes it.
    standing_basis TEXT,
    sealed_body BLOB NOT NULL,
    body_sha256 TEXT NOT NULL,
    drafter_id TEXT NOT NULL,
    -- The proposal that this one takes the place of (変更起案).
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
    SELECT tenant_id, id, application_id, 'decision', state, decision, NULL, 'ordinary', NULL,
        sealed_body, body_sha256, drafter_id, NULL, current_step, version, created_at FROM proposals;

CREATE TABLE approval_steps_rebuilt (
    tenant_id TEXT NOT NULL,
    proposal_id TEXT NOT NULL,
    step_no INTEGER NOT NULL,
    -- Steps of one stage lie on their desks at the same time (合議).
    stage_no INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('pass', 'consult', 'seal')),
    role TEXT NOT NULL,
    department TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'dissented', 'returned')),
    officer_id TEXT,
    officer_title TEXT,
    -- The absent officer in whose place it was sealed (代決).
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
    SELECT tenant_id, proposal_id, step_no, step_no, 'seal', role, department, state, officer_id,
        officer_title, NULL, acted_at, sealed_comment, NULL, NULL, NULL FROM approval_steps;

DROP TABLE approval_steps;
DROP TABLE proposals;
ALTER TABLE proposals_rebuilt RENAME TO proposals;
ALTER TABLE approval_steps_rebuilt RENAME TO approval_steps;
CREATE UNIQUE INDEX proposals_one_live ON proposals (tenant_id, application_id, subject) WHERE state = 'in_approval';
CREATE INDEX proposals_of_application ON proposals (tenant_id, application_id, created_at);
CREATE INDEX approval_steps_waiting ON approval_steps (tenant_id, department, role) WHERE state = 'waiting';
CREATE INDEX approval_steps_due ON approval_steps (tenant_id, due_on)
    WHERE state = 'waiting' AND overdue_told_at IS NULL;

-- Every act at a desk, also those that a return made void: never changed, never deleted (R-117).
CREATE TABLE approval_acts (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    proposal_id TEXT NOT NULL,
    step_no INTEGER NOT NULL,
    act TEXT NOT NULL CHECK (act IN ('approved', 'dissented', 'returned', 'voided', 'escalated')),
    officer_id TEXT NOT NULL,
    officer_title TEXT NOT NULL,
    acting_for TEXT,
    body_sha256 TEXT NOT NULL,
    sealed_comment BLOB,
    acted_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
) STRICT;
CREATE INDEX approval_acts_of_proposal ON approval_acts (tenant_id, proposal_id, id);

CREATE TRIGGER approval_acts_no_update BEFORE UPDATE ON approval_acts BEGIN SELECT RAISE(ABORT, 'approval_acts is append-only'); END;
CREATE TRIGGER approval_acts_no_delete BEFORE DELETE ON approval_acts BEGIN SELECT RAISE(ABORT, 'approval_acts is append-only'); END;
