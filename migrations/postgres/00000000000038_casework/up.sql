-- 収受番号と収受日 (R-122): given soon after the arrival by a job, so that no submission waits for a counter. What is given stays.
ALTER TABLE applications ADD COLUMN incoming_number TEXT;
ALTER TABLE applications ADD COLUMN incoming_on TEXT;
CREATE INDEX applications_without_incoming_number ON applications (tenant_id, arrived_at, id)
    WHERE arrived_at IS NOT NULL AND incoming_number IS NULL;

-- 収受簿: what came in at an office, in the order of its numbers.
CREATE TABLE incoming_documents (
    tenant_id TEXT NOT NULL,
    series TEXT NOT NULL,
    year BIGINT NOT NULL,
    number BIGINT NOT NULL CHECK (number > 0),
    incoming_number TEXT NOT NULL,
    application_id TEXT NOT NULL,
    department TEXT NOT NULL,
    incoming_on TEXT NOT NULL,
    channel TEXT NOT NULL,
    assigned_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, series, year, number),
    UNIQUE (tenant_id, application_id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
);
CREATE TRIGGER incoming_documents_append_only BEFORE UPDATE OR DELETE ON incoming_documents FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
