//! The tables of contracts (契約) and of what is done about them.

diesel::table! {
    contracts (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        decision_id -> Text,
        state -> Text,
        authority -> Text,
        sealed_statement -> Binary,
        statement_sha256 -> Binary,
        price -> Nullable<BigInt>,
        sealed_fee -> Nullable<Binary>,
        offered_on -> Text,
        sign_by -> Text,
        concluded_on -> Nullable<Text>,
        version -> BigInt,
        offered_at -> BigInt,
    }
}
diesel::table! {
    contract_acts (tenant_id, contract_id, act_no) {
        tenant_id -> Text,
        contract_id -> Text,
        act_no -> BigInt,
        act -> Text,
        actor_id -> Nullable<Text>,
        sealed_detail -> Nullable<Binary>,
        acted_at -> BigInt,
    }
}
