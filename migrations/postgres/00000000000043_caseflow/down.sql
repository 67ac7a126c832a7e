-- Of a level that was told for several due dates the first stays.
ALTER TABLE escalations DISABLE TRIGGER escalations_append_only;
DELETE FROM escalations USING escalations AS first
    WHERE first.tenant_id = escalations.tenant_id AND first.application_id = escalations.application_id
        AND first.level = escalations.level AND first.due_on < escalations.due_on;
ALTER TABLE escalations ENABLE TRIGGER escalations_append_only;
ALTER TABLE escalations DROP CONSTRAINT escalations_pkey;
ALTER TABLE escalations ADD PRIMARY KEY (tenant_id, application_id, level);
DROP INDEX applications_under_clock;
CREATE INDEX applications_under_clock ON applications (tenant_id, due_on, id)
    WHERE state IN ('submitted', 'under_review', 'in_approval');
DROP INDEX applications_running_by_arrival;
DROP INDEX applications_running_by_due_date;
ALTER TABLE applications DROP COLUMN paused_for;
