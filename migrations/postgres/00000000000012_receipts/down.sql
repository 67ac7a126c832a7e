DROP TABLE receipt_reissues;
DROP TABLE receipt_revocations;
DROP TABLE receipts;
DROP TABLE payment_notices;
ALTER TABLE invoices DROP COLUMN due_on;
