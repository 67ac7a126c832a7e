DROP TABLE paper_filings;
DROP TABLE notice_acts;
DROP TABLE notices;
DROP TABLE notice_consents;
