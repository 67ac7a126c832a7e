-- How surely whoever signed in was identified (R-45): a password is `id`; what vouches for more says so when a session is opened.
ALTER TABLE sessions ADD COLUMN assurance TEXT NOT NULL DEFAULT 'id'
    CHECK (assurance IN ('none', 'id', 'user_certificate', 'signature'));

-- How the office confirmed whose paper it is; nothing where nobody asked for it (R-45).
ALTER TABLE paper_filings ADD COLUMN identity_check TEXT
    CHECK (identity_check IN ('photo_document', 'two_documents', 'seal_certificate'));

-- Parts of a case that cannot be done online (R-9): originals that were held against what was handed in, identities that were
-- confirmed in person. The last one of a part counts.
CREATE TABLE original_checks (
    tenant_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    check_no BIGINT NOT NULL CHECK (check_no > 0),
    part TEXT NOT NULL CHECK (part IN ('document', 'identity')),
    -- Which document of the procedure, and the file that the original was held against.
    code TEXT,
    attachment_id TEXT,
    way TEXT NOT NULL CHECK (way IN ('in_person', 'by_post')),
    identity_check TEXT CHECK (identity_check IN ('photo_document', 'two_documents', 'seal_certificate')),
    result TEXT NOT NULL CHECK (result IN ('agrees', 'differs')),
    seen_on TEXT NOT NULL,
    -- What was found, sealed with the case's key.
    sealed_note BYTEA,
    officer_id TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, application_id, check_no),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id),
    CHECK ((part = 'document') = (code IS NOT NULL)),
    CHECK ((part = 'document') = (attachment_id IS NOT NULL)),
    CHECK ((part = 'identity') = (identity_check IS NOT NULL)),
    CHECK (part = 'document' OR way = 'in_person')
);

-- What an authority signed with its key of office (R-40): a version of a decision once, when it was issued.
CREATE TABLE decision_signatures (
    tenant_id TEXT NOT NULL,
    decision_id TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    application_id TEXT NOT NULL,
    authority TEXT NOT NULL,
    key_id TEXT NOT NULL,
    -- SHA-256 of everything the document prints.
    content_sha256 BYTEA NOT NULL,
    signed_on TEXT NOT NULL,
    signature BYTEA NOT NULL,
    signed_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, decision_id, version),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
);
CREATE INDEX decision_signatures_of_case ON decision_signatures (tenant_id, application_id);

-- Filings that are open to the public by law (R-47), since when each is.
CREATE TABLE public_filings (
    tenant_id TEXT NOT NULL,
    procedure TEXT NOT NULL,
    application_id TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, procedure, application_id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
);

CREATE TRIGGER original_checks_append_only BEFORE UPDATE OR DELETE ON original_checks FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER decision_signatures_append_only BEFORE UPDATE OR DELETE ON decision_signatures FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER public_filings_append_only BEFORE UPDATE OR DELETE ON public_filings FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
