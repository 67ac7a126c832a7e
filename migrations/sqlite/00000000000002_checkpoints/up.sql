-- Signed checkpoints over the chains of events and accesses: one row a checkpoint, its leaves packed in one value.
CREATE TABLE checkpoints (
    tenant_id TEXT NOT NULL,
    checkpoint_no INTEGER NOT NULL CHECK (checkpoint_no > 0),
    covered_until INTEGER NOT NULL,
    leaf_count INTEGER NOT NULL CHECK (leaf_count >= 0),
    leaves BLOB NOT NULL,
    root BLOB NOT NULL,
    prev_hash BLOB NOT NULL,
    hash BLOB NOT NULL,
    key_id TEXT NOT NULL,
    signature BLOB NOT NULL,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, checkpoint_no)
) STRICT;

-- A checkpoint looks for the chains that grew since the one before it.
CREATE INDEX access_log_by_time ON access_log (tenant_id, at, node, seq);

CREATE TRIGGER checkpoints_no_update BEFORE UPDATE ON checkpoints BEGIN SELECT RAISE(ABORT, 'checkpoints is append-only'); END;
CREATE TRIGGER checkpoints_no_delete BEFORE DELETE ON checkpoints BEGIN SELECT RAISE(ABORT, 'checkpoints is append-only'); END;
