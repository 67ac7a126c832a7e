DROP INDEX invoices_late;
DROP TABLE demands;
DROP TABLE reassessments;
DROP TABLE waivers;
ALTER TABLE invoices DROP COLUMN written_off;
ALTER TABLE invoices DROP COLUMN reduced;
ALTER TABLE invoices DROP CONSTRAINT invoices_state_check;
ALTER TABLE invoices ADD CONSTRAINT invoices_state_check CHECK (state IN ('unpaid', 'pending', 'entrusted', 'paid',
    'overpaid', 'partially_refunded', 'refunded', 'waived', 'canceled'));
