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
    sealed_statement BLOB NOT NULL,
    -- SHA-256 of the text.
    statement_sha256 BLOB NOT NULL,
    -- What is asked for with the conclusion, in yen; none where nothing is.
    price INTEGER CHECK (price >= 0),
    -- The assessment of the price, sealed with the case's key: it is claimed with the conclusion as it was offered.
    sealed_fee BLOB,
    offered_on TEXT NOT NULL,
    sign_by TEXT NOT NULL,
    -- The day of the later signature.
    concluded_on TEXT,
    -- The number of acts.
    version INTEGER NOT NULL CHECK (version >= 0),
    offered_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, application_id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id),
    FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions (tenant_id, id),
    CHECK ((state = 'concluded') = (concluded_on IS NOT NULL)),
    CHECK (sign_by >= offered_on),
    CHECK ((price IS NULL) = (sealed_fee IS NULL))
) STRICT;
CREATE INDEX contracts_to_lapse ON contracts (tenant_id, sign_by, id) WHERE state = 'offered';

-- What was done about a contract, in its order: where it stands follows from it.
CREATE TABLE contract_acts (
    tenant_id TEXT NOT NULL,
    contract_id TEXT NOT NULL,
    act_no INTEGER NOT NULL CHECK (act_no > 0),
    act TEXT NOT NULL CHECK (act IN ('signed_by_counterpart', 'confirmed', 'rejected', 'signed_by_office', 'withdrawn', 'lapsed')),
    -- The account or the officer; none where the clock did it.
    actor_id TEXT,
    -- Signature and certificates, a note or a reason, sealed with the case's key.
    sealed_detail BLOB,
    acted_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, contract_id, act_no),
    FOREIGN KEY (tenant_id, contract_id) REFERENCES contracts (tenant_id, id),
    CHECK ((act = 'lapsed') = (actor_id IS NULL)),
    CHECK ((act = 'lapsed') = (sealed_detail IS NULL))
) STRICT;
CREATE TRIGGER contracts_no_delete BEFORE DELETE ON contracts BEGIN SELECT RAISE(ABORT, 'contracts are kept'); END;
CREATE TRIGGER contracts_end_once BEFORE UPDATE ON contracts WHEN OLD.state <> 'offered' BEGIN SELECT RAISE(ABORT, 'contracts end once'); END;
CREATE TRIGGER contract_acts_no_update BEFORE UPDATE ON contract_acts BEGIN SELECT RAISE(ABORT, 'contract_acts is append-only'); END;
CREATE TRIGGER contract_acts_no_delete BEFORE DELETE ON contract_acts BEGIN SELECT RAISE(ABORT, 'contract_acts is append-only'); END;
