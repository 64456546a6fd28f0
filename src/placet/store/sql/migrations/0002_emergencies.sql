-- Schema version 2. Who executed a request past its requirements, and whether somebody else has looked at that since.
-- From here on `expires_at` is the first of all deadlines that still matter, not only the requester's own.
ALTER TABLE placet_requests ADD COLUMN emergency_by TEXT;
ALTER TABLE placet_requests ADD COLUMN review TEXT NOT NULL DEFAULT '' CHECK (review IN ('', 'open', 'closed'));

CREATE INDEX placet_requests_review ON placet_requests (review, created_at, id) WHERE review <> '';

-- Nobody breaks the glass again before the last time was reviewed, whatever process tries.
CREATE UNIQUE INDEX placet_requests_duty ON placet_requests (emergency_by) WHERE review = 'open';

DROP VIEW placet_files;

CREATE VIEW placet_files AS
SELECT r.id, r.revision, r.status, r.digest, r.head, r.created_at, r.updated_at, r.terms_number, r.attempts,
       r.failures, r.audits, r.audit_head, r.validated_version, r.resolved_version, r.resulting_version,
       r.execution_id, r.held, r.successor, r.idempotency_key, r.asked, r.correlation_id, r.metadata, r.state_id,
       r.requester, r.expires_at, r.search, r.emergency_by, r.review, t.body
FROM placet_requests r
LEFT JOIN placet_terms t ON t.request_id = r.id AND t.number = r.terms_number;
