-- 収受番号と収受日 (R-122): given soon after the arrival by a job, so that no submission waits for a counter. What is given stays.
ALTER TABLE applications ADD COLUMN incoming_number TEXT;
ALTER TABLE applications ADD COLUMN incoming_on TEXT;
CREATE INDEX applications_without_incoming_number ON applications (tenant_id, arrived_at, id)
    WHERE arrived_at IS NOT NULL AND incoming_number IS NULL;

-- 収受簿: what came in at an office, in the order of its numbers.
CREATE TABLE incoming_documents (
    tenant_id TEXT NOT NULL,
    series TEXT NOT NULL,
    year INTEGER NOT NULL,
    number INTEGER NOT NULL CHECK (number > 0),
    incoming_number TEXT NOT NULL,
    application_id TEXT NOT NULL,
    department TEXT NOT NULL,
    incoming_on TEXT NOT NULL,
    channel TEXT NOT NULL,
    assigned_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, series, year, number),
    UNIQUE (tenant_id, application_id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
) STRICT;
CREATE TRIGGER incoming_documents_no_update BEFORE UPDATE ON incoming_documents BEGIN SELECT RAISE(ABORT, 'incoming_documents is append-only'); END;
CREATE TRIGGER incoming_documents_no_delete BEFORE DELETE ON incoming_documents BEGIN SELECT RAISE(ABORT, 'incoming_documents is append-only'); END;

-- What an authority signed with its key of office (R-40): a version of a document once, when it was issued.
CREATE TABLE document_signatures (
    tenant_id TEXT NOT NULL,
    document TEXT NOT NULL CHECK (document IN ('decision', 'permit', 'permit_order')),
    -- The decision, the permit or the order.
    subject_id TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    application_id TEXT NOT NULL,
    authority TEXT NOT NULL,
    key_id TEXT NOT NULL,
    -- SHA-256 of everything the document prints.
    content_sha256 BLOB NOT NULL,
    signed_on TEXT NOT NULL,
    signature BLOB NOT NULL,
    signed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, document, subject_id, version),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
) STRICT;
CREATE INDEX document_signatures_of_case ON document_signatures (tenant_id, application_id);
INSERT INTO document_signatures
    SELECT tenant_id, 'decision', decision_id, version, application_id, authority, key_id, content_sha256, signed_on, signature, signed_at
    FROM decision_signatures;
DROP TABLE decision_signatures;
CREATE TRIGGER document_signatures_no_update BEFORE UPDATE ON document_signatures BEGIN SELECT RAISE(ABORT, 'document_signatures is append-only'); END;
CREATE TRIGGER document_signatures_no_delete BEFORE DELETE ON document_signatures BEGIN SELECT RAISE(ABORT, 'document_signatures is append-only'); END;

-- What bars the disposal of a whole record file (R-125): a hold is placed and released, never rewritten. Without personal data.
CREATE TABLE record_file_holds (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    record_file_id TEXT NOT NULL,
    ground TEXT NOT NULL CHECK (ground IN ('appeal', 'litigation', 'disclosure', 'audit', 'claim')),
    from_on TEXT NOT NULL,
    until_on TEXT,
    note TEXT NOT NULL,
    placed_by TEXT NOT NULL,
    placed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, record_file_id) REFERENCES record_files (tenant_id, id),
    CHECK (until_on IS NULL OR until_on >= from_on)
) STRICT;
CREATE INDEX record_file_holds_of_file ON record_file_holds (tenant_id, record_file_id, id);
CREATE TABLE record_file_hold_releases (
    tenant_id TEXT NOT NULL,
    hold_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    released_by TEXT NOT NULL,
    released_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, hold_id),
    FOREIGN KEY (tenant_id, hold_id) REFERENCES record_file_holds (tenant_id, id)
) STRICT;
CREATE TRIGGER record_file_holds_no_update BEFORE UPDATE ON record_file_holds BEGIN SELECT RAISE(ABORT, 'record_file_holds is append-only'); END;
CREATE TRIGGER record_file_holds_no_delete BEFORE DELETE ON record_file_holds BEGIN SELECT RAISE(ABORT, 'record_file_holds is append-only'); END;
CREATE TRIGGER record_file_hold_releases_no_update BEFORE UPDATE ON record_file_hold_releases BEGIN SELECT RAISE(ABORT, 'record_file_hold_releases is append-only'); END;
CREATE TRIGGER record_file_hold_releases_no_delete BEFORE DELETE ON record_file_hold_releases BEGIN SELECT RAISE(ABORT, 'record_file_hold_releases is append-only'); END;
-- Whoever holds a file and whoever disposes of it lock its row.
CREATE UNIQUE INDEX record_files_by_id ON record_files (id);
