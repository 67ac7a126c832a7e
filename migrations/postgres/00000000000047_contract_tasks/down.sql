-- The tables before know no tasks about contracts.
DELETE FROM case_tasks WHERE kind = 'contract_to_conclude';
ALTER TABLE case_tasks DROP CONSTRAINT case_tasks_kind_check;
ALTER TABLE case_tasks ADD CONSTRAINT case_tasks_kind_check
    CHECK (kind IN ('correction_missed', 'payee_missing', 'letter_to_send'));
