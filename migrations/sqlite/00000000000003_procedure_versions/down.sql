DROP TABLE publication_events;
DROP TABLE publications;
DROP TABLE catalogue_state;
