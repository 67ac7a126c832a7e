DROP INDEX set_offs_of_case;
ALTER TABLE set_offs DROP COLUMN extent;
ALTER TABLE fee_lowerings DROP CONSTRAINT fee_lowerings_of_a_correction;
ALTER TABLE fee_lowerings DISABLE TRIGGER fee_lowerings_append_only;
UPDATE fee_lowerings SET correction_id = id WHERE correction_id IS NULL;
UPDATE fee_lowerings SET cause = 'earlier_payment' WHERE cause = 'division';
ALTER TABLE fee_lowerings ENABLE TRIGGER fee_lowerings_append_only;
ALTER TABLE fee_lowerings ALTER COLUMN correction_id SET NOT NULL;
ALTER TABLE fee_lowerings DROP CONSTRAINT fee_lowerings_cause_check;
ALTER TABLE fee_lowerings ADD CONSTRAINT fee_lowerings_cause_check CHECK (cause IN ('correction', 'earlier_payment'));
-- The table before knows one charge a day: the later ones keep their amounts under days that no claim reached.
ALTER TABLE charges DISABLE TRIGGER charges_append_only;
UPDATE charges SET computed_to = computed_to || '#' || charge_no WHERE charge_no > 1;
ALTER TABLE charges ENABLE TRIGGER charges_append_only;
ALTER TABLE charges DROP CONSTRAINT charges_once;
ALTER TABLE charges DROP COLUMN charge_no;
ALTER TABLE charges ADD CONSTRAINT charges_tenant_id_principal_id_kind_computed_to_key
    UNIQUE (tenant_id, principal_id, kind, computed_to);
DROP INDEX settlement_lines_by_gateway_id;
DROP INDEX settlement_lines_by_reference;
DROP INDEX reconciliation_exceptions_one_open;
UPDATE reconciliation_exceptions SET subject = subject || '#' || id WHERE EXISTS (SELECT 1 FROM reconciliation_exceptions AS later
    WHERE later.tenant_id = reconciliation_exceptions.tenant_id AND later.follows = reconciliation_exceptions.id);
ALTER TABLE reconciliation_exceptions ADD CONSTRAINT reconciliation_exceptions_tenant_id_kind_subject_key
    UNIQUE (tenant_id, kind, subject);
ALTER TABLE reconciliation_exceptions DROP COLUMN follows;
DROP INDEX payments_by_attempt;
ALTER TABLE payments DROP COLUMN attempt_no;
DROP TABLE payment_link_invoices;
DROP INDEX permit_orders_of_case;
DROP INDEX case_links_of_case;
DROP INDEX false_claims_of_case;
DROP TABLE waiver_revocations;
-- The table before knows no revocation: as far as it can tell, such a waiver holds no more because its rest was not paid.
UPDATE waivers SET state = 'expired' WHERE state = 'revoked';
ALTER TABLE waivers DROP CONSTRAINT waivers_decided;
ALTER TABLE waivers DROP CONSTRAINT waivers_amount_of_grant;
ALTER TABLE waivers DROP CONSTRAINT waivers_state_check;
ALTER TABLE waivers ADD CONSTRAINT waivers_state_check
    CHECK (state IN ('requested', 'proposed', 'granted', 'refused', 'withdrawn', 'expired'));
ALTER TABLE waivers ADD CONSTRAINT waivers_amount_of_grant
    CHECK ((state IN ('granted', 'expired')) = (amount IS NOT NULL));
ALTER TABLE waivers ADD CONSTRAINT waivers_decided
    CHECK ((state IN ('granted', 'refused', 'expired')) = (decided_at IS NOT NULL));
