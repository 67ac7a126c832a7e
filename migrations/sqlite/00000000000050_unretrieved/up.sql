-- R-37: an electronic notice that nobody retrieves is work, too: it is sent by letter after some days.
DROP INDEX notices_on_paper;
CREATE INDEX notices_to_send ON notices (tenant_id, id) WHERE state IN ('to_print', 'returned', 'available');
