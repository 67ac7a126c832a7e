//! The tables beside payments: what people must look at, the numbers of slips, and the locks of ceilings.

diesel::table! {
    payment_alerts (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        payment_id -> Text,
        code -> Text,
        found -> Nullable<Text>,
        raised_at -> BigInt,
        handled_at -> Nullable<BigInt>,
        handled_by -> Nullable<Text>,
        comment -> Nullable<Text>,
    }
}
diesel::table! {
    payment_slips (tenant_id, payment_id) {
        tenant_id -> Text,
        payment_id -> Text,
        application_id -> Text,
        kind -> Text,
        biller_number -> Nullable<Text>,
        payment_number -> Nullable<Text>,
        confirmation_number -> Nullable<Text>,
        payment_category -> Nullable<Text>,
        store -> Nullable<Text>,
        receipt_number -> Nullable<Text>,
        instructions_url -> Nullable<Text>,
        seen_at -> BigInt,
    }
}
diesel::table! {
    merchant_ceilings (tenant_id, gateway) {
        tenant_id -> Text,
        gateway -> Text,
        id -> Text,
    }
}
