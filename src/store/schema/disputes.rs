//! The table of contested payments (異議申立て).

diesel::table! {
    disputes (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        invoice_id -> Text,
        payment_id -> Text,
        gateway -> Text,
        gateway_dispute_id -> Text,
        amount -> BigInt,
        reason_code -> Nullable<Text>,
        state -> Text,
        respond_by -> Nullable<BigInt>,
        reminded_days_before -> Nullable<BigInt>,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
