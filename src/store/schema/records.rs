//! The tables of records management: files, the cases and books in them, measures at expiry, holds.

use super::applications;
use super::reconciliation::day_closes;

diesel::table! {
    record_files (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        rule_code -> Text,
        content -> Text,
        procedure -> Text,
        department -> Text,
        fiscal_year -> BigInt,
        retention -> Text,
        expires_on -> Nullable<Text>,
        measure -> Text,
        large -> Text,
        middle -> Text,
        small -> Text,
        standard_file -> Text,
        name -> Text,
        place -> Text,
        manager -> Text,
        medium -> Text,
        source -> Text,
        state -> Text,
        created_at -> BigInt,
        version -> BigInt,
    }
}
diesel::table! {
    record_cases (tenant_id, application_id) {
        tenant_id -> Text,
        application_id -> Text,
        record_file_id -> Text,
        completed_on -> Text,
        erased_at -> Nullable<BigInt>,
        files_removed_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    record_books (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        record_file_id -> Text,
        kind -> Text,
        subject -> Text,
        completed_on -> Text,
        erased_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    /// A view over the tables of all kinds of books.
    books (tenant_id, kind, subject) {
        tenant_id -> Text,
        kind -> Text,
        subject -> Text,
        made_at -> BigInt,
    }
}
diesel::table! {
    record_measures (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        record_file_id -> Text,
        measure -> Text,
        state -> Text,
        reason -> Text,
        proposed_by -> Text,
        proposed_at -> BigInt,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<BigInt>,
        bundles_sha256 -> Nullable<Text>,
        receipt -> Nullable<Text>,
        handed_over_by -> Nullable<Text>,
        handed_over_at -> Nullable<BigInt>,
        version -> BigInt,
    }
}
diesel::table! {
    record_bundles (tenant_id, measure_id, member_id) {
        tenant_id -> Text,
        measure_id -> Text,
        member_id -> Text,
        sha256 -> Text,
        event_head -> Binary,
        exported_at -> BigInt,
    }
}
diesel::table! {
    record_holds (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        ground -> Text,
        from_on -> Text,
        until_on -> Nullable<Text>,
        sealed_note -> Binary,
        placed_by -> Text,
        placed_at -> BigInt,
    }
}
diesel::table! {
    record_hold_releases (tenant_id, hold_id) {
        tenant_id -> Text,
        hold_id -> Text,
        application_id -> Text,
        sealed_reason -> Binary,
        released_by -> Text,
        released_at -> BigInt,
    }
}

diesel::table! {
    record_file_holds (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        record_file_id -> Text,
        ground -> Text,
        from_on -> Text,
        until_on -> Nullable<Text>,
        note -> Text,
        placed_by -> Text,
        placed_at -> BigInt,
    }
}
diesel::table! {
    record_file_hold_releases (tenant_id, hold_id) {
        tenant_id -> Text,
        hold_id -> Text,
        reason -> Text,
        released_by -> Text,
        released_at -> BigInt,
    }
}

diesel::table! {
    control_snapshots (tenant_id, fiscal_year, snapshot_no) {
        tenant_id -> Text,
        fiscal_year -> BigInt,
        snapshot_no -> BigInt,
        statement -> Text,
        prev_hash -> Binary,
        hash -> Binary,
        key_id -> Text,
        signature -> Binary,
        issued_by -> Text,
        issued_at -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(record_cases, applications);
diesel::allow_tables_to_appear_in_same_query!(record_books, books);
diesel::allow_tables_to_appear_in_same_query!(record_books, day_closes);
diesel::allow_tables_to_appear_in_same_query!(record_holds, record_hold_releases);
diesel::allow_tables_to_appear_in_same_query!(record_file_holds, record_file_hold_releases, record_cases);
