DROP TABLE public_filings;
DROP TABLE decision_signatures;
DROP TABLE original_checks;
ALTER TABLE paper_filings DROP COLUMN identity_check;
ALTER TABLE sessions DROP COLUMN assurance;
