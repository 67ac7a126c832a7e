-- Departments (部局・課) that were imported: they lie over those of the configuration, by code and first day (R-127).
CREATE TABLE departments (
    tenant_id TEXT NOT NULL,
    code TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    valid_to TEXT,
    name_ja TEXT NOT NULL,
    name_en TEXT NOT NULL,
    parent TEXT,
    successor TEXT,
    import_id TEXT NOT NULL,
    PRIMARY KEY (tenant_id, code, valid_from),
    CHECK (valid_to IS NULL OR valid_from <= valid_to)
) STRICT;

-- What was imported (組織・人事異動の取込み), by whom and when; the file itself holds names and is not kept.
CREATE TABLE organisation_imports (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    source_sha256 TEXT NOT NULL,
    format TEXT NOT NULL CHECK (format IN ('csv', 'yaml')),
    -- Null where an operator did it at the machine.
    officer_id TEXT,
    added INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    imported_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE TRIGGER organisation_imports_no_update BEFORE UPDATE ON organisation_imports BEGIN SELECT RAISE(ABORT, 'organisation_imports is append-only'); END;
CREATE TRIGGER organisation_imports_no_delete BEFORE DELETE ON organisation_imports BEGIN SELECT RAISE(ABORT, 'organisation_imports is append-only'); END;
