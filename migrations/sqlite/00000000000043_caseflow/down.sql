CREATE TEMPORARY TABLE escalations_aside AS SELECT * FROM escalations;
DROP TABLE escalations;
CREATE TABLE escalations (
    tenant_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    level TEXT NOT NULL,
    due_on TEXT NOT NULL,
    -- Who was told, by their ids (JSON).
    told TEXT NOT NULL,
    escalated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, application_id, level),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
) STRICT;
-- Of a level that was told for several due dates the first stays.
INSERT INTO escalations (tenant_id, application_id, level, due_on, told, escalated_at)
    SELECT tenant_id, application_id, level, due_on, told, escalated_at FROM escalations_aside
    WHERE due_on = (SELECT MIN(due_on) FROM escalations_aside AS first WHERE first.tenant_id = escalations_aside.tenant_id
        AND first.application_id = escalations_aside.application_id AND first.level = escalations_aside.level);
DROP TABLE escalations_aside;
CREATE TRIGGER escalations_no_update BEFORE UPDATE ON escalations BEGIN SELECT RAISE(ABORT, 'escalations is append-only'); END;
CREATE TRIGGER escalations_no_delete BEFORE DELETE ON escalations BEGIN SELECT RAISE(ABORT, 'escalations is append-only'); END;
DROP INDEX applications_under_clock;
CREATE INDEX applications_under_clock ON applications (tenant_id, due_on, id)
    WHERE state IN ('submitted', 'under_review', 'in_approval');
DROP INDEX applications_running_by_arrival;
DROP INDEX applications_running_by_due_date;
ALTER TABLE applications DROP COLUMN paused_for;
