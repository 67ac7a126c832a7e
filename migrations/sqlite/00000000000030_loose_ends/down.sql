DROP TABLE acknowledgement_reversals;
ALTER TABLE fee_lowerings DROP COLUMN cause;
ALTER TABLE waivers DROP COLUMN instruction;
-- The table before holds notices of decisions only.
CREATE TABLE notices_rebuilt (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    -- The decision itself; of an order about a permit, the decision that granted the permit.
    decision_id TEXT NOT NULL,
    way TEXT NOT NULL CHECK (way IN ('electronic', 'paper')),
    state TEXT NOT NULL CHECK (state IN ('available', 'arrived', 'to_print', 'posted', 'returned')),
    made_at INTEGER NOT NULL,
    -- 到達: the first retrieval by the addressee (R-38); of paper it is not known here.
    arrived_at INTEGER,
    posted_on TEXT,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, decision_id),
    FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions (tenant_id, id),
    CHECK ((way = 'electronic') = (state IN ('available', 'arrived'))),
    CHECK ((state = 'arrived') = (arrived_at IS NOT NULL)),
    CHECK (state NOT IN ('posted', 'returned') OR posted_on IS NOT NULL)
) STRICT;
INSERT INTO notices_rebuilt (tenant_id, id, application_id, decision_id, way, state, made_at, arrived_at, posted_on, version)
    SELECT tenant_id, id, application_id, decision_id, way, state, made_at, arrived_at, posted_on, version FROM notices WHERE about = 'decision';
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
    FROM notice_acts
    WHERE EXISTS (SELECT 1 FROM notices_rebuilt kept WHERE kept.tenant_id = notice_acts.tenant_id AND kept.id = notice_acts.notice_id);

DROP TABLE notice_acts;
DROP TABLE notices;
ALTER TABLE notices_rebuilt RENAME TO notices;
ALTER TABLE notice_acts_rebuilt RENAME TO notice_acts;
CREATE INDEX notices_of_application ON notices (tenant_id, application_id, id);
CREATE INDEX notices_on_paper ON notices (tenant_id, id) WHERE state IN ('to_print', 'returned');

CREATE TRIGGER notice_acts_no_update BEFORE UPDATE ON notice_acts BEGIN SELECT RAISE(ABORT, 'notice_acts is append-only'); END;
CREATE TRIGGER notice_acts_no_delete BEFORE DELETE ON notice_acts BEGIN SELECT RAISE(ABORT, 'notice_acts is append-only'); END;
CREATE TRIGGER notices_no_delete BEFORE DELETE ON notices BEGIN SELECT RAISE(ABORT, 'notices are kept'); END;
CREATE TRIGGER notices_arrive_once BEFORE UPDATE OF arrived_at ON notices WHEN OLD.arrived_at IS NOT NULL AND OLD.arrived_at IS NOT NEW.arrived_at BEGIN SELECT RAISE(ABORT, 'a notice arrives once'); END;
