-- Where a case went (移送, R-198): one row in the books of each body it touched. Text is sealed with the key of the case in that row.
CREATE TABLE transfers (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    direction TEXT NOT NULL CHECK (direction IN ('within', 'sent', 'received')),
    from_tenant TEXT NOT NULL,
    from_department TEXT NOT NULL,
    to_tenant TEXT NOT NULL,
    to_department TEXT NOT NULL,
    -- The case at the other body.
    other_application_id TEXT,
    sealed_grounds BYTEA NOT NULL,
    -- The times the clock stood still before it was received, as JSON: they still do not count (R-18).
    pauses TEXT NOT NULL,
    officer_id TEXT NOT NULL,
    transferred_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id),
    CHECK ((direction = 'within') = (other_application_id IS NULL)),
    CHECK ((direction = 'within') = (from_tenant = to_tenant))
);
CREATE INDEX transfers_of_application ON transfers (tenant_id, application_id, id);
-- A case leaves a body once, and comes from one body.
CREATE UNIQUE INDEX transfers_between_bodies ON transfers (tenant_id, application_id, direction) WHERE direction <> 'within';

CREATE TRIGGER transfers_append_only BEFORE UPDATE OR DELETE ON transfers FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
