//! The table of cases that were sent on.

diesel::table! {
    transfers (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        direction -> Text,
        from_tenant -> Text,
        from_department -> Text,
        to_tenant -> Text,
        to_department -> Text,
        other_application_id -> Nullable<Text>,
        sealed_grounds -> Binary,
        pauses -> Text,
        officer_id -> Text,
        transferred_at -> BigInt,
    }
}
