-- 補正の前後 (R-10): what was there when it was asked, and what an answer changed. Nothing of it is rewritten.
ALTER TABLE corrections ADD COLUMN attachments_before TEXT;

CREATE TABLE resubmissions (
    tenant_id TEXT NOT NULL,
    correction_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    revision_before BIGINT NOT NULL,
    revision_after BIGINT NOT NULL CHECK (revision_after > revision_before),
    -- Attachments present after the answer, by their ids (JSON).
    attachments_after TEXT NOT NULL,
    department_before TEXT NOT NULL,
    department_after TEXT NOT NULL,
    due_on_before TEXT,
    due_on_after TEXT,
    -- What the case was assessed at, in yen; nothing where no fee was known.
    fee_before BIGINT,
    fee_after BIGINT,
    answered_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, correction_id),
    UNIQUE (tenant_id, application_id, revision_after),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
);

-- 補正に伴う減額調定 (R-87): how much less the corrected answers cost, line by line.
CREATE TABLE fee_lowerings (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    correction_id TEXT NOT NULL,
    -- How much less each line is assessed at (JSON).
    lowered TEXT NOT NULL,
    -- What of it was still owed and was taken off (JSON); the rest had been waived or was going back already.
    lines TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount >= 0),
    owed BIGINT NOT NULL CHECK (owed >= 0),
    lowered_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, correction_id, invoice_id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
);
CREATE INDEX fee_lowerings_of_invoice ON fee_lowerings (tenant_id, invoice_id, lowered_at);

-- 処理課題: what somebody of the office has to look at because a day went by (R-11). A task decides nothing.
CREATE TABLE case_tasks (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('correction_missed')),
    -- What it is about: the id of the correction.
    subject_id TEXT NOT NULL,
    due_on TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'answered', 'case_ended', 'closed')),
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    ended_by TEXT,
    sealed_reason BYTEA,
    PRIMARY KEY (tenant_id, id),
    -- However often and late it is noticed, one task comes of it.
    UNIQUE (tenant_id, kind, subject_id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id),
    CHECK ((state = 'open') = (ended_at IS NULL)),
    CHECK ((state = 'closed') = (ended_by IS NOT NULL)),
    CHECK ((state = 'closed') = (sealed_reason IS NOT NULL))
);
CREATE INDEX case_tasks_of_case ON case_tasks (tenant_id, application_id, created_at);
CREATE INDEX corrections_open ON corrections (tenant_id, due_on, id) WHERE state = 'open';

-- 遅延理由 (R-19): why a decision takes longer than the period, and by when it is expected. Nothing of it is rewritten.
CREATE TABLE delay_reasons (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    sealed_reason BYTEA NOT NULL,
    -- The end of the period when it was recorded.
    due_on TEXT NOT NULL,
    expected_on TEXT NOT NULL,
    recorded_by TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id),
    CHECK (expected_on > due_on)
);
CREATE INDEX delay_reasons_of_case ON delay_reasons (tenant_id, application_id, recorded_at);

-- 期限超過の報告 (R-19): each level of it is told once a case.
CREATE TABLE escalations (
    tenant_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    level TEXT NOT NULL,
    due_on TEXT NOT NULL,
    -- Who was told, by their ids (JSON).
    told TEXT NOT NULL,
    escalated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, application_id, level),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
);
CREATE INDEX applications_under_clock ON applications (tenant_id, due_on, id)
    WHERE state IN ('submitted', 'under_review', 'in_approval');

-- 審査のチェックリスト: what officers marked of the items that the procedure defines. Each mark stays; the last one of an item counts.
CREATE TABLE checklist_marks (
    tenant_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    mark_no BIGINT NOT NULL CHECK (mark_no > 0),
    item TEXT NOT NULL,
    result TEXT NOT NULL CHECK (result IN ('met', 'not_met', 'not_applicable', 'open')),
    sealed_comment BYTEA,
    -- The version of the answers that was looked at.
    form_revision BIGINT NOT NULL,
    officer_id TEXT NOT NULL,
    marked_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, application_id, mark_no),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
);

CREATE TRIGGER resubmissions_append_only BEFORE UPDATE OR DELETE ON resubmissions FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER fee_lowerings_append_only BEFORE UPDATE OR DELETE ON fee_lowerings FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER delay_reasons_append_only BEFORE UPDATE OR DELETE ON delay_reasons FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER escalations_append_only BEFORE UPDATE OR DELETE ON escalations FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER checklist_marks_append_only BEFORE UPDATE OR DELETE ON checklist_marks FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
