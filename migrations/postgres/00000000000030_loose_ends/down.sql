DROP TABLE acknowledgement_reversals;
ALTER TABLE fee_lowerings DROP COLUMN cause;
ALTER TABLE waivers DROP COLUMN instruction;
-- The table before holds notices of decisions only.
DROP INDEX notices_of_order;
DROP INDEX notices_of_correction;
DROP INDEX notices_of_decision;
ALTER TABLE notice_acts DISABLE TRIGGER USER;
ALTER TABLE notices DISABLE TRIGGER USER;
DELETE FROM notice_acts USING notices
    WHERE notices.tenant_id = notice_acts.tenant_id AND notices.id = notice_acts.notice_id AND notices.about <> 'decision';
DELETE FROM notices WHERE about <> 'decision';
ALTER TABLE notice_acts ENABLE TRIGGER USER;
ALTER TABLE notices ENABLE TRIGGER USER;
ALTER TABLE notices DROP COLUMN permit_order_id;
ALTER TABLE notices DROP COLUMN decision_version;
ALTER TABLE notices DROP COLUMN about;
ALTER TABLE notices ADD UNIQUE (tenant_id, decision_id);
