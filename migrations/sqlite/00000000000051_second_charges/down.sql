DROP INDEX payments_charged_beside;
ALTER TABLE payments DROP COLUMN charged_beside;
