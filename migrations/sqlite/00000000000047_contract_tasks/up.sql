-- R-103: the signature of the other side of a contract waits for the office: a task of the department.
CREATE TABLE case_tasks_rebuilt (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('correction_missed', 'payee_missing', 'letter_to_send', 'contract_to_conclude')),
    -- What it is about: the id of the correction; of the refund and, where a bank returned it, of the file; of a letter what it tells; of a
    -- contract its id and the number of the signature.
    subject_id TEXT NOT NULL,
    due_on TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'answered', 'case_ended', 'not_needed', 'closed')),
    created_at INTEGER NOT NULL,
    ended_at INTEGER,
    ended_by TEXT,
    sealed_reason BLOB,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, kind, subject_id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id),
    CHECK ((state = 'open') = (ended_at IS NULL)),
    CHECK ((state = 'closed') = (ended_by IS NOT NULL)),
    CHECK ((state = 'closed') = (sealed_reason IS NOT NULL))
) STRICT;
INSERT INTO case_tasks_rebuilt (tenant_id, id, application_id, kind, subject_id, due_on, state, created_at, ended_at, ended_by,
        sealed_reason)
    SELECT tenant_id, id, application_id, kind, subject_id, due_on, state, created_at, ended_at, ended_by, sealed_reason
    FROM case_tasks;
DROP TABLE case_tasks;
ALTER TABLE case_tasks_rebuilt RENAME TO case_tasks;
CREATE INDEX case_tasks_of_case ON case_tasks (tenant_id, application_id, created_at);
