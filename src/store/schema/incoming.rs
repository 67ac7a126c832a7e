//! The register of what came in (収受簿).

use super::applications;

diesel::table! {
    incoming_documents (tenant_id, series, year, number) {
        tenant_id -> Text,
        series -> Text,
        year -> BigInt,
        number -> BigInt,
        incoming_number -> Text,
        application_id -> Text,
        department -> Text,
        incoming_on -> Text,
        channel -> Text,
        assigned_at -> BigInt,
    }
}
diesel::allow_tables_to_appear_in_same_query!(incoming_documents, applications);
