//! The tables of the bank's statements, of what is done about exceptions, and of closed days.

use super::settlements::reconciliation_exceptions;

diesel::table! {
    bank_statements (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        sha256 -> Text,
        format -> Text,
        credit_count -> BigInt,
        new_count -> BigInt,
        wrapped_key -> Binary,
        sealed_file -> Binary,
        imported_by -> Text,
        recorded_at -> BigInt,
    }
}
diesel::table! {
    bank_credits (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        statement_id -> Text,
        line_no -> BigInt,
        credit_key -> Text,
        credited_on -> Text,
        amount -> BigInt,
        sealed_details -> Binary,
        recorded_at -> BigInt,
    }
}
diesel::table! {
    bank_credit_matches (tenant_id, credit_id) {
        tenant_id -> Text,
        credit_id -> Text,
        settlement_id -> Text,
        matched_at -> BigInt,
    }
}
diesel::table! {
    exception_steps (tenant_id, exception_id, step_no) {
        tenant_id -> Text,
        exception_id -> Text,
        step_no -> BigInt,
        kind -> Text,
        officer_id -> Text,
        resolution -> Nullable<Text>,
        comment -> Nullable<Text>,
        at -> BigInt,
    }
}
diesel::table! {
    day_closes (tenant_id, day) {
        tenant_id -> Text,
        day -> Text,
        close_no -> BigInt,
        statement -> Text,
        prev_hash -> Binary,
        hash -> Binary,
        key_id -> Text,
        signature -> Binary,
        closed_by -> Text,
        closed_at -> BigInt,
    }
}
diesel::table! {
    day_close_confirmations (tenant_id, day) {
        tenant_id -> Text,
        day -> Text,
        closed_by -> Text,
        confirmed_by -> Text,
        confirmed_at -> BigInt,
        key_id -> Text,
        signature -> Binary,
    }
}

diesel::allow_tables_to_appear_in_same_query!(day_closes, day_close_confirmations);
diesel::allow_tables_to_appear_in_same_query!(bank_credits, bank_statements, bank_credit_matches);
diesel::allow_tables_to_appear_in_same_query!(bank_credits, reconciliation_exceptions);
