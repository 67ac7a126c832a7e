DROP INDEX payments_at_gateway;
DROP TABLE disputes;
