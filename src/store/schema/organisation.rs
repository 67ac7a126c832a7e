//! The tables of the imported organisation.

diesel::table! {
    departments (tenant_id, code, valid_from) {
        tenant_id -> Text,
        code -> Text,
        valid_from -> Text,
        valid_to -> Nullable<Text>,
        name_ja -> Text,
        name_en -> Text,
        parent -> Nullable<Text>,
        successor -> Nullable<Text>,
        import_id -> Text,
    }
}
diesel::table! {
    organisation_imports (tenant_id, id) {
        tenant_id -> Text,
        id -> Text,
        source_sha256 -> Text,
        format -> Text,
        officer_id -> Nullable<Text>,
        added -> BigInt,
        ended -> BigInt,
        changed -> BigInt,
        imported_at -> BigInt,
    }
}
