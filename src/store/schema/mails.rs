//! The table of mail that nobody will get.

use super::applications;

diesel::table! {
    undelivered_mails (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        mail -> Text,
        reason -> Text,
        reply_code -> Nullable<BigInt>,
        failed_at -> BigInt,
        settled_by -> Nullable<Text>,
        settled_at -> Nullable<BigInt>,
    }
}
diesel::allow_tables_to_appear_in_same_query!(undelivered_mails, applications);
