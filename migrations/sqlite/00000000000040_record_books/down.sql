DROP TRIGGER el_qr_files_only_destroyed;
DROP TRIGGER el_qr_files_no_update;
CREATE TRIGGER el_qr_files_no_update BEFORE UPDATE ON el_qr_files BEGIN SELECT RAISE(ABORT, 'el_qr_files is append-only'); END;
DROP TRIGGER el_qr_uploads_only_destroyed;
DROP TRIGGER el_qr_uploads_no_update;
CREATE TRIGGER el_qr_uploads_no_update BEFORE UPDATE ON el_qr_uploads BEGIN SELECT RAISE(ABORT, 'el_qr_uploads is append-only'); END;
DROP TRIGGER bank_statements_only_destroyed;
DROP TRIGGER bank_statements_no_update;
CREATE TRIGGER bank_statements_no_update BEFORE UPDATE ON bank_statements BEGIN SELECT RAISE(ABORT, 'bank_statements is append-only'); END;
DROP TRIGGER settlement_sources_only_destroyed;
DROP TRIGGER settlement_sources_no_update;
CREATE TRIGGER settlement_sources_no_update BEFORE UPDATE ON settlement_sources BEGIN SELECT RAISE(ABORT, 'settlement_sources is append-only'); END;
DROP INDEX settlement_lines_by_source;
ALTER TABLE record_bundles RENAME COLUMN member_id TO application_id;
DROP VIEW books;
DROP TABLE record_books;
DROP INDEX record_files_of_content;
-- The table before knows no books: their files stay with the procedure of none, and with nothing in them.
ALTER TABLE record_files DROP COLUMN content;
