DROP TABLE stamp_uses;
ALTER TABLE invoices DROP COLUMN stamped;
