//! The tables of notices of decisions.

use super::dispositions::permits;
use super::{applications, parties};

diesel::table! {
    notice_consents (tenant_id, application_id, consent_no) {
        tenant_id -> Text,
        application_id -> Text,
        consent_no -> BigInt,
        way -> Text,
        account_id -> Text,
        recorded_at -> BigInt,
    }
}
diesel::table! {
    notices (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        decision_id -> Text,
        about -> Text,
        decision_version -> Nullable<BigInt>,
        permit_order_id -> Nullable<Text>,
        way -> Text,
        state -> Text,
        made_at -> BigInt,
        arrived_at -> Nullable<BigInt>,
        posted_on -> Nullable<Text>,
        version -> BigInt,
    }
}
diesel::table! {
    notice_acts (tenant_id, notice_id, act_no) {
        tenant_id -> Text,
        notice_id -> Text,
        act_no -> BigInt,
        application_id -> Text,
        act -> Text,
        happened_on -> Text,
        sealed_text -> Nullable<Binary>,
        actor_kind -> Text,
        actor_id -> Text,
        acted_at -> BigInt,
    }
}
diesel::allow_tables_to_appear_in_same_query!(notices, applications);
diesel::allow_tables_to_appear_in_same_query!(notices, parties);
diesel::allow_tables_to_appear_in_same_query!(notices, permits);
diesel::table! {
    paper_filings (tenant_id, application_id) {
        tenant_id -> Text,
        application_id -> Text,
        channel -> Text,
        applicant_kind -> Text,
        received_at -> BigInt,
        entered_by -> Text,
        entered_at -> BigInt,
        identity_check -> Nullable<Text>,
    }
}
