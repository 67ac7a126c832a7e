-- Proposals of other subjects than decisions have no place in the tables before; a dissent stands there as a seal.
DROP TABLE approval_acts;
CREATE TABLE proposals_before (
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
INSERT INTO proposals_before (tenant_id, id, application_id, state, decision, sealed_body, body_sha256, drafter_id,
        current_step, version, created_at)
    SELECT tenant_id, id, application_id, CASE WHEN state = 'superseded' THEN 'recalled' ELSE state END, decision,
        sealed_body, body_sha256, drafter_id, current_stage, version, created_at
        FROM proposals WHERE subject = 'decision';
CREATE TABLE approval_steps_before (
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
    FOREIGN KEY (tenant_id, proposal_id) REFERENCES proposals_before (tenant_id, id)
) STRICT;
INSERT INTO approval_steps_before (tenant_id, proposal_id, step_no, role, department, state, officer_id, officer_title,
        acted_at, sealed_comment)
    SELECT s.tenant_id, s.proposal_id, s.step_no, s.role, s.department,
        CASE WHEN s.state = 'dissented' THEN 'approved' ELSE s.state END, s.officer_id, s.officer_title, s.acted_at,
        s.sealed_comment
        FROM approval_steps s JOIN proposals_before p ON p.tenant_id = s.tenant_id AND p.id = s.proposal_id;
DROP TABLE approval_steps;
DROP TABLE proposals;
ALTER TABLE proposals_before RENAME TO proposals;
ALTER TABLE approval_steps_before RENAME TO approval_steps;
CREATE UNIQUE INDEX proposals_one_live ON proposals (tenant_id, application_id) WHERE state = 'in_approval';
CREATE INDEX approval_steps_waiting ON approval_steps (tenant_id, department, role) WHERE state = 'waiting';
