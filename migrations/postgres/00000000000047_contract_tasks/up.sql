-- R-103: the signature of the other side of a contract waits for the office: a task of the department.
ALTER TABLE case_tasks DROP CONSTRAINT case_tasks_kind_check;
ALTER TABLE case_tasks ADD CONSTRAINT case_tasks_kind_check
    CHECK (kind IN ('correction_missed', 'payee_missing', 'letter_to_send', 'contract_to_conclude'));
