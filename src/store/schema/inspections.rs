//! The tables of inspections and their steps.

diesel::table! {
    inspections (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        state -> Text,
        planned_at -> BigInt,
        officers -> Text,
        sealed_plan -> Binary,
        result -> Nullable<Text>,
        carried_out_on -> Nullable<Text>,
        sealed_findings -> Nullable<Binary>,
        released_at -> Nullable<BigInt>,
        version -> BigInt,
    }
}
diesel::table! {
    inspection_acts (tenant_id, inspection_id, act_no) {
        tenant_id -> Text,
        inspection_id -> Text,
        act_no -> BigInt,
        act -> Text,
        planned_at -> BigInt,
        sealed_reason -> Nullable<Binary>,
        officer_id -> Text,
        acted_at -> BigInt,
    }
}
