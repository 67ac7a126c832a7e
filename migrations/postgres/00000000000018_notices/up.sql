-- Whether the applicant wants notices of a case electronically (R-37): every wish is kept, the newest one counts.
CREATE TABLE notice_consents (
    tenant_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    consent_no BIGINT NOT NULL CHECK (consent_no > 0),
    way TEXT NOT NULL CHECK (way IN ('electronic', 'paper')),
    account_id TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, application_id, consent_no),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
);

-- The notice of a decision (処分の通知): where it stands on its way. Without consent it goes by paper.
CREATE TABLE notices (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    decision_id TEXT NOT NULL,
    way TEXT NOT NULL CHECK (way IN ('electronic', 'paper')),
    state TEXT NOT NULL CHECK (state IN ('available', 'arrived', 'to_print', 'posted', 'returned')),
    made_at BIGINT NOT NULL,
    -- 到達: the first retrieval by the addressee (R-38); of paper it is not known here.
    arrived_at BIGINT,
    posted_on TEXT,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, decision_id),
    FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions (tenant_id, id),
    CHECK ((way = 'electronic') = (state IN ('available', 'arrived'))),
    CHECK ((state = 'arrived') = (arrived_at IS NOT NULL)),
    CHECK (state NOT IN ('posted', 'returned') OR posted_on IS NOT NULL)
);
CREATE INDEX notices_of_application ON notices (tenant_id, application_id, id);
CREATE INDEX notices_on_paper ON notices (tenant_id, id) WHERE state IN ('to_print', 'returned');

-- Every step of a notice, never changed, never deleted.
CREATE TABLE notice_acts (
    tenant_id TEXT NOT NULL,
    notice_id TEXT NOT NULL,
    act_no BIGINT NOT NULL CHECK (act_no > 0),
    application_id TEXT NOT NULL,
    act TEXT NOT NULL CHECK (act IN ('made', 'arrived', 'posted', 'returned', 'turned_to_paper')),
    -- The day on the post's stamp, or on which it came back.
    happened_on TEXT NOT NULL,
    -- Tracking number, or why: sealed with the case's key.
    sealed_text BYTEA,
    actor_kind TEXT NOT NULL CHECK (actor_kind IN ('applicant', 'officer')),
    actor_id TEXT NOT NULL,
    acted_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, notice_id, act_no),
    FOREIGN KEY (tenant_id, notice_id) REFERENCES notices (tenant_id, id)
);

-- What came on paper, by telephone or over the counter and was entered by staff for somebody without an account (R-194): when
-- it came in, as the officer attests. Name and address stand sealed in the case's party.
CREATE TABLE paper_filings (
    tenant_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('counter', 'post', 'phone')),
    applicant_kind TEXT NOT NULL CHECK (applicant_kind IN ('resident', 'business')),
    received_at BIGINT NOT NULL,
    entered_by TEXT NOT NULL,
    entered_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, application_id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id),
    CHECK (received_at <= entered_at)
);

CREATE TRIGGER notice_consents_append_only BEFORE UPDATE OR DELETE ON notice_consents FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER notice_acts_append_only BEFORE UPDATE OR DELETE ON notice_acts FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER notices_no_delete BEFORE DELETE ON notices FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER notices_arrive_once BEFORE UPDATE OF arrived_at ON notices FOR EACH ROW
    WHEN (OLD.arrived_at IS NOT NULL AND OLD.arrived_at IS DISTINCT FROM NEW.arrived_at) EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER paper_filings_append_only BEFORE UPDATE OR DELETE ON paper_filings FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
