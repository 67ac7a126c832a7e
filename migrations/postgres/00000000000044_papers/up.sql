-- R-120: within a year no two documents of a body bear one number, whoever counted it.
CREATE UNIQUE INDEX document_numbers_once ON document_numbers (tenant_id, year, document_number);

-- Somebody without an account is told by letter: a task of the department.
ALTER TABLE case_tasks DROP CONSTRAINT case_tasks_kind_check;
ALTER TABLE case_tasks ADD CONSTRAINT case_tasks_kind_check
    CHECK (kind IN ('correction_missed', 'payee_missing', 'letter_to_send'));
