-- What a person must look at about a payment: written with the event of the case, and handled once, with a word.
CREATE TABLE payment_alerts (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    code TEXT NOT NULL,
    -- What was found; nothing where the code says all.
    found TEXT,
    raised_at INTEGER NOT NULL,
    handled_at INTEGER,
    handled_by TEXT,
    comment TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id),
    CHECK ((handled_at IS NULL) = (handled_by IS NULL)),
    CHECK ((handled_at IS NULL) = (comment IS NULL))
) STRICT;
CREATE INDEX payment_alerts_open ON payment_alerts (tenant_id, id) WHERE handled_at IS NULL;
CREATE TRIGGER payment_alerts_no_delete BEFORE DELETE ON payment_alerts BEGIN SELECT RAISE(ABORT, 'payment_alerts are kept'); END;
CREATE TRIGGER payment_alerts_once_handled BEFORE UPDATE ON payment_alerts WHEN OLD.handled_at IS NOT NULL
    OR NEW.payment_id <> OLD.payment_id OR NEW.code <> OLD.code OR NEW.found IS NOT OLD.found OR NEW.raised_at <> OLD.raised_at
BEGIN SELECT RAISE(ABORT, 'a payment alert is only handled, once'); END;
-- What was raised before: ids in the order of time, like those that follow.
INSERT INTO payment_alerts (tenant_id, id, application_id, payment_id, code, found, raised_at)
    SELECT e.tenant_id,
        substr(printf('%012x', e.at / 1000), 1, 8) || '-' || substr(printf('%012x', e.at / 1000), 9, 4) || '-7'
            || substr(lower(hex(randomblob(2))), 2, 3) || '-8' || substr(lower(hex(randomblob(2))), 2, 3) || '-'
            || lower(hex(randomblob(6))),
        e.application_id, p.id, json_extract(e.facts, '$.alert'), json_extract(e.facts, '$.found'), e.at
    FROM events e
    JOIN payments p ON p.tenant_id = e.tenant_id AND p.id = json_extract(e.facts, '$.payment')
    WHERE e.kind = 'payment_alert';

-- The numbers of a slip (払込票) or of Pay-easy (R-83), as text: zeros in front count.
CREATE TABLE payment_slips (
    tenant_id TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('konbini', 'pay_easy')),
    biller_number TEXT CHECK (length(biller_number) = 5),
    payment_number TEXT CHECK (length(payment_number) BETWEEN 1 AND 20),
    confirmation_number TEXT,
    payment_category TEXT,
    store TEXT,
    receipt_number TEXT,
    instructions_url TEXT,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, payment_id),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id),
    CHECK (kind <> 'pay_easy' OR (biller_number IS NOT NULL AND payment_number IS NOT NULL AND confirmation_number IS NOT NULL))
) STRICT;

-- The lock under which payments of a merchant account are opened that has a ceiling: one row a body and account.
CREATE TABLE merchant_ceilings (
    tenant_id TEXT NOT NULL,
    gateway TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    PRIMARY KEY (tenant_id, gateway)
) STRICT;
-- What an account took by day, and what is still open of it.
CREATE INDEX payments_taken ON payments (tenant_id, gateway, captured_on, method, captured) WHERE captured_on IS NOT NULL;
CREATE INDEX payments_standing ON payments (tenant_id, gateway, state, method, amount);

-- That a waiver was got by a false statement (R-65): the evidence and the most that may be imposed; nothing is claimed by it.
CREATE TABLE false_claims (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    waiver_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    evaded INTEGER NOT NULL CHECK (evaded > 0),
    ceiling INTEGER NOT NULL CHECK (ceiling > 0),
    -- The ordinance as it was on the day of the grant (JSON).
    terms TEXT NOT NULL,
    sealed_statement BLOB NOT NULL,
    -- Files with the digests of their sealed bytes (JSON).
    evidence TEXT NOT NULL,
    recorded_by TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, waiver_id),
    FOREIGN KEY (tenant_id, waiver_id) REFERENCES waivers (tenant_id, id)
) STRICT;
CREATE TRIGGER false_claims_no_update BEFORE UPDATE ON false_claims BEGIN SELECT RAISE(ABORT, 'false_claims is append-only'); END;
CREATE TRIGGER false_claims_no_delete BEFORE DELETE ON false_claims BEGIN SELECT RAISE(ABORT, 'false_claims is append-only'); END;
