DROP TABLE payment_payers;
DROP TABLE payment_links;
DROP INDEX invoices_overpaid;
DROP INDEX payments_one_live;
CREATE UNIQUE INDEX payments_one_live ON payments (tenant_id, payable_id)
    WHERE state IN ('created', 'submitting', 'requires_action', 'awaiting_payment', 'processing', 'authorized', 'unknown');
