-- Mail that nobody will get (不達): refused for good, or tried to the last. Staff reach the person in another way.
CREATE TABLE undelivered_mails (
    tenant_id TEXT NOT NULL,
    -- The id of the job that should have sent it, which was the mail's own.
    id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    mail TEXT NOT NULL,
    reason TEXT NOT NULL CHECK (reason IN ('refused', 'gave_up')),
    -- What the mail server answered; its words are not kept, they like to repeat the address.
    reply_code INTEGER,
    failed_at INTEGER NOT NULL,
    settled_by TEXT,
    settled_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id),
    CHECK ((settled_by IS NULL) = (settled_at IS NULL))
) STRICT;
CREATE INDEX undelivered_mails_open ON undelivered_mails (tenant_id, id) WHERE settled_at IS NULL;
