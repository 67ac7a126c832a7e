-- What a gateway took a second time in one checkout is a payment of its own, beside the one that was asked for; once, however often it is told.
ALTER TABLE payments ADD COLUMN charged_beside TEXT;
CREATE UNIQUE INDEX payments_charged_beside ON payments (tenant_id, charged_beside, gateway_payment_id)
    WHERE charged_beside IS NOT NULL;
