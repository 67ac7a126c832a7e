-- The table before knows no step that is not needed; such a step lies behind the stage of its proposal, or is asked again.
UPDATE approval_steps SET state = 'waiting' WHERE state = 'not_needed';
ALTER TABLE approval_steps DROP CONSTRAINT approval_steps_state_check;
ALTER TABLE approval_steps ADD CONSTRAINT approval_steps_state_before_check
    CHECK (state IN ('waiting', 'approved', 'dissented', 'returned'));
ALTER TABLE approval_acts DROP COLUMN matter_sha256;
ALTER TABLE corrections DROP COLUMN sealed_end_reason;
ALTER TABLE corrections DROP COLUMN ended_by;
ALTER TABLE corrections DROP COLUMN ended_at;
