//! Versions of procedures on their way to publication.

diesel::table! {
    publications (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        kind -> Text,
        stage -> Text,
        procedure -> Nullable<Text>,
        version -> Nullable<BigInt>,
        source -> Text,
        source_sha256 -> Text,
        digest -> Nullable<Text>,
        effective_from -> Nullable<Text>,
        last_day -> Nullable<Text>,
        drain_until -> Nullable<Text>,
        author_id -> Text,
        writers -> Text,
        proposer_id -> Nullable<Text>,
        proposed_sha256 -> Nullable<Text>,
        approver_id -> Nullable<Text>,
        published_at -> Nullable<BigInt>,
        revision -> BigInt,
        event_count -> BigInt,
        event_head -> Binary,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}
diesel::table! {
    publication_events (tenant_id, publication_id, seq) {
        tenant_id -> Text,
        publication_id -> Text,
        seq -> BigInt,
        kind -> Text,
        actor_id -> Text,
        at -> BigInt,
        facts -> Text,
        prev_hash -> Binary,
        hash -> Binary,
    }
}
