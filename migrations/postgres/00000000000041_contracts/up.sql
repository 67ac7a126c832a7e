-- 契約 (R-103): offered with a decision, concluded by the second signature and never before. An ended contract is never rewritten.
CREATE TABLE contracts (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    decision_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('offered', 'concluded', 'lapsed', 'withdrawn')),
    -- Who signs for the body.
    authority TEXT NOT NULL,
    -- The exact text that both sides sign, sealed with the case's key.
    sealed_statement BYTEA NOT NULL,
    -- SHA-256 of the text.
    statement_sha256 BYTEA NOT NULL,
    -- What is asked for with the conclusion, in yen; none where nothing is.
    price BIGINT CHECK (price >= 0),
    -- The assessment of the price, sealed with the case's key: it is claimed with the conclusion as it was offered.
    sealed_fee BYTEA,
    offered_on TEXT NOT NULL,
    sign_by TEXT NOT NULL,
    -- The day of the later signature.
    concluded_on TEXT,
    -- The number of acts.
    version BIGINT NOT NULL CHECK (version >= 0),
    offered_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, application_id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id),
    FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions (tenant_id, id),
    CHECK ((state = 'concluded') = (concluded_on IS NOT NULL)),
    CHECK (sign_by >= offered_on),
    CHECK ((price IS NULL) = (sealed_fee IS NULL))
);
CREATE INDEX contracts_to_lapse ON contracts (tenant_id, sign_by, id) WHERE state = 'offered';

-- What was done about a contract, in its order: where it stands follows from it.
CREATE TABLE contract_acts (
    tenant_id TEXT NOT NULL,
    contract_id TEXT NOT NULL,
    act_no BIGINT NOT NULL CHECK (act_no > 0),
    act TEXT NOT NULL CHECK (act IN ('signed_by_counterpart', 'confirmed', 'rejected', 'signed_by_office', 'withdrawn', 'lapsed')),
    -- The account or the officer; none where the clock did it.
    actor_id TEXT,
    -- Signature and certificates, a note or a reason, sealed with the case's key.
    sealed_detail BYTEA,
    acted_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, contract_id, act_no),
    FOREIGN KEY (tenant_id, contract_id) REFERENCES contracts (tenant_id, id),
    CHECK ((act = 'lapsed') = (actor_id IS NULL)),
    CHECK ((act = 'lapsed') = (sealed_detail IS NULL))
);
CREATE TRIGGER contracts_no_delete BEFORE DELETE ON contracts FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER contracts_end_once BEFORE UPDATE ON contracts FOR EACH ROW WHEN (OLD.state <> 'offered') EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER contract_acts_append_only BEFORE UPDATE OR DELETE ON contract_acts FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
