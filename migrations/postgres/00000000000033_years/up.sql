-- Why a refund takes its way (R-98); nothing for refunds from before it was kept.
ALTER TABLE refunds ADD COLUMN route_reason TEXT
    CHECK (route_reason IN ('method', 'paid_by_another', 'asked', 'remitted'));

-- A refund by bank transfer was decided and nobody said to which account; what a task was about may come to nothing.
-- The names of the constraints depend on what was there when the table was made.
DO $$
DECLARE
    found TEXT;
BEGIN
    SELECT conname INTO STRICT found FROM pg_constraint
        WHERE conrelid = 'case_tasks'::regclass AND contype = 'c' AND pg_get_constraintdef(oid) LIKE '%correction_missed%';
    EXECUTE format('ALTER TABLE case_tasks DROP CONSTRAINT %I', found);
    SELECT conname INTO STRICT found FROM pg_constraint
        WHERE conrelid = 'case_tasks'::regclass AND contype = 'c' AND pg_get_constraintdef(oid) LIKE '%case_ended%';
    EXECUTE format('ALTER TABLE case_tasks DROP CONSTRAINT %I', found);
END
$$;
ALTER TABLE case_tasks ADD CONSTRAINT case_tasks_kind_check CHECK (kind IN ('correction_missed', 'payee_missing'));
ALTER TABLE case_tasks ADD CONSTRAINT case_tasks_state_check
    CHECK (state IN ('open', 'answered', 'case_ended', 'not_needed', 'closed'));
