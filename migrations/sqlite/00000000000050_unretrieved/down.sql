DROP INDEX notices_to_send;
CREATE INDEX notices_on_paper ON notices (tenant_id, id) WHERE state IN ('to_print', 'returned');
