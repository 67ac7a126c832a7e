//! The tables of what the office records of the clock.

diesel::table! {
    clock_pauses (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        reason -> Text,
        asked_on -> Text,
        sealed_note -> Binary,
        recorded_by -> Text,
        recorded_at -> BigInt,
    }
}
diesel::table! {
    clock_pause_ends (tenant_id, pause_id) {
        tenant_id -> Text,
        pause_id -> Text,
        ended_on -> Text,
        ended_by -> Nullable<Text>,
        correction_id -> Nullable<Text>,
        ended_at -> BigInt,
    }
}
diesel::allow_tables_to_appear_in_same_query!(clock_pauses, clock_pause_ends);
