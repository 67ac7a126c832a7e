DROP INDEX access_log_by_time;
DROP TABLE checkpoints;
