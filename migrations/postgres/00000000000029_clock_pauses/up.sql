-- 標準処理期間の停止 (R-18) that the office records: the applicant changes the content, further documents are awaited, or the papers are
-- at the office they pass through. Nothing of it is rewritten; its end is a row of its own.
CREATE TABLE clock_pauses (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    reason TEXT NOT NULL CHECK (reason IN ('applicant_change', 'extra_documents', 'in_transit')),
    -- The last day that still counts.
    asked_on TEXT NOT NULL,
    -- What is awaited, in words for the applicant.
    sealed_note BYTEA NOT NULL,
    recorded_by TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
);
CREATE INDEX clock_pauses_of_case ON clock_pauses (tenant_id, application_id, recorded_at);

CREATE TABLE clock_pause_ends (
    tenant_id TEXT NOT NULL,
    pause_id TEXT NOT NULL,
    -- The last day of the pause; the clock runs again the day after.
    ended_on TEXT NOT NULL,
    -- The officer who recorded it, or the correction with whose answer it ended.
    ended_by TEXT,
    correction_id TEXT,
    ended_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, pause_id),
    FOREIGN KEY (tenant_id, pause_id) REFERENCES clock_pauses (tenant_id, id),
    CHECK ((ended_by IS NULL) <> (correction_id IS NULL))
);

CREATE TRIGGER clock_pauses_append_only BEFORE UPDATE OR DELETE ON clock_pauses FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER clock_pause_ends_append_only BEFORE UPDATE OR DELETE ON clock_pause_ends FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
