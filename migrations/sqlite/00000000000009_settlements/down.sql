DROP INDEX payments_by_gateway_id;
DROP TABLE reconciliation_exceptions;
DROP TABLE settlement_matches;
DROP TABLE settlement_lines;
DROP TABLE settlement_sources;
DROP TABLE settlements;
