-- 標準処理期間の停止 (R-18): why the clock of a case stands still now, or stood still when the case ended; nothing while it runs. Kept with
-- the case, so that a queue finds what is late without a look at corrections, recorded pauses and invoices.
ALTER TABLE applications ADD COLUMN paused_for TEXT
    CHECK (paused_for IN ('correction', 'fee_payment', 'applicant_change', 'extra_documents', 'in_transit'));
-- A fee that is due on issue has no invoice before the decision, so an unpaid one of an open case always stops its clock.
UPDATE applications SET paused_for = CASE
    WHEN EXISTS (SELECT 1 FROM corrections WHERE corrections.tenant_id = applications.tenant_id
        AND corrections.application_id = applications.id
        AND corrections.answered_at IS NULL AND corrections.ended_at IS NULL) THEN 'correction'
    WHEN EXISTS (SELECT 1 FROM invoices WHERE invoices.tenant_id = applications.tenant_id
        AND invoices.application_id = applications.id AND invoices.principal_id IS NULL
        AND invoices.state IN ('unpaid', 'pending')) THEN 'fee_payment'
    ELSE (SELECT MIN(clock_pauses.reason) FROM clock_pauses
        LEFT JOIN clock_pause_ends ON clock_pause_ends.tenant_id = clock_pauses.tenant_id
            AND clock_pause_ends.pause_id = clock_pauses.id
        WHERE clock_pauses.tenant_id = applications.tenant_id AND clock_pauses.application_id = applications.id
            AND clock_pause_ends.pause_id IS NULL)
    END
    WHERE state IN ('submitted', 'under_review', 'correction_requested', 'inquiry', 'in_approval');
-- What is late is looked for among the cases whose clock runs, by department and for the whole body.
CREATE INDEX applications_running_by_due_date ON applications (tenant_id, department, COALESCE(due_on, '9999-12-31'), id)
    WHERE state IN ('submitted', 'under_review', 'in_approval') AND paused_for IS NULL;
CREATE INDEX applications_running_by_arrival ON applications (tenant_id, department, arrived_at, id)
    WHERE state IN ('submitted', 'under_review', 'in_approval') AND paused_for IS NULL;
DROP INDEX applications_under_clock;
CREATE INDEX applications_under_clock ON applications (tenant_id, due_on, id)
    WHERE state IN ('submitted', 'under_review', 'in_approval') AND paused_for IS NULL;

-- 期限超過の報告 (R-19): each level of it is told once a case and due date; after a pause the date is another one.
ALTER TABLE escalations DROP CONSTRAINT escalations_pkey;
ALTER TABLE escalations ADD PRIMARY KEY (tenant_id, application_id, level, due_on);
