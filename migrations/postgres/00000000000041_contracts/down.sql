DROP TABLE contract_acts;
DROP TABLE contracts;
