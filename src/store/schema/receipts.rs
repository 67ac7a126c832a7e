//! The tables of what the payer is told and given: notices (納入通知) and receipts (領収証書).

diesel::table! {
    payment_notices (tenant_id, invoice_id) {
        tenant_id -> Text,
        invoice_id -> Text,
        application_id -> Text,
        number -> Text,
        way -> Text,
        content -> Text,
        content_sha256 -> Text,
        issued_at -> BigInt,
    }
}
diesel::table! {
    receipts (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        invoice_id -> Text,
        payment_id -> Text,
        sequence_no -> BigInt,
        kind -> Text,
        legal_role -> Text,
        number -> Text,
        amount -> BigInt,
        content -> Text,
        content_sha256 -> Text,
        sealed_names -> Binary,
        issued_at -> BigInt,
    }
}
diesel::table! {
    receipt_revocations (tenant_id, receipt_id) {
        tenant_id -> Text,
        receipt_id -> Text,
        ground -> Text,
        revoked_by -> Nullable<Text>,
        sealed_reason -> Nullable<Binary>,
        revoked_at -> BigInt,
    }
}
diesel::table! {
    receipt_reissues (tenant_id, receipt_id, reissue_no) {
        tenant_id -> Text,
        receipt_id -> Text,
        reissue_no -> BigInt,
        reissued_by -> Text,
        sealed_reason -> Binary,
        reissued_at -> BigInt,
    }
}
