-- Revocation that reaches tokens: status lists, log-out notices, and what may be used once.
--
-- Forward only, and the binary before this one must still run on the result: what is new in its tables may be left out.

-- A copy from the metadata: the end of a session asks for it in the statement that writes the notices.
ALTER TABLE clients ADD COLUMN backchannel_logout_uri TEXT;

-- In no index: what revokes a grant finds it by its id or its account.
ALTER TABLE grants ADD COLUMN status_list BIGINT;
ALTER TABLE grants ADD COLUMN status_bit BIGINT;
ALTER TABLE grants ADD COLUMN dpop_key TEXT;

-- A spent attempt stays until it expires, so that a person who goes back to it is sent on instead of being refused.
ALTER TABLE upstream_attempts ADD COLUMN spent_at BIGINT;

CREATE TABLE status_lists (
  id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- never given again
  kind       TEXT COLLATE "C" NOT NULL,
  next_block BIGINT NOT NULL,
  opened_at  BIGINT NOT NULL,
  expires_at BIGINT, -- NULL: open
  seed       BYTEA NOT NULL
);

-- Two nodes that find a list full open one new list.
CREATE UNIQUE INDEX status_lists_open ON status_lists (kind) WHERE expires_at IS NULL;

-- The bits that are set: rows of what was revoked, as long as a revoked token could be alive.
CREATE TABLE status_revocations (
  list       BIGINT NOT NULL,
  bit        BIGINT NOT NULL,
  revoked_at BIGINT NOT NULL,
  until      BIGINT NOT NULL,
  PRIMARY KEY (list, bit)
);

-- A node asks for what is new in a list.
CREATE INDEX status_revocations_recent ON status_revocations (list, revoked_at);

-- The sweep.
CREATE INDEX status_revocations_until ON status_revocations (until);

-- What may be used once: hashes of the ids of assertions and proofs, until those have expired.
CREATE TABLE assertion_ids (
  key        BYTEA NOT NULL PRIMARY KEY,
  expires_at BIGINT NOT NULL
);

-- The sweep.
CREATE INDEX assertion_ids_expiry ON assertion_ids (expires_at);

-- Work that one node does at a time.
CREATE TABLE leases (
  name   TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (name <> ''),
  holder TEXT COLLATE "C" NOT NULL,
  until  BIGINT NOT NULL
);

-- Log-out notices that clients have yet to hear of. No foreign keys: a notice outlives the account and the session that it tells of.
CREATE TABLE outbox (
  id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- never given again: a node that was slow must not settle another notice
  created_at BIGINT NOT NULL,
  due_at     BIGINT NOT NULL,
  dead_at    BIGINT, -- NULL: not given up
  attempts   BIGINT NOT NULL,
  client_id  TEXT COLLATE "C" NOT NULL,
  account_id TEXT COLLATE "C" NOT NULL,
  session_id TEXT COLLATE "C" NOT NULL,
  last_error TEXT NOT NULL
);

-- What is due, and what was given up: for the administrator and the sweep.
CREATE INDEX outbox_due ON outbox (due_at, id) WHERE dead_at IS NULL;
CREATE INDEX outbox_dead ON outbox (dead_at, id) WHERE dead_at IS NOT NULL;
