//! The tables of what agents send, and of what does not agree.

diesel::table! {
    settlements (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        gateway -> Text,
        batch_reference -> Text,
        period_from -> Nullable<Text>,
        period_to -> Nullable<Text>,
        payout_on -> Nullable<Text>,
        gross -> BigInt,
        fee -> BigInt,
        tax -> BigInt,
        net -> BigInt,
        line_count -> BigInt,
        state -> Text,
        arrived_on -> Nullable<Text>,
        arrived_amount -> Nullable<BigInt>,
        arrival_reference -> Nullable<Text>,
        arrival_recorded_by -> Nullable<Text>,
        arrival_confirmed_by -> Nullable<Text>,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    settlement_sources (tenant_id, gateway, sha256) {
        tenant_id -> Text,
        gateway -> Text,
        sha256 -> Text,
        origin -> Text,
        imported_by -> Nullable<Text>,
        wrapped_key -> Nullable<Binary>,
        sealed_file -> Nullable<Binary>,
        recorded_at -> BigInt,
    }
}
diesel::table! {
    settlement_lines (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        settlement_id -> Text,
        line_key -> Text,
        line_no -> BigInt,
        kind -> Text,
        merchant_reference -> Nullable<Text>,
        gateway_payment_id -> Nullable<Text>,
        gross -> BigInt,
        fee -> BigInt,
        tax -> BigInt,
        net -> BigInt,
        occurred_on -> Text,
        source_sha256 -> Text,
        recorded_at -> BigInt,
    }
}
diesel::table! {
    settlement_matches (tenant_id, line_id, share_no) {
        tenant_id -> Text,
        line_id -> Text,
        share_no -> BigInt,
        settlement_id -> Text,
        kind -> Text,
        payment_id -> Nullable<Text>,
        application_id -> Nullable<Text>,
        gross -> BigInt,
        net -> BigInt,
        remittance -> Nullable<Text>,
        remitted_on -> Nullable<Text>,
        matched_at -> BigInt,
        booked_at -> Nullable<BigInt>,
        version -> BigInt,
    }
}
diesel::table! {
    reconciliation_exceptions (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        kind -> Text,
        subject -> Text,
        facts -> Text,
        state -> Text,
        owner -> Nullable<Text>,
        raised_at -> BigInt,
        proposed_by -> Nullable<Text>,
        proposed_at -> Nullable<BigInt>,
        resolution -> Nullable<Text>,
        comment -> Nullable<Text>,
        resolved_by -> Nullable<Text>,
        resolved_at -> Nullable<BigInt>,
        version -> BigInt,
        follows -> Nullable<Text>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(settlements, settlement_lines, settlement_matches);
