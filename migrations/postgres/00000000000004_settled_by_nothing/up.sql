-- Where nothing is owed the invoice says so and is settled: waived or canceled.
ALTER TABLE invoices DROP CONSTRAINT IF EXISTS invoices_total_check;
ALTER TABLE invoices ADD CONSTRAINT invoices_total_check CHECK (total > 0 OR (total = 0 AND state IN ('waived', 'canceled')));
