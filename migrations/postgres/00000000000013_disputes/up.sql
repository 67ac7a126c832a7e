-- A payer's bank contests a payment (異議申立て): a dimension of its own beside the payment, one row a dispute of a gateway.
CREATE TABLE disputes (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    gateway TEXT NOT NULL,
    gateway_dispute_id TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount >= 0),
    -- The reason in the gateway's own code.
    reason_code TEXT,
    state TEXT NOT NULL CHECK (state IN ('needs_response', 'under_review', 'won', 'lost')),
    respond_by BIGINT,
    -- The last reminder before the deadline, by its days before it.
    reminded_days_before BIGINT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id)
);
-- However often and in whatever order a gateway tells of it, one dispute is one row.
CREATE UNIQUE INDEX disputes_at_gateway ON disputes (tenant_id, gateway, gateway_dispute_id);
CREATE INDEX disputes_of_payment ON disputes (tenant_id, payment_id, id);
CREATE INDEX disputes_by_state ON disputes (tenant_id, state, id);

-- A dispute names its payment by the gateway's id alone.
CREATE INDEX payments_at_gateway ON payments (tenant_id, gateway, gateway_payment_id);
