//! The tables of messages: what was written, who read it first, and who follows no guidance.

diesel::table! {
    messages (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        side -> Text,
        kind -> Text,
        author_id -> Text,
        sealed_text -> Binary,
        attachments -> Text,
        written_at -> BigInt,
    }
}
diesel::table! {
    message_reads (tenant_id, message_id) {
        tenant_id -> Text,
        message_id -> Text,
        reader_id -> Text,
        read_at -> BigInt,
    }
}
diesel::table! {
    guidance_refusals (tenant_id, application_id) {
        tenant_id -> Text,
        application_id -> Text,
        recorded_side -> Text,
        recorded_by -> Text,
        sealed_statement -> Nullable<Binary>,
        stated_at -> BigInt,
    }
}
diesel::allow_tables_to_appear_in_same_query!(messages, message_reads);
