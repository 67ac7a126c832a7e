//! The tables of waivers (減免) and of what they take off (減額調定).

diesel::table! {
    waivers (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        invoice_id -> Text,
        state -> Text,
        ground -> Text,
        sealed_statement -> Binary,
        attachments -> Text,
        filed_by -> Text,
        filed_by_id -> Nullable<Text>,
        proposal_id -> Nullable<Text>,
        amount -> Nullable<BigInt>,
        sealed_reasons -> Nullable<Binary>,
        instruction -> Nullable<Text>,
        valid_until -> Nullable<Text>,
        decided_at -> Nullable<BigInt>,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    reassessments (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        invoice_id -> Text,
        waiver_id -> Text,
        kind -> Text,
        amount -> BigInt,
        lines -> Text,
        owed -> BigInt,
        reassessed_at -> BigInt,
    }
}
diesel::table! {
    false_claims (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        waiver_id -> Text,
        invoice_id -> Text,
        evaded -> BigInt,
        ceiling -> BigInt,
        terms -> Text,
        sealed_statement -> Binary,
        evidence -> Text,
        recorded_by -> Text,
        recorded_at -> BigInt,
    }
}
diesel::table! {
    waiver_revocations (tenant_id, waiver_id) {
        tenant_id -> Text,
        waiver_id -> Text,
        application_id -> Text,
        invoice_id -> Text,
        claim_id -> Text,
        proposal_id -> Text,
        false_claim_id -> Nullable<Text>,
        ground -> Text,
        amount -> BigInt,
        lines -> Text,
        evidence -> Text,
        sealed_reasons -> Binary,
        instruction -> Text,
        revoked_at -> BigInt,
    }
}
diesel::table! {
    revived_claims (tenant_id, claim_id) {
        tenant_id -> Text,
        claim_id -> Text,
        replaces_id -> Text,
        waiver_id -> Text,
        application_id -> Text,
        amount -> BigInt,
        assessed_at -> BigInt,
    }
}
