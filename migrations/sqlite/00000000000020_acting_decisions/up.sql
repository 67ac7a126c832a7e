-- 代決: what was done at a desk in the place of an absent officer, with the absence that allowed it; one row beside its act.
CREATE TABLE acting_decisions (
    tenant_id TEXT NOT NULL,
    -- The act of the same id in approval_acts.
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    proposal_id TEXT NOT NULL,
    step_no INTEGER NOT NULL,
    role TEXT NOT NULL,
    department TEXT NOT NULL,
    act TEXT NOT NULL CHECK (act IN ('approved', 'dissented', 'returned')),
    absence_id TEXT NOT NULL,
    officer_id TEXT NOT NULL,
    officer_title TEXT NOT NULL,
    absent_id TEXT NOT NULL,
    absent_title TEXT NOT NULL,
    drafter_id TEXT NOT NULL,
    -- The instruction given beforehand (R-115), where there was one.
    instruction_id TEXT,
    body_sha256 TEXT NOT NULL,
    acted_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, id) REFERENCES approval_acts (tenant_id, id),
    FOREIGN KEY (tenant_id, absence_id) REFERENCES absences (tenant_id, id),
    CHECK (officer_id <> absent_id),
    CHECK (officer_id <> drafter_id AND absent_id <> drafter_id)
) STRICT;
CREATE INDEX acting_decisions_of_proposal ON acting_decisions (tenant_id, proposal_id, id);
CREATE INDEX acting_decisions_of_absent ON acting_decisions (tenant_id, absent_id, id);
CREATE INDEX acting_decisions_at_desk ON acting_decisions (tenant_id, department, role, id);

-- 後閲: the look afterwards at what was done in one's place, once; nothing is undone by it.
CREATE TABLE post_reviews (
    tenant_id TEXT NOT NULL,
    acting_decision_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    reviewer_id TEXT NOT NULL,
    reviewer_title TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('agreed', 'objected')),
    sealed_comment BLOB,
    reviewed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, acting_decision_id),
    FOREIGN KEY (tenant_id, acting_decision_id) REFERENCES acting_decisions (tenant_id, id),
    CHECK (verdict = 'agreed' OR sealed_comment IS NOT NULL)
) STRICT;

-- What an officer says beforehand to whoever will act in the own place (あらかじめの指示), about exactly this text.
CREATE TABLE acting_instructions (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    proposal_id TEXT NOT NULL,
    step_no INTEGER NOT NULL,
    officer_id TEXT NOT NULL,
    officer_title TEXT NOT NULL,
    body_sha256 TEXT NOT NULL,
    sealed_text BLOB NOT NULL,
    given_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, proposal_id) REFERENCES proposals (tenant_id, id)
) STRICT;
CREATE INDEX acting_instructions_of_proposal ON acting_instructions (tenant_id, proposal_id, officer_id, id);
-- Many seals at once (一括決裁) and what became of each.
CREATE TABLE bulk_approvals (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    officer_id TEXT NOT NULL,
    items TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, officer_id) REFERENCES officers (tenant_id, id)
) STRICT;

-- What a seal saw that would be issued, beside the text alone.
ALTER TABLE approval_acts ADD COLUMN content_sha256 TEXT;
-- The event in the case's chain that tells of the act.
ALTER TABLE approval_acts ADD COLUMN event_seq INTEGER;
-- Who sits at a desk today.
CREATE INDEX officer_posts_at_desk ON officer_posts (tenant_id, department, role, valid_from);

CREATE TRIGGER acting_decisions_no_update BEFORE UPDATE ON acting_decisions BEGIN SELECT RAISE(ABORT, 'acting_decisions is append-only'); END;
CREATE TRIGGER acting_decisions_no_delete BEFORE DELETE ON acting_decisions BEGIN SELECT RAISE(ABORT, 'acting_decisions is append-only'); END;
CREATE TRIGGER post_reviews_no_update BEFORE UPDATE ON post_reviews BEGIN SELECT RAISE(ABORT, 'post_reviews is append-only'); END;
CREATE TRIGGER post_reviews_no_delete BEFORE DELETE ON post_reviews BEGIN SELECT RAISE(ABORT, 'post_reviews is append-only'); END;
CREATE TRIGGER acting_instructions_no_update BEFORE UPDATE ON acting_instructions BEGIN SELECT RAISE(ABORT, 'acting_instructions is append-only'); END;
CREATE TRIGGER acting_instructions_no_delete BEFORE DELETE ON acting_instructions BEGIN SELECT RAISE(ABORT, 'acting_instructions is append-only'); END;
CREATE TRIGGER bulk_approvals_no_update BEFORE UPDATE ON bulk_approvals BEGIN SELECT RAISE(ABORT, 'bulk_approvals is append-only'); END;
CREATE TRIGGER bulk_approvals_no_delete BEFORE DELETE ON bulk_approvals BEGIN SELECT RAISE(ABORT, 'bulk_approvals is append-only'); END;
