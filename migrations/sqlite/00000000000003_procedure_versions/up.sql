-- The life of a procedure version: drafts, proposals and closings of administrators, approved by a second person.
-- catalogue_state has one row: every publishing transaction locks it, every node watches its revision.

CREATE TABLE catalogue_state (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision >= 0)
) STRICT;
INSERT INTO catalogue_state (id, revision) VALUES ('00000000-0000-0000-0000-000000000000', 0);

CREATE TABLE publications (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('version', 'closing')),
    stage TEXT NOT NULL CHECK (stage IN ('draft', 'proposed', 'returned', 'withdrawn', 'published')),
    procedure TEXT,
    version INTEGER CHECK (version > 0),
    source TEXT NOT NULL,
    source_sha256 TEXT NOT NULL,
    digest TEXT,
    effective_from TEXT,
    last_day TEXT,
    drain_until TEXT,
    author_id TEXT NOT NULL,
    writers TEXT NOT NULL,
    proposer_id TEXT,
    proposed_sha256 TEXT,
    approver_id TEXT,
    published_at INTEGER,
    revision INTEGER NOT NULL CHECK (revision > 0),
    event_count INTEGER NOT NULL CHECK (event_count >= 0),
    event_head BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, author_id) REFERENCES officers (tenant_id, id),
    FOREIGN KEY (tenant_id, proposer_id) REFERENCES officers (tenant_id, id),
    FOREIGN KEY (tenant_id, approver_id) REFERENCES officers (tenant_id, id),
    -- Four eyes: who wrote or proposed never approves, and what is published is what was proposed.
    CHECK (approver_id IS NULL OR (approver_id <> author_id AND approver_id <> proposer_id
        AND writers NOT LIKE '%' || approver_id || '%')),
    CHECK ((stage = 'published') = (approver_id IS NOT NULL)),
    CHECK ((stage = 'published') = (published_at IS NOT NULL)),
    CHECK (stage NOT IN ('proposed', 'published') OR (proposer_id IS NOT NULL AND proposed_sha256 IS NOT NULL
        AND proposed_sha256 = source_sha256 AND procedure IS NOT NULL AND version IS NOT NULL)),
    CHECK (stage <> 'published' OR kind <> 'version' OR (digest IS NOT NULL AND effective_from IS NOT NULL)),
    CHECK (kind <> 'closing' OR (last_day IS NOT NULL AND drain_until IS NOT NULL AND drain_until >= last_day))
) STRICT;
CREATE UNIQUE INDEX publications_of_version ON publications (tenant_id, procedure, version)
    WHERE kind = 'version' AND stage <> 'withdrawn';
CREATE INDEX publications_published ON publications (published_at) WHERE stage = 'published';

CREATE TABLE publication_events (
    tenant_id TEXT NOT NULL,
    publication_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    facts TEXT NOT NULL,
    prev_hash BLOB NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (tenant_id, publication_id, seq),
    FOREIGN KEY (tenant_id, publication_id) REFERENCES publications (tenant_id, id)
) STRICT;

CREATE TRIGGER publication_events_no_update BEFORE UPDATE ON publication_events BEGIN SELECT RAISE(ABORT, 'publication_events is append-only'); END;
CREATE TRIGGER publication_events_no_delete BEFORE DELETE ON publication_events BEGIN SELECT RAISE(ABORT, 'publication_events is append-only'); END;
