-- Corrections of decisions (更正) and orders about permits (取消し・効力の停止) have a notice too: by the way that was wished for
-- (R-37), arrived at the first retrieval (R-38). What was issued before has none: nobody wrote down when it was read.
CREATE TABLE notices_rebuilt (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    -- The decision itself; of an order about a permit, the decision that granted the permit.
    decision_id TEXT NOT NULL,
    about TEXT NOT NULL CHECK (about IN ('decision', 'correction', 'permit_order')),
    decision_version INTEGER,
    permit_order_id TEXT,
    way TEXT NOT NULL CHECK (way IN ('electronic', 'paper')),
    state TEXT NOT NULL CHECK (state IN ('available', 'arrived', 'to_print', 'posted', 'returned')),
    made_at INTEGER NOT NULL,
    -- 到達: the first retrieval by the addressee (R-38); of paper it is not known here.
    arrived_at INTEGER,
    posted_on TEXT,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, decision_id, decision_version)
        REFERENCES decision_versions (tenant_id, decision_id, version),
    FOREIGN KEY (tenant_id, permit_order_id) REFERENCES permit_orders (tenant_id, id),
    CHECK ((about = 'correction') = (decision_version IS NOT NULL)),
    CHECK ((about = 'permit_order') = (permit_order_id IS NOT NULL)),
    FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions (tenant_id, id),
    CHECK ((way = 'electronic') = (state IN ('available', 'arrived'))),
    CHECK ((state = 'arrived') = (arrived_at IS NOT NULL)),
    CHECK (state NOT IN ('posted', 'returned') OR posted_on IS NOT NULL)
) STRICT;
INSERT INTO notices_rebuilt (about, tenant_id, id, application_id, decision_id, way, state, made_at, arrived_at, posted_on, version)
    SELECT 'decision', tenant_id, id, application_id, decision_id, way, state, made_at, arrived_at, posted_on, version FROM notices;
CREATE TABLE notice_acts_rebuilt (
    tenant_id TEXT NOT NULL,
    notice_id TEXT NOT NULL,
    act_no INTEGER NOT NULL CHECK (act_no > 0),
    application_id TEXT NOT NULL,
    act TEXT NOT NULL CHECK (act IN ('made', 'arrived', 'posted', 'returned', 'turned_to_paper')),
    -- The day on the post's stamp, or on which it came back.
    happened_on TEXT NOT NULL,
    -- Tracking number, or why: sealed with the case's key.
    sealed_text BLOB,
    actor_kind TEXT NOT NULL CHECK (actor_kind IN ('applicant', 'officer')),
    actor_id TEXT NOT NULL,
    acted_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, notice_id, act_no),
    FOREIGN KEY (tenant_id, notice_id) REFERENCES notices_rebuilt (tenant_id, id)
) STRICT;
INSERT INTO notice_acts_rebuilt (tenant_id, notice_id, act_no, application_id, act, happened_on, sealed_text, actor_kind,
        actor_id, acted_at)
    SELECT tenant_id, notice_id, act_no, application_id, act, happened_on, sealed_text, actor_kind, actor_id, acted_at
    FROM notice_acts;

DROP TABLE notice_acts;
DROP TABLE notices;
ALTER TABLE notices_rebuilt RENAME TO notices;
ALTER TABLE notice_acts_rebuilt RENAME TO notice_acts;
CREATE INDEX notices_of_application ON notices (tenant_id, application_id, id);
CREATE INDEX notices_on_paper ON notices (tenant_id, id) WHERE state IN ('to_print', 'returned');
CREATE UNIQUE INDEX notices_of_decision ON notices (tenant_id, decision_id) WHERE about = 'decision';
CREATE UNIQUE INDEX notices_of_correction ON notices (tenant_id, decision_id, decision_version) WHERE about = 'correction';
CREATE UNIQUE INDEX notices_of_order ON notices (tenant_id, permit_order_id) WHERE about = 'permit_order';

CREATE TRIGGER notice_acts_no_update BEFORE UPDATE ON notice_acts BEGIN SELECT RAISE(ABORT, 'notice_acts is append-only'); END;
CREATE TRIGGER notice_acts_no_delete BEFORE DELETE ON notice_acts BEGIN SELECT RAISE(ABORT, 'notice_acts is append-only'); END;
CREATE TRIGGER notices_no_delete BEFORE DELETE ON notices BEGIN SELECT RAISE(ABORT, 'notices are kept'); END;
CREATE TRIGGER notices_arrive_once BEFORE UPDATE OF arrived_at ON notices WHEN OLD.arrived_at IS NOT NULL AND OLD.arrived_at IS NOT NEW.arrived_at BEGIN SELECT RAISE(ABORT, 'a notice arrives once'); END;

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
    sealed_reason BLOB NOT NULL,
    struck_by TEXT NOT NULL,
    struck_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, acknowledgement_id),
    FOREIGN KEY (tenant_id, acknowledgement_id) REFERENCES acknowledgements (tenant_id, id)
) STRICT;
CREATE TRIGGER acknowledgement_reversals_no_update BEFORE UPDATE ON acknowledgement_reversals BEGIN SELECT RAISE(ABORT, 'acknowledgement_reversals is append-only'); END;
CREATE TRIGGER acknowledgement_reversals_no_delete BEFORE DELETE ON acknowledgement_reversals BEGIN SELECT RAISE(ABORT, 'acknowledgement_reversals is append-only'); END;
