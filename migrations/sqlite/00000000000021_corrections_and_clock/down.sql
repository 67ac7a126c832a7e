DROP TABLE checklist_marks;
DROP INDEX applications_under_clock;
DROP TABLE escalations;
DROP TABLE delay_reasons;
DROP INDEX corrections_open;
DROP TABLE case_tasks;
DROP TABLE fee_lowerings;
DROP TABLE resubmissions;
ALTER TABLE corrections DROP COLUMN attachments_before;
