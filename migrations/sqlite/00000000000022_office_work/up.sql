-- Messages between the applicant's side and the office, never changed: what each says is sealed with the case's key.
CREATE TABLE messages (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('applicant', 'office')),
    kind TEXT NOT NULL CHECK (kind IN ('message', 'guidance_to_withdraw', 'oral_guidance')),
    -- The account of the applicant's side, the officer of the office.
    author_id TEXT NOT NULL,
    sealed_text BLOB NOT NULL,
    attachments TEXT NOT NULL,
    written_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id),
    -- The applicant gives no guidance.
    CHECK (kind = 'message' OR side = 'office')
) STRICT;
CREATE INDEX messages_of_application ON messages (tenant_id, application_id, id);

-- Who of the other side read a message first, and when; once.
CREATE TABLE message_reads (
    tenant_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    reader_id TEXT NOT NULL,
    read_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, message_id),
    FOREIGN KEY (tenant_id, message_id) REFERENCES messages (tenant_id, id)
) STRICT;

-- The applicant has stated not to follow guidance (R-12): once for a case, and never taken back by the office.
CREATE TABLE guidance_refusals (
    tenant_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    recorded_side TEXT NOT NULL CHECK (recorded_side IN ('applicant', 'office')),
    recorded_by TEXT NOT NULL,
    sealed_statement BLOB,
    stated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, application_id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
) STRICT;

-- What another office is asked about a case (意見照会・合議): answered once, or recalled.
CREATE TABLE opinions (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    department TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'given', 'recalled')),
    sealed_question BLOB NOT NULL,
    due_on TEXT NOT NULL,
    asking_department TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    overdue_at INTEGER,
    stance TEXT CHECK (stance IN ('agree', 'agree_with_conditions', 'object', 'no_opinion')),
    sealed_answer BLOB,
    ended_by TEXT,
    ended_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id),
    CHECK ((state = 'open') = (ended_at IS NULL)),
    CHECK ((state = 'given') = (stance IS NOT NULL)),
    CHECK ((stance IS NULL) = (sealed_answer IS NULL))
) STRICT;
CREATE INDEX opinions_of_application ON opinions (tenant_id, application_id, id);
CREATE INDEX opinions_of_department ON opinions (tenant_id, department, state, id);
-- An office is asked one thing at a time about a case.
CREATE UNIQUE INDEX opinions_one_open ON opinions (tenant_id, application_id, department) WHERE state = 'open';

-- Inspections (現地調査): where each stands now; place, purpose and findings are sealed with the case's key.
CREATE TABLE inspections (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('planned', 'carried_out', 'canceled')),
    planned_at INTEGER NOT NULL,
    officers TEXT NOT NULL,
    sealed_plan BLOB NOT NULL,
    result TEXT CHECK (result IN ('passed', 'failed', 'conditions', 'could_not_be_carried_out')),
    carried_out_on TEXT,
    sealed_findings BLOB,
    released_at INTEGER,
    version INTEGER NOT NULL CHECK (version > 0),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id),
    CHECK ((state = 'carried_out') = (result IS NOT NULL)),
    CHECK ((result IS NULL) = (carried_out_on IS NULL)),
    CHECK ((result IS NULL) = (sealed_findings IS NULL)),
    CHECK (released_at IS NULL OR state = 'carried_out')
) STRICT;
CREATE INDEX inspections_of_application ON inspections (tenant_id, application_id, id);

-- Every step of an inspection, never changed, never deleted.
CREATE TABLE inspection_acts (
    tenant_id TEXT NOT NULL,
    inspection_id TEXT NOT NULL,
    act_no INTEGER NOT NULL CHECK (act_no > 0),
    act TEXT NOT NULL CHECK (act IN ('planned', 'rescheduled', 'carried_out', 'canceled', 'released')),
    -- For when it was planned after this step.
    planned_at INTEGER NOT NULL,
    -- Why it was moved or called off: sealed with the case's key.
    sealed_reason BLOB,
    officer_id TEXT NOT NULL,
    acted_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, inspection_id, act_no),
    FOREIGN KEY (tenant_id, inspection_id) REFERENCES inspections (tenant_id, id)
) STRICT;

-- Two cases of one body that have to do with each other (関連案件); a link is ended, never erased.
CREATE TABLE case_links (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    other_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('same_matter', 'precedes', 'renewal_of', 'objection_to', 'duplicate_of')),
    sealed_reason BLOB NOT NULL,
    linked_by TEXT NOT NULL,
    linked_at INTEGER NOT NULL,
    sealed_end_reason BLOB,
    ended_by TEXT,
    ended_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id),
    FOREIGN KEY (tenant_id, other_id) REFERENCES applications (tenant_id, id),
    CHECK (application_id <> other_id),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL)),
    CHECK ((ended_at IS NULL) = (sealed_end_reason IS NULL))
) STRICT;
CREATE INDEX case_links_of_other ON case_links (tenant_id, other_id, id);
CREATE UNIQUE INDEX case_links_once ON case_links (tenant_id, application_id, other_id, kind) WHERE ended_at IS NULL;

CREATE TRIGGER messages_no_update BEFORE UPDATE ON messages BEGIN SELECT RAISE(ABORT, 'messages is append-only'); END;
CREATE TRIGGER messages_no_delete BEFORE DELETE ON messages BEGIN SELECT RAISE(ABORT, 'messages is append-only'); END;
CREATE TRIGGER message_reads_no_update BEFORE UPDATE ON message_reads BEGIN SELECT RAISE(ABORT, 'message_reads is append-only'); END;
CREATE TRIGGER message_reads_no_delete BEFORE DELETE ON message_reads BEGIN SELECT RAISE(ABORT, 'message_reads is append-only'); END;
CREATE TRIGGER guidance_refusals_no_update BEFORE UPDATE ON guidance_refusals BEGIN SELECT RAISE(ABORT, 'guidance_refusals is append-only'); END;
CREATE TRIGGER guidance_refusals_no_delete BEFORE DELETE ON guidance_refusals BEGIN SELECT RAISE(ABORT, 'guidance_refusals is append-only'); END;
CREATE TRIGGER opinions_no_delete BEFORE DELETE ON opinions BEGIN SELECT RAISE(ABORT, 'opinions are kept'); END;
CREATE TRIGGER opinions_end_once BEFORE UPDATE ON opinions WHEN OLD.state <> 'open' BEGIN SELECT RAISE(ABORT, 'opinions end once'); END;
CREATE TRIGGER inspection_acts_no_update BEFORE UPDATE ON inspection_acts BEGIN SELECT RAISE(ABORT, 'inspection_acts is append-only'); END;
CREATE TRIGGER inspection_acts_no_delete BEFORE DELETE ON inspection_acts BEGIN SELECT RAISE(ABORT, 'inspection_acts is append-only'); END;
CREATE TRIGGER inspections_no_delete BEFORE DELETE ON inspections BEGIN SELECT RAISE(ABORT, 'inspections are kept'); END;
CREATE TRIGGER case_links_no_delete BEFORE DELETE ON case_links BEGIN SELECT RAISE(ABORT, 'case_links are kept'); END;
CREATE TRIGGER case_links_end_once BEFORE UPDATE ON case_links WHEN OLD.ended_at IS NOT NULL BEGIN SELECT RAISE(ABORT, 'case_links end once'); END;
