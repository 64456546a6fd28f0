-- Moments are whole microseconds since 1970 in UTC; bodies are canonical JSON; hashes are SHA-256, hex.

-- The format of this file.
CREATE TABLE placet_schema (version INTEGER PRIMARY KEY);

-- The states that placet keeps itself. `version` only grows.
CREATE TABLE placet_states (
    state_id   TEXT PRIMARY KEY,
    state_type TEXT NOT NULL,
    version    INTEGER NOT NULL CHECK (version >= 1),
    body       TEXT NOT NULL,
    hash       TEXT NOT NULL
) WITHOUT ROWID;

-- Where a request is in its life. One narrow row, rewritten by each move under optimistic concurrency (`revision`);
-- what was asked and approved lies in placet_terms.
CREATE TABLE placet_requests (
    id                TEXT PRIMARY KEY,
    revision          INTEGER NOT NULL CHECK (revision >= 1),
    status            TEXT NOT NULL CHECK (status IN (
        'created', 'pending', 'approved', 'resolving', 'revalidation', 'failed',
        'executed', 'stale', 'rejected', 'canceled', 'expired', 'superseded')),
    digest            TEXT NOT NULL,
    head              TEXT NOT NULL,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    terms_number      INTEGER NOT NULL,
    attempts          INTEGER NOT NULL,
    failures          INTEGER NOT NULL,
    audits            INTEGER NOT NULL,
    audit_head        TEXT NOT NULL,
    validated_version INTEGER,
    resolved_version  INTEGER,
    resulting_version INTEGER,
    execution_id      TEXT,
    held              TEXT NOT NULL,
    successor         TEXT,
    idempotency_key   TEXT,
    asked             TEXT NOT NULL,
    correlation_id    TEXT NOT NULL,
    metadata          TEXT NOT NULL,
    state_id          TEXT NOT NULL,
    requester         TEXT NOT NULL,
    expires_at        INTEGER, -- the first of all deadlines that still matter
    search            TEXT NOT NULL,
    emergency_by      TEXT,
    review            TEXT NOT NULL CHECK (review IN ('', 'open', 'closed')),
    -- Whoever writes the word `executed` must also say on which version, into which, and by which execution.
    CONSTRAINT executed_is_resolved CHECK (
        status <> 'executed'
        OR (resolved_version IS NOT NULL AND resulting_version IS NOT NULL AND execution_id IS NOT NULL))
) WITHOUT ROWID;

CREATE UNIQUE INDEX placet_requests_idempotency ON placet_requests (idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX placet_requests_created ON placet_requests (created_at, id);
CREATE INDEX placet_requests_status ON placet_requests (status, created_at, id);
CREATE INDEX placet_requests_state ON placet_requests (state_id, created_at, id);
CREATE INDEX placet_requests_requester ON placet_requests (requester, created_at, id);
CREATE INDEX placet_requests_due ON placet_requests (expires_at)
    WHERE expires_at IS NOT NULL AND status IN ('created', 'pending', 'approved', 'resolving', 'revalidation', 'failed');

CREATE INDEX placet_requests_review ON placet_requests (review, created_at, id) WHERE review <> '';
-- Nobody breaks the glass again before the last time was reviewed, whatever process tries.
CREATE UNIQUE INDEX placet_requests_duty ON placet_requests (emergency_by) WHERE review = 'open';

-- What an approval covers; its digest stands in the request and in every decision. Each edit or renewal adds a row; none is ever changed.
CREATE TABLE placet_terms (
    request_id TEXT NOT NULL,
    number     INTEGER NOT NULL,
    body       TEXT NOT NULL,
    PRIMARY KEY (request_id, number)
) WITHOUT ROWID;

-- A request together with its present terms, in the order in which it is read.
CREATE VIEW placet_files AS
SELECT r.id, r.revision, r.status, r.digest, r.head, r.created_at, r.updated_at, r.terms_number, r.attempts,
       r.failures, r.audits, r.audit_head, r.validated_version, r.resolved_version, r.resulting_version,
       r.execution_id, r.held, r.successor, r.idempotency_key, r.asked, r.correlation_id, r.metadata, r.state_id,
       r.requester, r.expires_at, r.search, r.emergency_by, r.review, t.body
FROM placet_requests r
LEFT JOIN placet_terms t ON t.request_id = r.id AND t.number = r.terms_number;

-- Three ledgers, append-only. `hash` covers the body and the hash of the row before.
CREATE TABLE placet_decisions (
    request_id TEXT NOT NULL,
    seq        INTEGER NOT NULL,
    body       TEXT NOT NULL,
    hash       TEXT NOT NULL,
    PRIMARY KEY (request_id, seq)
) WITHOUT ROWID;

CREATE TABLE placet_audit (
    request_id TEXT NOT NULL,
    seq        INTEGER NOT NULL,
    body       TEXT NOT NULL,
    hash       TEXT NOT NULL,
    PRIMARY KEY (request_id, seq)
) WITHOUT ROWID;

CREATE TABLE placet_history (
    state_id TEXT NOT NULL,
    version  INTEGER NOT NULL,
    body     TEXT NOT NULL,
    hash     TEXT NOT NULL,
    PRIMARY KEY (state_id, version)
) WITHOUT ROWID;

CREATE TRIGGER placet_terms_keep BEFORE UPDATE ON placet_terms
BEGIN SELECT RAISE(ABORT, 'placet_terms is append-only'); END;
CREATE TRIGGER placet_terms_stay BEFORE DELETE ON placet_terms
BEGIN SELECT RAISE(ABORT, 'placet_terms is append-only'); END;
CREATE TRIGGER placet_decisions_keep BEFORE UPDATE ON placet_decisions
BEGIN SELECT RAISE(ABORT, 'placet_decisions is append-only'); END;
CREATE TRIGGER placet_decisions_stay BEFORE DELETE ON placet_decisions
BEGIN SELECT RAISE(ABORT, 'placet_decisions is append-only'); END;
CREATE TRIGGER placet_audit_keep BEFORE UPDATE ON placet_audit
BEGIN SELECT RAISE(ABORT, 'placet_audit is append-only'); END;
CREATE TRIGGER placet_audit_stay BEFORE DELETE ON placet_audit
BEGIN SELECT RAISE(ABORT, 'placet_audit is append-only'); END;
CREATE TRIGGER placet_history_keep BEFORE UPDATE ON placet_history
BEGIN SELECT RAISE(ABORT, 'placet_history is append-only'); END;
CREATE TRIGGER placet_history_stay BEFORE DELETE ON placet_history
BEGIN SELECT RAISE(ABORT, 'placet_history is append-only'); END;
