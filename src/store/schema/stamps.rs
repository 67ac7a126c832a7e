//! The table of stamps that were cancelled (証紙の消印).

diesel::table! {
    stamp_uses (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        invoice_id -> Text,
        stamps -> Text,
        amount -> BigInt,
        cancelled_on -> Text,
        cancelled_by -> Text,
        recorded_at -> BigInt,
        reversed_by -> Nullable<Text>,
        reversed_at -> Nullable<BigInt>,
        sealed_reason -> Nullable<Binary>,
    }
}
