//! The tables of 代決: what was done in an absent officer's place, the look afterwards, and instructions given beforehand.

use super::officer_posts;

diesel::table! {
    acting_decisions (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        proposal_id -> Text,
        step_no -> BigInt,
        role -> Text,
        department -> Text,
        act -> Text,
        absence_id -> Text,
        officer_id -> Text,
        officer_title -> Text,
        absent_id -> Text,
        absent_title -> Text,
        drafter_id -> Text,
        instruction_id -> Nullable<Text>,
        body_sha256 -> Text,
        acted_at -> BigInt,
    }
}
diesel::table! {
    post_reviews (tenant_id, acting_decision_id) {
        tenant_id -> Text,
        acting_decision_id -> Text,
        application_id -> Text,
        reviewer_id -> Text,
        reviewer_title -> Text,
        verdict -> Text,
        sealed_comment -> Nullable<Binary>,
        reviewed_at -> BigInt,
    }
}
diesel::table! {
    acting_instructions (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        proposal_id -> Text,
        step_no -> BigInt,
        officer_id -> Text,
        officer_title -> Text,
        body_sha256 -> Text,
        sealed_text -> Binary,
        given_at -> BigInt,
    }
}
diesel::allow_tables_to_appear_in_same_query!(acting_decisions, post_reviews);
diesel::allow_tables_to_appear_in_same_query!(acting_decisions, officer_posts);
