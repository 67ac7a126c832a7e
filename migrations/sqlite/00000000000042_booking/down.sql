DROP TRIGGER el_qr_lines_once_judged;
CREATE TRIGGER el_qr_lines_once_judged BEFORE UPDATE ON el_qr_lines WHEN OLD.judged_at IS NOT NULL
    OR NEW.payment_key IS NOT OLD.payment_key
    OR NEW.payment_number IS NOT OLD.payment_number
    OR NEW.amount IS NOT OLD.amount
    OR NEW.paid_on IS NOT OLD.paid_on
    OR NEW.file_id IS NOT OLD.file_id
BEGIN SELECT RAISE(ABORT, 'a reported payment is judged once'); END;
