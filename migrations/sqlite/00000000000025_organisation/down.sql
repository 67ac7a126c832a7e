DROP TABLE organisation_imports;
DROP TABLE departments;
