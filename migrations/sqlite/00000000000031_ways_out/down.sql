-- The table before knows no step that is not needed; such a step lies behind the stage of its proposal, or is asked again.
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
    FOREIGN KEY (tenant_id, proposal_id) REFERENCES proposals (tenant_id, id),
    CHECK (acting_for IS NULL OR acting_for <> officer_id)
) STRICT;
INSERT INTO approval_steps_rebuilt (tenant_id, proposal_id, step_no, stage_no, kind, role, department, state, officer_id,
        officer_title, acting_for, acted_at, sealed_comment, deadline_days, due_on, overdue_told_at)
    SELECT tenant_id, proposal_id, step_no, stage_no, kind, role, department,
        CASE state WHEN 'not_needed' THEN 'waiting' ELSE state END, officer_id,
        officer_title, acting_for, acted_at, sealed_comment, deadline_days, due_on, overdue_told_at FROM approval_steps;
DROP TABLE approval_steps;
ALTER TABLE approval_steps_rebuilt RENAME TO approval_steps;
CREATE INDEX approval_steps_waiting ON approval_steps (tenant_id, department, role) WHERE state = 'waiting';
CREATE INDEX approval_steps_due ON approval_steps (tenant_id, due_on)
    WHERE state = 'waiting' AND overdue_told_at IS NULL;
ALTER TABLE approval_acts DROP COLUMN matter_sha256;
ALTER TABLE corrections DROP COLUMN sealed_end_reason;
ALTER TABLE corrections DROP COLUMN ended_by;
ALTER TABLE corrections DROP COLUMN ended_at;
