-- The tables before know no letters of the office.
DELETE FROM case_tasks WHERE kind = 'letter_to_send';
ALTER TABLE case_tasks DROP CONSTRAINT case_tasks_kind_check;
ALTER TABLE case_tasks ADD CONSTRAINT case_tasks_kind_check CHECK (kind IN ('correction_missed', 'payee_missing'));
DROP INDEX document_numbers_once;
