//! The tables of approval (決裁): proposals with their steps, and every act at a desk.

diesel::table! {
    proposals (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        subject -> Text,
        state -> Text,
        decision -> Nullable<Text>,
        amount -> Nullable<BigInt>,
        weight -> Text,
        standing_basis -> Nullable<Text>,
        sealed_body -> Binary,
        body_sha256 -> Text,
        drafter_id -> Text,
        predecessor_id -> Nullable<Text>,
        current_stage -> BigInt,
        version -> BigInt,
        created_at -> BigInt,
    }
}
diesel::table! {
    approval_steps (tenant_id, proposal_id, step_no) {
        tenant_id -> Text,
        proposal_id -> Text,
        step_no -> BigInt,
        stage_no -> BigInt,
        kind -> Text,
        role -> Text,
        department -> Text,
        state -> Text,
        officer_id -> Nullable<Text>,
        officer_title -> Nullable<Text>,
        acting_for -> Nullable<Text>,
        acted_at -> Nullable<BigInt>,
        sealed_comment -> Nullable<Binary>,
        deadline_days -> Nullable<BigInt>,
        due_on -> Nullable<Text>,
        overdue_told_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    approval_acts (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        proposal_id -> Text,
        step_no -> BigInt,
        act -> Text,
        officer_id -> Text,
        officer_title -> Text,
        acting_for -> Nullable<Text>,
        body_sha256 -> Text,
        content_sha256 -> Nullable<Text>,
        matter_sha256 -> Nullable<Text>,
        event_seq -> Nullable<BigInt>,
        sealed_comment -> Nullable<Binary>,
        acted_at -> BigInt,
    }
}
diesel::table! {
    bulk_approvals (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        officer_id -> Text,
        items -> Text,
        created_at -> BigInt,
    }
}
diesel::allow_tables_to_appear_in_same_query!(approval_acts, proposals);
