DROP TABLE bulk_approvals;
DROP INDEX officer_posts_at_desk;
ALTER TABLE approval_acts DROP COLUMN event_seq;
ALTER TABLE approval_acts DROP COLUMN content_sha256;
DROP TABLE acting_instructions;
DROP TABLE post_reviews;
DROP TABLE acting_decisions;
