//! The table of demands (督促).

diesel::table! {
    demands (tenant_id, invoice_id) {
        tenant_id -> Text,
        invoice_id -> Text,
        application_id -> Text,
        due_on -> Text,
        issued_on -> Text,
        pay_until -> Text,
        principal -> BigInt,
        demand_fee -> BigInt,
        basis -> Text,
        issued_by -> Nullable<Text>,
        issued_at -> BigInt,
    }
}
