//! The tables as both databases know them; `tests/it/schema_parity.rs` keeps the two migration trees equal.
#![expect(
    missing_docs,
    reason = "the macro writes public items; the columns are described in the migrations"
)]

pub mod acting;
pub mod approval;
#[path = "schema/baskets.rs"]
mod basket_tables;
pub mod case_links;
pub mod casework;
pub mod charges;
pub mod clock_pauses;
pub mod contracts;
pub mod counter;
pub mod demands;
pub mod dispositions;
pub mod disputes;
pub mod el_qr;
pub mod incoming;
pub mod inspections;
pub mod mails;
pub mod messages;
pub mod notices;
pub mod opinions;
pub mod organisation;
pub mod payment_desk;
pub mod payment_links;
#[path = "schema/publications.rs"]
mod publication_tables;
pub mod queues;
pub mod receipts;
pub mod reconciliation;
pub mod records;
pub mod refunds;
pub mod transfers;
pub mod waivers;
pub use approval::{approval_acts, approval_steps, proposals};
pub mod settlements;
pub mod stamps;
pub use basket_tables::{basket_applications, baskets};
pub use publication_tables::{publication_events, publications};

diesel::table! {
    tenant_keys (tenant_id, key_no) {
        tenant_id -> Text,
        key_no -> BigInt,
        wrapped_key -> Binary,
        created_at -> BigInt,
    }
}
diesel::table! {
    accounts (id) {
        id -> Text,
        kind -> Text,
        email_index -> Binary,
        wrapped_key -> Binary,
        sealed_profile -> Binary,
        password_hash -> Text,
        version -> BigInt,
        created_at -> BigInt,
    }
}
diesel::table! {
    sessions (id) {
        id -> Text,
        account_id -> Text,
        state -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        assurance -> Text,
    }
}
diesel::table! {
    refresh_tokens (token_hash) {
        token_hash -> Binary,
        session_id -> Text,
        issued_at -> BigInt,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    sign_in_failures (email_index, source_index) {
        email_index -> Binary,
        source_index -> Binary,
        failures -> BigInt,
        last_failed_at -> BigInt,
        locked_until -> Nullable<BigInt>,
    }
}
diesel::table! {
    officers (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        account_id -> Text,
        created_at -> BigInt,
    }
}
diesel::table! {
    officer_posts (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        officer_id -> Text,
        department -> Text,
        role -> Text,
        title -> Text,
        valid_from -> Text,
        valid_to -> Nullable<Text>,
    }
}
diesel::table! {
    procedure_versions (tenant_id, procedure, version) {
        tenant_id -> Text,
        procedure -> Text,
        version -> BigInt,
        digest -> Text,
        definition -> Text,
        stored_at -> BigInt,
    }
}
diesel::table! {
    applications (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        number -> Nullable<Text>,
        procedure -> Text,
        procedure_version -> BigInt,
        kind -> Text,
        state -> Text,
        department -> Text,
        assignee_id -> Nullable<Text>,
        correction_id -> Nullable<Text>,
        proposal_id -> Nullable<Text>,
        wrapped_key -> Binary,
        sealed_form -> Binary,
        form_revision -> BigInt,
        attachment_codes -> Text,
        arrived_at -> Nullable<BigInt>,
        due_on -> Nullable<Text>,
        event_count -> BigInt,
        event_head -> Binary,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        incoming_number -> Nullable<Text>,
        incoming_on -> Nullable<Text>,
        paused_for -> Nullable<Text>,
    }
}
diesel::table! {
    parties (tenant_id, application_id, role) {
        tenant_id -> Text,
        application_id -> Text,
        role -> Text,
        account_id -> Nullable<Text>,
        sealed_party -> Binary,
    }
}
diesel::table! {
    arrivals (tenant_id, application_id, leg) {
        tenant_id -> Text,
        application_id -> Text,
        leg -> BigInt,
        office -> Text,
        arrived_at -> BigInt,
        channel -> Text,
        attested_by -> Nullable<Text>,
        recorded_at -> BigInt,
    }
}
diesel::table! {
    form_revisions (tenant_id, application_id, revision) {
        tenant_id -> Text,
        application_id -> Text,
        revision -> BigInt,
        sealed_form -> Binary,
        replaced_at -> BigInt,
    }
}
diesel::table! {
    attachments (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        code -> Text,
        sealed_name -> Binary,
        media_type -> Text,
        size -> BigInt,
        sealed_sha256 -> Text,
        object_key -> Text,
        state -> Text,
        created_at -> BigInt,
    }
}
diesel::table! {
    events (tenant_id, application_id, seq) {
        tenant_id -> Text,
        application_id -> Text,
        seq -> BigInt,
        kind -> Text,
        actor_kind -> Text,
        actor_id -> Text,
        at -> BigInt,
        facts -> Text,
        sealed_detail -> Nullable<Binary>,
        prev_hash -> Binary,
        hash -> Binary,
    }
}
diesel::table! {
    invoices (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        number -> Text,
        state -> Text,
        total -> BigInt,
        fiscal_year -> BigInt,
        obligor_account_id -> Nullable<Text>,
        lines -> Text,
        sealed_inputs -> Binary,
        issued_at -> BigInt,
        entrusted_on -> Nullable<Text>,
        paid_on -> Nullable<Text>,
        due_on -> Nullable<Text>,
        reduced -> BigInt,
        written_off -> BigInt,
        principal_id -> Nullable<Text>,
        stamped -> BigInt,
        version -> BigInt,
    }
}
diesel::table! {
    payables (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        total -> BigInt,
        created_at -> BigInt,
    }
}
diesel::table! {
    payable_invoices (tenant_id, payable_id, invoice_id) {
        tenant_id -> Text,
        payable_id -> Text,
        invoice_id -> Text,
    }
}
diesel::table! {
    payments (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        payable_id -> Text,
        invoice_id -> Text,
        gateway -> Text,
        legal_role -> Text,
        method -> Text,
        amount -> BigInt,
        state -> Text,
        merchant_reference -> Text,
        gateway_session_id -> Nullable<Text>,
        gateway_payment_id -> Nullable<Text>,
        redirect_url -> Nullable<Text>,
        return_url -> Nullable<Text>,
        raw_status -> Text,
        authorized -> BigInt,
        captured -> BigInt,
        refunded -> BigInt,
        charged_back -> BigInt,
        captured_on -> Nullable<Text>,
        expires_at -> Nullable<BigInt>,
        poll_count -> BigInt,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        share_of -> Nullable<Text>,
        charged_beside -> Nullable<Text>,
        attempt_no -> BigInt,
    }
}
diesel::table! {
    gateway_operations (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        payment_id -> Text,
        gateway -> Text,
        kind -> Text,
        idempotency_key -> Text,
        sealed_request -> Binary,
        request_sha256 -> Text,
        state -> Text,
        attempt_no -> BigInt,
        lease_no -> BigInt,
        leased_until -> BigInt,
        key_born_at -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    gateway_notifications (tenant_id, gateway, delivery_key) {
        tenant_id -> Text,
        gateway -> Text,
        delivery_key -> Text,
        event_id -> Text,
        event_kind -> Text,
        merchant_reference -> Nullable<Text>,
        sealed_body -> Binary,
        wrapped_key -> Binary,
        state -> Text,
        received_at -> BigInt,
        applied_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    ledger_entries (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        kind -> Text,
        source_id -> Text,
        line_no -> BigInt,
        debit_account -> Text,
        credit_account -> Text,
        amount -> BigInt,
        fiscal_year -> BigInt,
        booked_on -> Text,
        recorded_at -> BigInt,
    }
}
diesel::table! {
    corrections (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        kind -> Text,
        state -> Text,
        sealed_items -> Binary,
        due_on -> Text,
        requested_by -> Text,
        requested_at -> BigInt,
        answered_at -> Nullable<BigInt>,
        attachments_before -> Nullable<Text>,
        ended_at -> Nullable<BigInt>,
        ended_by -> Nullable<Text>,
        sealed_end_reason -> Nullable<Binary>,
    }
}
diesel::table! {
    notes (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        officer_id -> Text,
        sealed_text -> Binary,
        created_at -> BigInt,
    }
}
diesel::table! {
    decisions (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        application_id -> Text,
        proposal_id -> Text,
        decision -> Text,
        authority -> Text,
        sealed_body -> Binary,
        body_sha256 -> Text,
        decided_by -> Text,
        decided_at -> BigInt,
    }
}
diesel::table! {
    jobs (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        kind -> Text,
        subject -> Text,
        state -> Text,
        run_at -> BigInt,
        lease_no -> BigInt,
        leased_until -> Nullable<BigInt>,
        attempts -> BigInt,
        last_error -> Nullable<Text>,
        created_at -> BigInt,
    }
}
diesel::table! {
    idempotency_keys (tenant_id, actor_id, key) {
        tenant_id -> Text,
        actor_id -> Text,
        key -> Text,
        fingerprint -> Binary,
        resource_kind -> Text,
        resource_id -> Text,
        created_at -> BigInt,
    }
}
diesel::table! {
    access_log (tenant_id, node, seq) {
        tenant_id -> Text,
        node -> Text,
        seq -> BigInt,
        at -> BigInt,
        actor_id -> Text,
        request_id -> Text,
        operation -> Text,
        cases -> Text,
        prev_hash -> Binary,
        hash -> Binary,
    }
}
diesel::table! {
    checkpoints (tenant_id, checkpoint_no) {
        tenant_id -> Text,
        checkpoint_no -> BigInt,
        covered_until -> BigInt,
        leaf_count -> BigInt,
        leaves -> Binary,
        root -> Binary,
        prev_hash -> Binary,
        hash -> Binary,
        key_id -> Text,
        signature -> Binary,
        made_at -> BigInt,
    }
}
diesel::table! {
    catalogue_state (id) {
        id -> Text,
        revision -> BigInt,
    }
}
diesel::allow_tables_to_appear_in_same_query!(
    access_log,
    accounts,
    applications,
    approval_steps,
    arrivals,
    attachments,
    catalogue_state,
    checkpoints,
    corrections,
    decisions,
    events,
    form_revisions,
    gateway_notifications,
    gateway_operations,
    idempotency_keys,
    invoices,
    jobs,
    ledger_entries,
    notes,
    officer_posts,
    officers,
    parties,
    payable_invoices,
    payables,
    payments,
    procedure_versions,
    proposals,
    publication_events,
    publications,
    refresh_tokens,
    sessions,
    sign_in_failures,
    tenant_keys,
);
