DROP TABLE counter_payments;
