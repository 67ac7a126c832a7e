-- A line that was left to people becomes a payment once two of them agree (R-84); else it is judged once.
DROP TRIGGER el_qr_lines_once_judged ON el_qr_lines;
CREATE TRIGGER el_qr_lines_once_judged BEFORE UPDATE ON el_qr_lines FOR EACH ROW
    WHEN ((OLD.judged_at IS NOT NULL AND NOT (OLD.state = 'referred' AND NEW.state = 'booked'))
    OR NEW.payment_key IS DISTINCT FROM OLD.payment_key
    OR NEW.payment_number IS DISTINCT FROM OLD.payment_number
    OR NEW.amount IS DISTINCT FROM OLD.amount
    OR NEW.paid_on IS DISTINCT FROM OLD.paid_on
    OR NEW.file_id IS DISTINCT FROM OLD.file_id)
    EXECUTE FUNCTION refuse_rewriting();
