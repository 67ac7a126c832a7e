DROP TABLE case_links;
DROP TABLE inspection_acts;
DROP TABLE inspections;
DROP TABLE opinions;
DROP TABLE guidance_refusals;
DROP TABLE message_reads;
DROP TABLE messages;
