-- Signed checkpoints over the chains of events and accesses: one row a checkpoint, its leaves packed in one value.
CREATE TABLE checkpoints (
    tenant_id TEXT NOT NULL,
    checkpoint_no BIGINT NOT NULL CHECK (checkpoint_no > 0),
    covered_until BIGINT NOT NULL,
    leaf_count BIGINT NOT NULL CHECK (leaf_count >= 0),
    leaves BYTEA NOT NULL,
    root BYTEA NOT NULL,
    prev_hash BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    key_id TEXT NOT NULL,
    signature BYTEA NOT NULL,
    made_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, checkpoint_no)
);

-- A checkpoint looks for the chains that grew since the one before it.
CREATE INDEX access_log_by_time ON access_log (tenant_id, at, node, seq);

CREATE TRIGGER checkpoints_append_only BEFORE UPDATE OR DELETE ON checkpoints FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
