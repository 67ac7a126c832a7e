//! The tables of corrections that were answered and of what followed.

use super::applications;

diesel::table! {
    resubmissions (tenant_id, correction_id) {
        tenant_id -> Text,
        correction_id -> Text,
        application_id -> Text,
        revision_before -> BigInt,
        revision_after -> BigInt,
        attachments_after -> Text,
        department_before -> Text,
        department_after -> Text,
        due_on_before -> Nullable<Text>,
        due_on_after -> Nullable<Text>,
        fee_before -> Nullable<BigInt>,
        fee_after -> Nullable<BigInt>,
        answered_at -> BigInt,
    }
}
diesel::table! {
    fee_lowerings (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        invoice_id -> Text,
        correction_id -> Nullable<Text>,
        cause -> Text,
        lowered -> Text,
        lines -> Text,
        amount -> BigInt,
        owed -> BigInt,
        lowered_at -> BigInt,
    }
}
diesel::table! {
    case_tasks (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        kind -> Text,
        subject_id -> Text,
        due_on -> Text,
        state -> Text,
        created_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        ended_by -> Nullable<Text>,
        sealed_reason -> Nullable<Binary>,
    }
}
diesel::allow_tables_to_appear_in_same_query!(case_tasks, applications);
diesel::table! {
    delay_reasons (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        sealed_reason -> Binary,
        due_on -> Text,
        expected_on -> Text,
        recorded_by -> Text,
        recorded_at -> BigInt,
    }
}
diesel::table! {
    escalations (tenant_id, application_id, level, due_on) {
        tenant_id -> Text,
        application_id -> Text,
        level -> Text,
        due_on -> Text,
        told -> Text,
        escalated_at -> BigInt,
    }
}
diesel::table! {
    checklist_marks (tenant_id, application_id, mark_no) {
        tenant_id -> Text,
        application_id -> Text,
        mark_no -> BigInt,
        item -> Text,
        result -> Text,
        sealed_comment -> Nullable<Binary>,
        form_revision -> BigInt,
        officer_id -> Text,
        marked_at -> BigInt,
    }
}
diesel::table! {
    original_checks (tenant_id, application_id, check_no) {
        tenant_id -> Text,
        application_id -> Text,
        check_no -> BigInt,
        part -> Text,
        code -> Nullable<Text>,
        attachment_id -> Nullable<Text>,
        way -> Text,
        identity_check -> Nullable<Text>,
        result -> Text,
        seen_on -> Text,
        sealed_note -> Nullable<Binary>,
        officer_id -> Text,
        recorded_at -> BigInt,
    }
}
diesel::table! {
    public_filings (tenant_id, procedure, application_id) {
        tenant_id -> Text,
        procedure -> Text,
        application_id -> Text,
        opened_at -> BigInt,
    }
}
