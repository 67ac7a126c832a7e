//! The table of requests for the opinion of another office.

use super::applications;

diesel::table! {
    opinions (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        department -> Text,
        state -> Text,
        sealed_question -> Binary,
        due_on -> Text,
        asking_department -> Text,
        asked_by -> Text,
        asked_at -> BigInt,
        overdue_at -> Nullable<BigInt>,
        stance -> Nullable<Text>,
        sealed_answer -> Nullable<Binary>,
        ended_by -> Nullable<Text>,
        ended_at -> Nullable<BigInt>,
    }
}
diesel::allow_tables_to_appear_in_same_query!(opinions, applications);
