DROP TABLE revived_claims;
