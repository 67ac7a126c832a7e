DROP TABLE bulk_reviews;
DROP TABLE absences;
DROP TABLE queue_views;
DROP INDEX applications_open_of_procedure;
DROP INDEX applications_open_by_due_date;
DROP INDEX applications_open_by_arrival;
