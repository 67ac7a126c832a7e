DROP TABLE incoming_documents;
DROP INDEX applications_without_incoming_number;
ALTER TABLE applications DROP COLUMN incoming_on;
ALTER TABLE applications DROP COLUMN incoming_number;
