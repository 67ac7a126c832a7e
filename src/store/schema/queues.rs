//! The tables of queues: saved views, absences, acts on many cases.

diesel::table! {
    queue_views (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        department -> Text,
        officer_id -> Text,
        audience -> Text,
        name -> Text,
        criteria -> Text,
        created_at -> BigInt,
    }
}
diesel::table! {
    absences (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        department -> Text,
        officer_id -> Text,
        cover_id -> Text,
        from_on -> Text,
        to_on -> Text,
        recorded_by -> Text,
        recorded_at -> BigInt,
        ended_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    bulk_reviews (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        department -> Text,
        officer_id -> Text,
        action -> Text,
        items -> Text,
        left_over -> BigInt,
        created_at -> BigInt,
    }
}
