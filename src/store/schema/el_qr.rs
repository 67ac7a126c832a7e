//! The tables of public money by eL-QR: slips, files of them, and what was paid.

use super::invoices;

diesel::table! {
    el_qr_slips (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        invoice_id -> Text,
        sequence_no -> BigInt,
        institution_number -> Text,
        payment_number -> Text,
        confirmation_number -> Text,
        payment_category -> Text,
        amount -> BigInt,
        payable_until -> Nullable<Text>,
        code_text -> Text,
        layout_version -> Text,
        replaces -> Nullable<Text>,
        state -> Text,
        withdrawal_reason -> Nullable<Text>,
        version -> BigInt,
        issued_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    el_qr_uploads (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        record_count -> BigInt,
        layout_version -> Text,
        file_sha256 -> Text,
        wrapped_key -> Binary,
        sealed_file -> Binary,
        made_by -> Nullable<Text>,
        made_at -> BigInt,
    }
}
diesel::table! {
    el_qr_upload_records (tenant_id, upload_id, line_no) {
        tenant_id -> Text,
        upload_id -> Text,
        line_no -> BigInt,
        slip_id -> Text,
        operation -> Text,
        outcome -> Nullable<Text>,
        outcome_code -> Nullable<Text>,
        answered_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    el_qr_files (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        kind -> Text,
        upload_id -> Nullable<Text>,
        sha256 -> Text,
        line_count -> BigInt,
        new_count -> BigInt,
        wrapped_key -> Binary,
        sealed_file -> Binary,
        imported_by -> Text,
        recorded_at -> BigInt,
    }
}
diesel::table! {
    el_qr_lines (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        file_id -> Text,
        line_no -> BigInt,
        payment_key -> Text,
        institution_number -> Nullable<Text>,
        payment_number -> Text,
        confirmation_number -> Nullable<Text>,
        amount -> BigInt,
        paid_on -> Text,
        channel -> Nullable<Text>,
        state -> Text,
        trouble -> Nullable<Text>,
        slip_id -> Nullable<Text>,
        payment_id -> Nullable<Text>,
        proof -> Nullable<Text>,
        judged_at -> Nullable<BigInt>,
        recorded_at -> BigInt,
    }
}
diesel::table! {
    el_qr_cancellations (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        file_id -> Text,
        line_no -> BigInt,
        payment_key -> Text,
        payment_number -> Text,
        amount -> BigInt,
        stated_on -> Text,
        recorded_at -> BigInt,
    }
}
diesel::allow_tables_to_appear_in_same_query!(el_qr_upload_records, el_qr_slips);
diesel::allow_tables_to_appear_in_same_query!(el_qr_slips, invoices);
