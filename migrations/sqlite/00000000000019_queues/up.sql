-- What still waits for somebody is a small part of what ever arrived: a queue reads its own part, already in its order.
CREATE INDEX applications_open_by_arrival ON applications (tenant_id, department, arrived_at, id)
    WHERE state IN ('submitted', 'under_review', 'correction_requested', 'inquiry', 'in_approval', 'decided');
CREATE INDEX applications_open_by_due_date ON applications (tenant_id, department, COALESCE(due_on, '9999-12-31'), id)
    WHERE state IN ('submitted', 'under_review', 'correction_requested', 'inquiry', 'in_approval', 'decided');
CREATE INDEX applications_open_of_procedure ON applications (tenant_id, department, procedure, arrived_at, id)
    WHERE state IN ('submitted', 'under_review', 'correction_requested', 'inquiry', 'in_approval', 'decided');

-- Criteria that staff keep under a name (保存した表示条件), for themselves or for the whole department.
CREATE TABLE queue_views (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    department TEXT NOT NULL,
    officer_id TEXT NOT NULL,
    audience TEXT NOT NULL CHECK (audience IN ('own', 'department')),
    name TEXT NOT NULL,
    criteria TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, officer_id) REFERENCES officers (tenant_id, id)
) STRICT;
CREATE UNIQUE INDEX queue_views_of_department ON queue_views (tenant_id, department, officer_id, name);

-- Days on which an officer is away, and who covers (不在・代行). An entry is ended, never erased.
CREATE TABLE absences (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    department TEXT NOT NULL,
    officer_id TEXT NOT NULL,
    cover_id TEXT NOT NULL,
    from_on TEXT NOT NULL,
    to_on TEXT NOT NULL,
    recorded_by TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    ended_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, officer_id) REFERENCES officers (tenant_id, id),
    FOREIGN KEY (tenant_id, cover_id) REFERENCES officers (tenant_id, id),
    CHECK (officer_id <> cover_id),
    CHECK (from_on <= to_on)
) STRICT;
CREATE INDEX absences_of_department ON absences (tenant_id, department, to_on, id) WHERE ended_at IS NULL;
CREATE INDEX absences_covered_by ON absences (tenant_id, cover_id, to_on) WHERE ended_at IS NULL;

-- One act on many cases (一括処理) and what became of each.
CREATE TABLE bulk_reviews (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    department TEXT NOT NULL,
    officer_id TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('claim', 'release', 'assign', 'take_over')),
    items TEXT NOT NULL,
    left_over INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, officer_id) REFERENCES officers (tenant_id, id)
) STRICT;
