//! The tables of payment links.

diesel::table! {
    payment_links (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        invoice_id -> Text,
        token_hash -> Binary,
        created_by -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    payment_payers (tenant_id, payment_id) {
        tenant_id -> Text,
        payment_id -> Text,
        link_id -> Text,
    }
}
diesel::table! {
    payment_link_invoices (tenant_id, link_id, position) {
        tenant_id -> Text,
        link_id -> Text,
        position -> BigInt,
        invoice_id -> Text,
        application_id -> Text,
    }
}
