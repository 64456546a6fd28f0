-- Named queries for SQLite. Every one reaches its rows by a primary key or an index.

-- name: request
SELECT * FROM placet_files WHERE id = :id;

-- name: request_by_key
SELECT * FROM placet_files WHERE idempotency_key = :key;

-- One query for each filter that can lead, in the order due, review, state_id, requester, status: what would have led is absent.

-- name: find_by_all
SELECT * FROM placet_files
WHERE (:text IS NULL OR instr(search, :text) > 0)
  AND (:emergency_by IS NULL OR emergency_by = :emergency_by)
  AND created_at >= :since
  AND (created_at, id) < (:at, :id)
ORDER BY created_at DESC, id DESC
LIMIT :limit;

-- name: find_by_status
SELECT * FROM placet_files
WHERE status = :status
  AND (:text IS NULL OR instr(search, :text) > 0)
  AND (:review IS NULL OR review = :review)
  AND (:emergency_by IS NULL OR emergency_by = :emergency_by)
  AND created_at >= :since
  AND (created_at, id) < (:at, :id)
ORDER BY created_at DESC, id DESC
LIMIT :limit;

-- name: find_by_requester
SELECT * FROM placet_files
WHERE requester = :requester
  AND (:status IS NULL OR status = :status)
  AND (:text IS NULL OR instr(search, :text) > 0)
  AND (:review IS NULL OR review = :review)
  AND (:emergency_by IS NULL OR emergency_by = :emergency_by)
  AND created_at >= :since
  AND (created_at, id) < (:at, :id)
ORDER BY created_at DESC, id DESC
LIMIT :limit;

-- name: find_by_state_id
SELECT * FROM placet_files
WHERE state_id = :state_id
  AND (:requester IS NULL OR requester = :requester)
  AND (:status IS NULL OR status = :status)
  AND (:text IS NULL OR instr(search, :text) > 0)
  AND (:review IS NULL OR review = :review)
  AND (:emergency_by IS NULL OR emergency_by = :emergency_by)
  AND created_at >= :since
  AND (created_at, id) < (:at, :id)
ORDER BY created_at DESC, id DESC
LIMIT :limit;

-- name: due
SELECT * FROM placet_files
WHERE id IN (
    SELECT id FROM placet_requests INDEXED BY placet_requests_due
    WHERE expires_at <= :until
      AND status IN ('created', 'pending', 'approved', 'resolving', 'revalidation', 'failed')
      AND (expires_at, id) > (:at, :id)
    ORDER BY expires_at, id
    LIMIT :limit)
ORDER BY expires_at, id;

-- name: find_by_review
SELECT * FROM placet_files
WHERE review <> '' AND review = :review
  AND (:emergency_by IS NULL OR emergency_by = :emergency_by)
  AND (:state_id IS NULL OR state_id = :state_id)
  AND (:requester IS NULL OR requester = :requester)
  AND (:status IS NULL OR status = :status)
  AND (:text IS NULL OR instr(search, :text) > 0)
  AND created_at >= :since
  AND (created_at, id) < (:at, :id)
ORDER BY created_at DESC, id DESC
LIMIT :limit;

-- name: state
SELECT state_id, state_type, version, body, hash FROM placet_states WHERE state_id = :state_id;

-- name: links_placet_decisions
SELECT request_id, seq, body, hash FROM placet_decisions
WHERE request_id = :owner AND seq > :after ORDER BY seq LIMIT :limit;

-- name: last_link_placet_decisions
SELECT request_id, seq, body, hash FROM placet_decisions
WHERE request_id = :owner ORDER BY seq DESC LIMIT 1;

-- name: append_placet_decisions
INSERT INTO placet_decisions (request_id, seq, body, hash) VALUES (?, ?, ?, ?);

-- name: keys_placet_decisions
SELECT DISTINCT request_id FROM placet_decisions WHERE request_id > :after ORDER BY request_id LIMIT :limit;

-- name: links_placet_audit
SELECT request_id, seq, body, hash FROM placet_audit
WHERE request_id = :owner AND seq > :after ORDER BY seq LIMIT :limit;

-- name: last_link_placet_audit
SELECT request_id, seq, body, hash FROM placet_audit
WHERE request_id = :owner ORDER BY seq DESC LIMIT 1;

-- name: append_placet_audit
INSERT INTO placet_audit (request_id, seq, body, hash) VALUES (?, ?, ?, ?);

-- name: keys_placet_audit
SELECT DISTINCT request_id FROM placet_audit WHERE request_id > :after ORDER BY request_id LIMIT :limit;

-- name: links_placet_history
SELECT state_id, version, body, hash FROM placet_history
WHERE state_id = :owner AND version > :after ORDER BY version LIMIT :limit;

-- name: last_link_placet_history
SELECT state_id, version, body, hash FROM placet_history
WHERE state_id = :owner ORDER BY version DESC LIMIT 1;

-- name: append_placet_history
INSERT INTO placet_history (state_id, version, body, hash) VALUES (?, ?, ?, ?);

-- name: keys_placet_history
SELECT DISTINCT state_id FROM placet_history WHERE state_id > :after ORDER BY state_id LIMIT :limit;

-- name: keys_placet_states
SELECT state_id FROM placet_states WHERE state_id > :after ORDER BY state_id LIMIT :limit;

-- name: keys_placet_requests
SELECT id FROM placet_requests WHERE id > :after ORDER BY id LIMIT :limit;

-- name: insert_request
INSERT INTO placet_requests
    (id, revision, status, digest, head, created_at, updated_at, terms_number, attempts, failures, audits,
     audit_head, validated_version, resolved_version, resulting_version, execution_id, held, successor,
     idempotency_key, asked, correlation_id, metadata, state_id, requester, expires_at, search,
     emergency_by, review)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: update_request
UPDATE placet_requests
SET revision = :revision, status = :status, digest = :digest, head = :head, updated_at = :updated_at, terms_number
    = :terms_number, attempts = :attempts, failures = :failures, audits = :audits, audit_head = :audit_head,
    validated_version = :validated_version, resolved_version = :resolved_version, resulting_version =
    :resulting_version, execution_id = :execution_id, held = :held, successor = :successor, expires_at =
    :expires_at, search = :search, emergency_by = :emergency_by, review = :review
WHERE id = :id AND revision = :read_revision;

-- name: update_requester
UPDATE placet_requests SET requester = :requester WHERE id = :id AND requester <> :requester;

-- name: insert_terms
INSERT INTO placet_terms (request_id, number, body) VALUES (?, ?, ?);

-- name: terms_of
SELECT request_id, number, body FROM placet_terms WHERE request_id = :id ORDER BY number;

-- name: keys_placet_terms
SELECT DISTINCT request_id FROM placet_terms WHERE request_id > :after ORDER BY request_id LIMIT :limit;

-- name: insert_state
INSERT INTO placet_states (state_id, state_type, version, body, hash) VALUES (?, ?, ?, ?, ?);

-- name: update_state
UPDATE placet_states SET version = :version, body = :body, hash = :hash
WHERE state_id = :state_id AND version = :read_version;

-- name: schema_version
SELECT max(version) FROM placet_schema;

-- name: schema_objects
SELECT type, name, tbl_name, sql FROM sqlite_master
WHERE name LIKE 'placet\_%' ESCAPE '\' OR tbl_name LIKE 'placet\_%' ESCAPE '\';

-- name: set_schema_version
INSERT INTO placet_schema (version) VALUES (?);
