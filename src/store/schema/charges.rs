//! The tables of late claims: what is owed beside one (督促手数料・延滞金), and how a debtor acknowledged one (債務承認).

diesel::table! {
    charges (tenant_id, invoice_id) {
        tenant_id -> Text,
        invoice_id -> Text,
        principal_id -> Text,
        application_id -> Text,
        kind -> Text,
        amount -> BigInt,
        computed_to -> Text,
        charge_no -> BigInt,
        basis -> Text,
        assessed_at -> BigInt,
    }
}
diesel::table! {
    acknowledgements (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        invoice_id -> Text,
        acknowledged_on -> Text,
        form -> Text,
        sealed_evidence -> Binary,
        recorded_by -> Text,
        recorded_at -> BigInt,
    }
}
diesel::table! {
    acknowledgement_reversals (tenant_id, acknowledgement_id) {
        tenant_id -> Text,
        acknowledgement_id -> Text,
        application_id -> Text,
        sealed_reason -> Binary,
        struck_by -> Text,
        struck_at -> BigInt,
    }
}
diesel::allow_tables_to_appear_in_same_query!(acknowledgements, acknowledgement_reversals);
