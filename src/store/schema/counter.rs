//! The tables of the counter (窓口).

diesel::table! {
    counter_payments (tenant_id, payment_id) {
        tenant_id -> Text,
        payment_id -> Text,
        application_id -> Text,
        invoice_id -> Text,
        means -> Text,
        received_on -> Text,
        sealed_reference -> Nullable<Binary>,
        recorded_by -> Text,
        recorded_at -> BigInt,
        reversed_by -> Nullable<Text>,
        reversed_at -> Nullable<BigInt>,
        sealed_reason -> Nullable<Binary>,
    }
}
