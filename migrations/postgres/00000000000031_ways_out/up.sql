-- A request that the office ended itself (R-11): no answer came, or it was a mistake. Nothing where it was answered or awaited.
ALTER TABLE corrections ADD COLUMN ended_at BIGINT;
ALTER TABLE corrections ADD COLUMN ended_by TEXT;
-- Why, sealed with the case's key.
ALTER TABLE corrections ADD COLUMN sealed_end_reason BYTEA;

-- What a seal saw that would be issued, apart from days that only follow from the day of issue: the same from day to day.
ALTER TABLE approval_acts ADD COLUMN matter_sha256 TEXT;

-- A step whose desk became that of a later one is not needed: one desk, one act (R-119).
-- The name of the constraint depends on what was there when the table was made.
DO $$
DECLARE
    found TEXT;
BEGIN
    SELECT conname INTO STRICT found FROM pg_constraint
        WHERE conrelid = 'approval_steps'::regclass AND contype = 'c' AND pg_get_constraintdef(oid) LIKE '%dissented%';
    EXECUTE format('ALTER TABLE approval_steps DROP CONSTRAINT %I', found);
END
$$;
ALTER TABLE approval_steps ADD CONSTRAINT approval_steps_state_check
    CHECK (state IN ('waiting', 'approved', 'dissented', 'returned', 'not_needed'));
