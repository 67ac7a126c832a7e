-- Applications of one person that arrived at the same time (同時申請): which they are, and for each the fee items whose full
-- price another one of them bears, as JSON from the version of the item to that application's number.

CREATE TABLE baskets (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    total BIGINT NOT NULL CHECK (total >= 0),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE basket_applications (
    tenant_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    basket_id TEXT NOT NULL,
    position BIGINT NOT NULL CHECK (position >= 0),
    terms TEXT NOT NULL,
    PRIMARY KEY (tenant_id, application_id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id),
    FOREIGN KEY (tenant_id, basket_id) REFERENCES baskets (tenant_id, id)
);
CREATE UNIQUE INDEX basket_applications_position ON basket_applications (tenant_id, basket_id, position);
