DROP TABLE set_off_payments;
DROP TABLE set_offs;
DROP TABLE refund_interest_terms;
DROP TABLE refund_claims;
DROP TABLE refund_notices;
DROP INDEX refunds_by_interest;
ALTER TABLE refunds DROP CONSTRAINT refunds_interest_in_a_file;
ALTER TABLE refunds DROP CONSTRAINT refunds_interest_to_pay;
ALTER TABLE refunds DROP COLUMN interest_payout_id;
ALTER TABLE refunds DROP COLUMN interest_state;
ALTER TABLE refunds DROP COLUMN interest;
-- The table before knows no set-off: as far as it can tell, such money was paid out by hand.
ALTER TABLE refunds DROP CONSTRAINT refunds_route_check;
UPDATE refunds SET route = 'bank_transfer' WHERE route = 'set_off';
ALTER TABLE refunds ADD CONSTRAINT refunds_route_check CHECK (route IN ('gateway', 'bank_transfer'));
