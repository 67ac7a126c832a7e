//! The tables of money that goes back.

diesel::table! {
    refunds (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        invoice_id -> Text,
        payment_id -> Text,
        ground -> Text,
        route -> Text,
        route_reason -> Nullable<Text>,
        state -> Text,
        amount -> BigInt,
        parts -> Text,
        requested_by -> Text,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<BigInt>,
        operation_id -> Nullable<Text>,
        gateway_refund_id -> Nullable<Text>,
        failure_code -> Nullable<Text>,
        sealed_payee -> Nullable<Binary>,
        payout_id -> Nullable<Text>,
        poll_count -> BigInt,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        interest -> Nullable<BigInt>,
        interest_state -> Nullable<Text>,
        interest_payout_id -> Nullable<Text>,
    }
}
diesel::table! {
    refund_notices (tenant_id, refund_id) {
        tenant_id -> Text,
        refund_id -> Text,
        noticed_on -> Text,
        noticed_by -> Text,
        recorded_at -> BigInt,
    }
}
diesel::table! {
    refund_claims (tenant_id, refund_id) {
        tenant_id -> Text,
        refund_id -> Text,
        claimed_on -> Text,
        entered_by -> Nullable<Text>,
        recorded_at -> BigInt,
    }
}
diesel::table! {
    refund_interest_terms (tenant_id, refund_id) {
        tenant_id -> Text,
        refund_id -> Text,
        payment_id -> Text,
        counted_to -> Text,
        accrued -> BigInt,
        already_paid -> BigInt,
        expense_account -> Text,
        explanation -> Text,
        recorded_at -> BigInt,
    }
}
diesel::table! {
    set_offs (tenant_id, refund_id) {
        tenant_id -> Text,
        refund_id -> Text,
        application_id -> Text,
        invoice_id -> Text,
        proposed_at -> BigInt,
        extent -> Text,
    }
}
diesel::table! {
    set_off_payments (tenant_id, refund_id) {
        tenant_id -> Text,
        refund_id -> Text,
        payment_id -> Text,
        fit_on -> Text,
        recorded_at -> BigInt,
    }
}
diesel::table! {
    refund_headroom (tenant_id, payment_id, part) {
        tenant_id -> Text,
        payment_id -> Text,
        part -> Text,
        ceiling -> BigInt,
        reserved -> BigInt,
    }
}
diesel::table! {
    payouts (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        state -> Text,
        transfer_on -> Text,
        refund_count -> BigInt,
        total -> BigInt,
        wrapped_key -> Binary,
        sealed_file -> Binary,
        file_sha256 -> Text,
        made_by -> Text,
        confirmed_by -> Nullable<Text>,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
