DROP TABLE false_claims;
DROP INDEX payments_standing;
DROP INDEX payments_taken;
DROP TABLE merchant_ceilings;
DROP TABLE payment_slips;
DROP TABLE payment_alerts;
