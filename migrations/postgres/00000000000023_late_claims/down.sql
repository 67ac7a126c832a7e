DROP TABLE acknowledgements;
DROP TABLE charges;
DROP INDEX invoices_of_principal;
ALTER TABLE invoices DROP COLUMN principal_id;
