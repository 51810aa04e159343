-- Revocation that reaches tokens: status lists, log-out notices, and what may be used once.
--
-- Forward only, and the binary before this one must still run on the result: what is new in its tables may be left out.

-- A copy from the metadata: the end of a session asks for it in the statement that writes the notices.
ALTER TABLE clients ADD COLUMN backchannel_logout_uri TEXT;

-- In no index: what revokes a grant finds it by its id or its account.
ALTER TABLE grants ADD COLUMN status_list INTEGER;
ALTER TABLE grants ADD COLUMN status_bit INTEGER;
ALTER TABLE grants ADD COLUMN dpop_key TEXT;

-- A spent attempt stays until it expires, so that a person who goes back to it is sent on instead of being refused.
ALTER TABLE upstream_attempts ADD COLUMN spent_at INTEGER;

CREATE TABLE status_lists (
  id         INTEGER PRIMARY KEY AUTOINCREMENT, -- never given again
  kind       TEXT NOT NULL,
  next_block INTEGER NOT NULL,
  opened_at  INTEGER NOT NULL,
  expires_at INTEGER, -- NULL: open
  seed       BLOB NOT NULL
) STRICT;

-- Two nodes that find a list full open one new list.
CREATE UNIQUE INDEX status_lists_open ON status_lists (kind) WHERE expires_at IS NULL;

-- The bits that are set: rows of what was revoked, as long as a revoked token could be alive.
CREATE TABLE status_revocations (
  list       INTEGER NOT NULL,
  bit        INTEGER NOT NULL,
  revoked_at INTEGER NOT NULL,
  until      INTEGER NOT NULL,
  PRIMARY KEY (list, bit)
) STRICT, WITHOUT ROWID;

-- A node asks for what is new in a list.
CREATE INDEX status_revocations_recent ON status_revocations (list, revoked_at);

-- The sweep.
CREATE INDEX status_revocations_until ON status_revocations (until);

-- What may be used once: hashes of the ids of assertions and proofs, until those have expired.
CREATE TABLE assertion_ids (
  key        BLOB NOT NULL PRIMARY KEY,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The sweep.
CREATE INDEX assertion_ids_expiry ON assertion_ids (expires_at);

-- Work that one node does at a time.
CREATE TABLE leases (
  name   TEXT NOT NULL PRIMARY KEY CHECK (name <> ''),
  holder TEXT NOT NULL,
  until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Log-out notices that clients have yet to hear of. No foreign keys: a notice outlives the account and the session that it tells of.
CREATE TABLE outbox (
  id         INTEGER PRIMARY KEY AUTOINCREMENT, -- never given again: a node that was slow must not settle another notice
  created_at INTEGER NOT NULL,
  due_at     INTEGER NOT NULL,
  dead_at    INTEGER, -- NULL: not given up
  attempts   INTEGER NOT NULL,
  client_id  TEXT NOT NULL,
  account_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  last_error TEXT NOT NULL
) STRICT;

-- What is due, and what was given up: for the administrator and the sweep.
CREATE INDEX outbox_due ON outbox (due_at, id) WHERE dead_at IS NULL;
CREATE INDEX outbox_dead ON outbox (dead_at, id) WHERE dead_at IS NOT NULL;
