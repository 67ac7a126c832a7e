DROP TABLE clock_pause_ends;
DROP TABLE clock_pauses;
