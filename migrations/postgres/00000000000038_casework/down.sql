DROP INDEX record_files_by_id;
DROP TABLE record_file_hold_releases;
DROP TABLE record_file_holds;
CREATE TABLE decision_signatures (
    tenant_id TEXT NOT NULL,
    decision_id TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    application_id TEXT NOT NULL,
    authority TEXT NOT NULL,
    key_id TEXT NOT NULL,
    -- SHA-256 of everything the document prints.
    content_sha256 BYTEA NOT NULL,
    signed_on TEXT NOT NULL,
    signature BYTEA NOT NULL,
    signed_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, decision_id, version),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
);
CREATE INDEX decision_signatures_of_case ON decision_signatures (tenant_id, application_id);
INSERT INTO decision_signatures
    SELECT tenant_id, subject_id, version, application_id, authority, key_id, content_sha256, signed_on, signature, signed_at
    FROM document_signatures WHERE document = 'decision';
DROP TABLE document_signatures;
CREATE TRIGGER decision_signatures_append_only BEFORE UPDATE OR DELETE ON decision_signatures FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
DROP TABLE incoming_documents;
DROP INDEX applications_without_incoming_number;
ALTER TABLE applications DROP COLUMN incoming_on;
ALTER TABLE applications DROP COLUMN incoming_number;
