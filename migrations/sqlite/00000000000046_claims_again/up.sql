-- R-65, R-87: the claim of a revoked waiver that a refund had ended is assessed again, as another one, where that refund came to nothing.
CREATE TABLE revived_claims (
    tenant_id TEXT NOT NULL,
    claim_id TEXT NOT NULL,
    -- The claim that had ended.
    replaces_id TEXT NOT NULL,
    waiver_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    assessed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, claim_id),
    -- However often the refund is heard of, it is assessed again once.
    UNIQUE (tenant_id, replaces_id),
    FOREIGN KEY (tenant_id, claim_id) REFERENCES invoices (tenant_id, id),
    FOREIGN KEY (tenant_id, replaces_id) REFERENCES invoices (tenant_id, id),
    FOREIGN KEY (tenant_id, waiver_id) REFERENCES waiver_revocations (tenant_id, waiver_id),
    CHECK (claim_id <> replaces_id)
) STRICT;
CREATE INDEX revived_claims_of_case ON revived_claims (tenant_id, application_id);
CREATE TRIGGER revived_claims_no_update BEFORE UPDATE ON revived_claims BEGIN SELECT RAISE(ABORT, 'revived_claims is append-only'); END;
CREATE TRIGGER revived_claims_no_delete BEFORE DELETE ON revived_claims BEGIN SELECT RAISE(ABORT, 'revived_claims is append-only'); END;
