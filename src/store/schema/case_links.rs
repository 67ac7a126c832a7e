//! The table of links between cases.

diesel::table! {
    case_links (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        other_id -> Text,
        kind -> Text,
        sealed_reason -> Binary,
        linked_by -> Text,
        linked_at -> BigInt,
        sealed_end_reason -> Nullable<Binary>,
        ended_by -> Nullable<Text>,
        ended_at -> Nullable<BigInt>,
    }
}
