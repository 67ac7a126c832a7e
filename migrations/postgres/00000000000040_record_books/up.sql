-- 会計帳票 (R-123): books that belong to no case come into the register, too. A file holds cases or books; of books it names no
-- procedure.
ALTER TABLE record_files ADD COLUMN content TEXT NOT NULL DEFAULT 'cases' CHECK (content IN ('cases', 'books'));
UPDATE record_files SET content = 'books' WHERE procedure = '';
CREATE INDEX record_files_of_content ON record_files (tenant_id, content, id);

-- Which book is in which file.
CREATE TABLE record_books (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    record_file_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('settlement_report', 'bank_statement', 'transfer_file', 'day_close', 'el_qr_upload', 'el_qr_file')),
    subject TEXT NOT NULL,
    completed_on TEXT NOT NULL,
    erased_at BIGINT,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, kind, subject),
    FOREIGN KEY (tenant_id, record_file_id) REFERENCES record_files (tenant_id, id)
);
CREATE INDEX record_books_of_file ON record_books (tenant_id, record_file_id, id);
CREATE TRIGGER record_books_no_delete BEFORE DELETE ON record_books FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();

-- Every book that belongs to no case, by its kind and name. A report has no id: its account and its bytes name it.
CREATE VIEW books AS
    SELECT tenant_id, 'settlement_report' AS kind, gateway || ':' || sha256 AS subject, recorded_at AS made_at FROM settlement_sources
    UNION ALL SELECT tenant_id, 'bank_statement', id, recorded_at FROM bank_statements
    UNION ALL SELECT tenant_id, 'transfer_file', id, created_at FROM payouts
    UNION ALL SELECT tenant_id, 'day_close', day, closed_at FROM day_closes
    UNION ALL SELECT tenant_id, 'el_qr_upload', id, made_at FROM el_qr_uploads
    UNION ALL SELECT tenant_id, 'el_qr_file', id, recorded_at FROM el_qr_files;

-- What the archive gets is of a case or of a book.
ALTER TABLE record_bundles RENAME COLUMN application_id TO member_id;

-- The payouts that a report was taken from are found by its bytes.
CREATE INDEX settlement_lines_by_source ON settlement_lines (tenant_id, source_sha256);

-- Of what was taken in or made nothing changes, but that key and bytes are destroyed: then there are none.
DROP TRIGGER settlement_sources_append_only ON settlement_sources;
CREATE TRIGGER settlement_sources_no_delete BEFORE DELETE ON settlement_sources FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER settlement_sources_no_update BEFORE UPDATE OF tenant_id, gateway, sha256, origin, imported_by, recorded_at ON settlement_sources FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER settlement_sources_only_destroyed BEFORE UPDATE ON settlement_sources FOR EACH ROW
    WHEN (length(NEW.wrapped_key) > 0 OR length(NEW.sealed_file) > 0) EXECUTE FUNCTION refuse_rewriting();
DROP TRIGGER bank_statements_append_only ON bank_statements;
CREATE TRIGGER bank_statements_no_delete BEFORE DELETE ON bank_statements FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER bank_statements_no_update BEFORE UPDATE OF tenant_id, id, sha256, format, credit_count, new_count, imported_by, recorded_at ON bank_statements FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER bank_statements_only_destroyed BEFORE UPDATE ON bank_statements FOR EACH ROW
    WHEN (length(NEW.wrapped_key) > 0 OR length(NEW.sealed_file) > 0) EXECUTE FUNCTION refuse_rewriting();
DROP TRIGGER el_qr_uploads_append_only ON el_qr_uploads;
CREATE TRIGGER el_qr_uploads_no_delete BEFORE DELETE ON el_qr_uploads FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER el_qr_uploads_no_update BEFORE UPDATE OF tenant_id, id, record_count, layout_version, file_sha256, made_by, made_at ON el_qr_uploads FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER el_qr_uploads_only_destroyed BEFORE UPDATE ON el_qr_uploads FOR EACH ROW
    WHEN (length(NEW.wrapped_key) > 0 OR length(NEW.sealed_file) > 0) EXECUTE FUNCTION refuse_rewriting();
DROP TRIGGER el_qr_files_append_only ON el_qr_files;
CREATE TRIGGER el_qr_files_no_delete BEFORE DELETE ON el_qr_files FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER el_qr_files_no_update BEFORE UPDATE OF tenant_id, id, kind, upload_id, sha256, line_count, new_count, imported_by, recorded_at ON el_qr_files FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER el_qr_files_only_destroyed BEFORE UPDATE ON el_qr_files FOR EACH ROW
    WHEN (length(NEW.wrapped_key) > 0 OR length(NEW.sealed_file) > 0) EXECUTE FUNCTION refuse_rewriting();
