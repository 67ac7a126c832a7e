ALTER TABLE invoices DROP CONSTRAINT invoices_total_check;
ALTER TABLE invoices ADD CONSTRAINT invoices_total_check CHECK (total > 0);
