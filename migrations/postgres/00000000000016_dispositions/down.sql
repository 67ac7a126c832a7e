-- Proposals about corrections and orders have no place in the tables before.
CREATE TABLE proposals_rebuilt (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    subject TEXT NOT NULL CHECK (subject IN ('decision', 'waiver', 'write_off')),
    state TEXT NOT NULL CHECK (state IN ('in_approval', 'approved', 'returned', 'recalled', 'superseded')),
    decision TEXT CHECK (decision IN ('grant', 'refuse')),
    amount BIGINT CHECK (amount >= 0),
    weight TEXT NOT NULL CHECK (weight IN ('ordinary', 'novel', 'important', 'unusual')),
    standing_basis TEXT,
    sealed_body BYTEA NOT NULL,
    body_sha256 TEXT NOT NULL,
    drafter_id TEXT NOT NULL,
    predecessor_id TEXT,
    current_stage BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id),
    CHECK ((subject = 'decision') = (decision IS NOT NULL))
);
INSERT INTO proposals_rebuilt (tenant_id, id, application_id, subject, state, decision, amount, weight, standing_basis,
        sealed_body, body_sha256, drafter_id, predecessor_id, current_stage, version, created_at)
    SELECT tenant_id, id, application_id, subject, state, decision, amount, weight, standing_basis,
        sealed_body, body_sha256, drafter_id, predecessor_id, current_stage, version, created_at FROM proposals
    WHERE subject NOT IN ('correction', 'permit_order');

CREATE TABLE approval_steps_rebuilt (
    tenant_id TEXT NOT NULL,
    proposal_id TEXT NOT NULL,
    step_no BIGINT NOT NULL,
    stage_no BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('pass', 'consult', 'seal')),
    role TEXT NOT NULL,
    department TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'dissented', 'returned')),
    officer_id TEXT,
    officer_title TEXT,
    acting_for TEXT,
    acted_at BIGINT,
    sealed_comment BYTEA,
    deadline_days BIGINT CHECK (deadline_days > 0),
    due_on TEXT,
    overdue_told_at BIGINT,
    PRIMARY KEY (tenant_id, proposal_id, step_no),
    FOREIGN KEY (tenant_id, proposal_id) REFERENCES proposals_rebuilt (tenant_id, id),
    CHECK (acting_for IS NULL OR acting_for <> officer_id)
);
INSERT INTO approval_steps_rebuilt (tenant_id, proposal_id, step_no, stage_no, kind, role, department, state, officer_id,
        officer_title, acting_for, acted_at, sealed_comment, deadline_days, due_on, overdue_told_at)
    SELECT tenant_id, proposal_id, step_no, stage_no, kind, role, department, state, officer_id,
        officer_title, acting_for, acted_at, sealed_comment, deadline_days, due_on, overdue_told_at FROM approval_steps
    WHERE proposal_id IN (SELECT id FROM proposals_rebuilt);

DROP TABLE approval_steps;
DROP TABLE proposals;
ALTER TABLE proposals_rebuilt RENAME TO proposals;
ALTER TABLE approval_steps_rebuilt RENAME TO approval_steps;
CREATE UNIQUE INDEX proposals_one_live ON proposals (tenant_id, application_id, subject) WHERE state = 'in_approval';
CREATE INDEX proposals_of_application ON proposals (tenant_id, application_id, created_at);
CREATE INDEX approval_steps_waiting ON approval_steps (tenant_id, department, role) WHERE state = 'waiting';
CREATE INDEX approval_steps_due ON approval_steps (tenant_id, due_on)
    WHERE state = 'waiting' AND overdue_told_at IS NULL;
DROP TABLE permit_orders;
DROP TABLE decision_versions;
DROP TABLE permit_renewals;
DROP TABLE permit_events;
DROP TABLE permits;
DROP TABLE document_numbers;
DROP TABLE document_counters;
DROP TABLE dispositions;
