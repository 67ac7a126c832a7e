DROP TABLE payouts;
DROP TABLE refund_headroom;
DROP TABLE refunds;
