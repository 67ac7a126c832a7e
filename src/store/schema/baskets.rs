//! The tables of baskets.
#![expect(
    missing_docs,
    reason = "the macro writes public items; the columns are described in the migrations"
)]

diesel::table! {
    baskets (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        account_id -> Text,
        total -> BigInt,
        created_at -> BigInt,
    }
}
diesel::table! {
    basket_applications (tenant_id, application_id) {
        tenant_id -> Text,
        application_id -> Text,
        basket_id -> Text,
        position -> BigInt,
        terms -> Text,
    }
}
