//! The tables of dispositions, document numbers and permits.

use super::applications;

diesel::table! {
    dispositions (tenant_id, decision_id) {
        tenant_id -> Text,
        decision_id -> Text,
        application_id -> Text,
        kind -> Text,
        document_number -> Text,
        authority_en -> Text,
        sealer_title -> Text,
        instruction -> Text,
        issued_on -> Text,
        valid_from -> Nullable<Text>,
        valid_to -> Nullable<Text>,
    }
}
diesel::table! {
    document_signatures (tenant_id, document, subject_id, version) {
        tenant_id -> Text,
        document -> Text,
        subject_id -> Text,
        version -> BigInt,
        application_id -> Text,
        authority -> Text,
        key_id -> Text,
        content_sha256 -> Binary,
        signed_on -> Text,
        signature -> Binary,
        signed_at -> BigInt,
    }
}
diesel::table! {
    document_counters (tenant_id, series, year) {
        tenant_id -> Text,
        series -> Text,
        year -> BigInt,
        last_number -> BigInt,
    }
}
diesel::table! {
    document_numbers (tenant_id, series, year, number) {
        tenant_id -> Text,
        series -> Text,
        year -> BigInt,
        number -> BigInt,
        document_number -> Text,
        decision_id -> Text,
        assigned_at -> BigInt,
    }
}
diesel::table! {
    permits (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        decision_id -> Text,
        procedure -> Text,
        procedure_version -> BigInt,
        department -> Text,
        holder_id -> Nullable<Text>,
        document_number -> Text,
        valid_from -> Text,
        valid_to -> Nullable<Text>,
        renews_id -> Nullable<Text>,
        created_at -> BigInt,
    }
}
diesel::table! {
    permit_events (tenant_id, permit_id, seq) {
        tenant_id -> Text,
        permit_id -> Text,
        seq -> BigInt,
        happening -> Text,
        effective_on -> Text,
        cause_id -> Nullable<Text>,
        created_at -> BigInt,
    }
}
diesel::table! {
    permit_renewals (tenant_id, application_id) {
        tenant_id -> Text,
        application_id -> Text,
        permit_id -> Text,
        opened_at -> BigInt,
    }
}
diesel::table! {
    decision_versions (tenant_id, decision_id, version) {
        tenant_id -> Text,
        decision_id -> Text,
        version -> BigInt,
        application_id -> Text,
        proposal_id -> Text,
        sealer_title -> Text,
        sealed_body -> Binary,
        body_sha256 -> Text,
        decided_by -> Text,
        decided_at -> BigInt,
    }
}
diesel::table! {
    permit_orders (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        permit_id -> Text,
        application_id -> Text,
        proposal_id -> Text,
        kind -> Text,
        document_number -> Text,
        authority -> Text,
        authority_en -> Text,
        sealer_title -> Text,
        instruction -> Text,
        sealed_body -> Binary,
        body_sha256 -> Text,
        issued_on -> Text,
        effective_on -> Text,
        until -> Nullable<Text>,
        decided_by -> Text,
        decided_at -> BigInt,
    }
}
diesel::allow_tables_to_appear_in_same_query!(permits, permit_renewals);
diesel::allow_tables_to_appear_in_same_query!(permit_renewals, applications);
diesel::allow_tables_to_appear_in_same_query!(permits, applications);
