DROP TABLE el_qr_cancellations;
ALTER TABLE el_qr_lines DISABLE TRIGGER el_qr_lines_once_judged;
UPDATE el_qr_lines SET trouble = 'withdrawn' WHERE trouble = 'taken_back';
ALTER TABLE el_qr_lines ENABLE TRIGGER el_qr_lines_once_judged;
ALTER TABLE el_qr_lines DROP CONSTRAINT el_qr_lines_trouble_check;
ALTER TABLE el_qr_lines ADD CONSTRAINT el_qr_lines_trouble_check
    CHECK (trouble IN ('unknown_number', 'withdrawn', 'amount_differs', 'before_issue'));
