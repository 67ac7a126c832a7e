DROP TABLE undelivered_mails;
