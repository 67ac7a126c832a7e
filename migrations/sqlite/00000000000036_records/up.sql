-- 標準行政文書ファイル (R-123): the cases of one procedure and department that ended in one fiscal year. What the register says of it
-- was taken from the classification table in force then, and stays.
CREATE TABLE record_files (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    rule_code TEXT NOT NULL,
    procedure TEXT NOT NULL,
    department TEXT NOT NULL,
    fiscal_year INTEGER NOT NULL,
    retention TEXT NOT NULL CHECK (retention IN ('under_one', '1', '3', '5', '10', '30', 'permanent')),
    expires_on TEXT,
    measure TEXT NOT NULL CHECK (measure IN ('transfer', 'dispose', 'undecided')),
    large TEXT NOT NULL,
    middle TEXT NOT NULL,
    small TEXT NOT NULL,
    standard_file TEXT NOT NULL,
    name TEXT NOT NULL,
    place TEXT NOT NULL,
    manager TEXT NOT NULL,
    medium TEXT NOT NULL,
    source TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('kept', 'expired', 'transferred', 'disposed')),
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, procedure, department, fiscal_year, rule_code, retention)
) STRICT;
CREATE INDEX record_files_of_year ON record_files (tenant_id, fiscal_year, id);
CREATE INDEX record_files_of_department ON record_files (tenant_id, department, id);
CREATE INDEX record_files_of_state ON record_files (tenant_id, state, id);
CREATE INDEX record_files_to_expire ON record_files (tenant_id, expires_on, id) WHERE state = 'kept' AND expires_on IS NOT NULL;

-- Which case is in which file. The key goes first, then what lies in the store of files.
CREATE TABLE record_cases (
    tenant_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    record_file_id TEXT NOT NULL,
    completed_on TEXT NOT NULL,
    erased_at INTEGER,
    files_removed_at INTEGER,
    PRIMARY KEY (tenant_id, application_id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id),
    FOREIGN KEY (tenant_id, record_file_id) REFERENCES record_files (tenant_id, id),
    CHECK (files_removed_at IS NULL OR erased_at IS NOT NULL)
) STRICT;
CREATE INDEX record_cases_of_file ON record_cases (tenant_id, record_file_id, application_id);
CREATE INDEX record_cases_to_clear ON record_cases (tenant_id, record_file_id, application_id) WHERE files_removed_at IS NULL;

-- What somebody proposes to do with a file (R-124); another person decides.
CREATE TABLE record_measures (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    record_file_id TEXT NOT NULL,
    measure TEXT NOT NULL CHECK (measure IN ('transfer', 'dispose')),
    state TEXT NOT NULL CHECK (state IN ('proposed', 'rejected', 'approved', 'exported', 'handed_over', 'done')),
    reason TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_at INTEGER NOT NULL,
    decided_by TEXT,
    decided_at INTEGER,
    bundles_sha256 TEXT,
    receipt TEXT,
    handed_over_by TEXT,
    handed_over_at INTEGER,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, record_file_id) REFERENCES record_files (tenant_id, id),
    CHECK (decided_by IS NULL OR decided_by <> proposed_by)
) STRICT;
CREATE UNIQUE INDEX record_measures_open ON record_measures (tenant_id, record_file_id)
    WHERE state IN ('proposed', 'approved', 'exported', 'handed_over');

-- The hash of what the archive gets of each case, and where its chain stood then: what changes afterwards is exported anew.
CREATE TABLE record_bundles (
    tenant_id TEXT NOT NULL,
    measure_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    event_head BLOB NOT NULL,
    exported_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, measure_id, application_id),
    FOREIGN KEY (tenant_id, measure_id) REFERENCES record_measures (tenant_id, id)
) STRICT;

-- What bars a disposal (R-125): a hold is placed and released, never rewritten. The note is sealed with the case's key.
CREATE TABLE record_holds (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    ground TEXT NOT NULL CHECK (ground IN ('appeal', 'litigation', 'disclosure', 'audit')),
    from_on TEXT NOT NULL,
    until_on TEXT,
    sealed_note BLOB NOT NULL,
    placed_by TEXT NOT NULL,
    placed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id),
    CHECK (until_on IS NULL OR until_on >= from_on)
) STRICT;
CREATE INDEX record_holds_of_case ON record_holds (tenant_id, application_id, id);
CREATE TABLE record_hold_releases (
    tenant_id TEXT NOT NULL,
    hold_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    sealed_reason BLOB NOT NULL,
    released_by TEXT NOT NULL,
    released_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, hold_id),
    FOREIGN KEY (tenant_id, hold_id) REFERENCES record_holds (tenant_id, id)
) STRICT;

-- What internal control said of a fiscal year (R-129), signed; the next of a year names the one before.
CREATE TABLE control_snapshots (
    tenant_id TEXT NOT NULL,
    fiscal_year INTEGER NOT NULL,
    snapshot_no INTEGER NOT NULL CHECK (snapshot_no > 0),
    statement TEXT NOT NULL,
    prev_hash BLOB NOT NULL,
    hash BLOB NOT NULL,
    key_id TEXT NOT NULL,
    signature BLOB NOT NULL,
    issued_by TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, fiscal_year, snapshot_no)
) STRICT;
CREATE INDEX acting_decisions_by_day ON acting_decisions (tenant_id, acted_at);

-- What gateways sent about the payments of a case is erased with it.
CREATE INDEX gateway_notifications_of_reference ON gateway_notifications (tenant_id, merchant_reference)
    WHERE merchant_reference IS NOT NULL;

-- Ended cases, for the look at those that are in no file yet.
CREATE INDEX applications_ended ON applications (tenant_id, id) WHERE state IN ('closed', 'withdrawn', 'transferred');

CREATE TRIGGER record_files_no_delete BEFORE DELETE ON record_files BEGIN SELECT RAISE(ABORT, 'record_files are kept'); END;
CREATE TRIGGER record_cases_no_delete BEFORE DELETE ON record_cases BEGIN SELECT RAISE(ABORT, 'record_cases are kept'); END;
CREATE TRIGGER record_measures_no_delete BEFORE DELETE ON record_measures BEGIN SELECT RAISE(ABORT, 'record_measures are kept'); END;
CREATE TRIGGER record_holds_no_update BEFORE UPDATE ON record_holds BEGIN SELECT RAISE(ABORT, 'record_holds is append-only'); END;
CREATE TRIGGER record_holds_no_delete BEFORE DELETE ON record_holds BEGIN SELECT RAISE(ABORT, 'record_holds is append-only'); END;
CREATE TRIGGER record_hold_releases_no_update BEFORE UPDATE ON record_hold_releases BEGIN SELECT RAISE(ABORT, 'record_hold_releases is append-only'); END;
CREATE TRIGGER record_hold_releases_no_delete BEFORE DELETE ON record_hold_releases BEGIN SELECT RAISE(ABORT, 'record_hold_releases is append-only'); END;
CREATE TRIGGER control_snapshots_no_update BEFORE UPDATE ON control_snapshots BEGIN SELECT RAISE(ABORT, 'control_snapshots is append-only'); END;
CREATE TRIGGER control_snapshots_no_delete BEFORE DELETE ON control_snapshots BEGIN SELECT RAISE(ABORT, 'control_snapshots is append-only'); END;
