-- Money at the counter is received whole within one transaction, so it comes beside an attempt that is open online: the
-- first payment wins, and the attempt is closed at its gateway. What can still take money at a gateway stays alone.
DROP INDEX payments_one_live;
CREATE UNIQUE INDEX payments_one_live ON payments (tenant_id, payable_id)
    WHERE state IN ('submitting', 'requires_action', 'awaiting_payment', 'processing', 'authorized', 'unknown');
-- What came beyond a debt waits for people who send it back.
CREATE INDEX invoices_overpaid ON invoices (tenant_id, id) WHERE state = 'overpaid';
