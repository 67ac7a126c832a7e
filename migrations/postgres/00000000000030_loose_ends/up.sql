-- Corrections of decisions (更正) and orders about permits (取消し・効力の停止) have a notice too: by the way that was wished for
-- (R-37), arrived at the first retrieval (R-38). What was issued before has none: nobody wrote down when it was read.
ALTER TABLE notices DROP CONSTRAINT notices_tenant_id_decision_id_key;
ALTER TABLE notices ADD COLUMN about TEXT NOT NULL DEFAULT 'decision'
    CHECK (about IN ('decision', 'correction', 'permit_order'));
ALTER TABLE notices ALTER COLUMN about DROP DEFAULT;
ALTER TABLE notices ADD COLUMN decision_version BIGINT;
ALTER TABLE notices ADD COLUMN permit_order_id TEXT;
ALTER TABLE notices ADD FOREIGN KEY (tenant_id, decision_id, decision_version)
    REFERENCES decision_versions (tenant_id, decision_id, version);
ALTER TABLE notices ADD FOREIGN KEY (tenant_id, permit_order_id) REFERENCES permit_orders (tenant_id, id);
ALTER TABLE notices ADD CHECK ((about = 'correction') = (decision_version IS NOT NULL));
ALTER TABLE notices ADD CHECK ((about = 'permit_order') = (permit_order_id IS NOT NULL));
CREATE UNIQUE INDEX notices_of_decision ON notices (tenant_id, decision_id) WHERE about = 'decision';
CREATE UNIQUE INDEX notices_of_correction ON notices (tenant_id, decision_id, decision_version) WHERE about = 'correction';
CREATE UNIQUE INDEX notices_of_order ON notices (tenant_id, permit_order_id) WHERE about = 'permit_order';

-- 教示 of a refused waiver (JSON, R-32, R-35), as it was on the day; what was refused before said none.
ALTER TABLE waivers ADD COLUMN instruction TEXT;

-- Less is assessed because the answers were corrected, or because what accrued beside a late claim was assessed up to a day after its
-- payment; of the latter the lowering itself stands in the place of the correction.
ALTER TABLE fee_lowerings ADD COLUMN cause TEXT NOT NULL DEFAULT 'correction' CHECK (cause IN ('correction', 'earlier_payment'));

-- Acknowledgements of debts that were entered in error: struck out by a second person, once; what was entered stays (R-94).
CREATE TABLE acknowledgement_reversals (
    tenant_id TEXT NOT NULL,
    acknowledgement_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    sealed_reason BYTEA NOT NULL,
    struck_by TEXT NOT NULL,
    struck_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, acknowledgement_id),
    FOREIGN KEY (tenant_id, acknowledgement_id) REFERENCES acknowledgements (tenant_id, id)
);
CREATE TRIGGER acknowledgement_reversals_append_only BEFORE UPDATE OR DELETE ON acknowledgement_reversals FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
