-- The table before knows no missing account: such a task says nothing that the refund itself does not say.
DELETE FROM case_tasks WHERE kind = 'payee_missing';
ALTER TABLE case_tasks DROP CONSTRAINT case_tasks_kind_check;
ALTER TABLE case_tasks DROP CONSTRAINT case_tasks_state_check;
ALTER TABLE case_tasks ADD CONSTRAINT case_tasks_kind_before_check CHECK (kind IN ('correction_missed'));
ALTER TABLE case_tasks ADD CONSTRAINT case_tasks_state_before_check
    CHECK (state IN ('open', 'answered', 'case_ended', 'closed'));
ALTER TABLE refunds DROP COLUMN route_reason;
