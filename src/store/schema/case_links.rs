//! The table of links between cases.

use super::applications;
use super::dispositions::permits;

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
diesel::allow_tables_to_appear_in_same_query!(case_links, permits);
diesel::allow_tables_to_appear_in_same_query!(case_links, applications);
