-- The first schema.
--
-- Times are milliseconds since 1970-01-01 UTC; NULL says "never". Lists are JSON arrays in text. Keys are never empty: an empty key in a
-- query must match no row. Nothing usable lies here: tokens and cookies only as SHA-256, private keys only sealed.
-- Small rows that are read by their key are stored in the key's own tree (WITHOUT ROWID): one tree less to write. Booleans are 0 and 1.

CREATE TABLE clients (
  id              TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  version         INTEGER NOT NULL,
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER NOT NULL,
  disabled_at     INTEGER,
  idempotency_key TEXT UNIQUE,
  metadata        TEXT NOT NULL -- RFC 7591 document; last, so that the short columns before it are read without it
) STRICT;

CREATE TABLE client_secrets (
  client_id  TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  id         TEXT NOT NULL CHECK (id <> ''),
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  hash       TEXT NOT NULL,
  PRIMARY KEY (client_id, id)
) STRICT, WITHOUT ROWID;

-- Ids of deleted clients and accounts: they are never given again.
CREATE TABLE deleted_ids (
  kind       TEXT NOT NULL, -- client, account
  id         TEXT NOT NULL,
  deleted_at INTEGER NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
  id             TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  created_at     INTEGER NOT NULL,
  updated_at     INTEGER NOT NULL,
  blocked_at     INTEGER,
  email_verified INTEGER NOT NULL,
  email          TEXT NOT NULL,
  roles          TEXT NOT NULL,
  name           TEXT NOT NULL,
  given_name     TEXT NOT NULL,
  family_name    TEXT NOT NULL,
  locale         TEXT NOT NULL,
  picture        TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- An administrator looks accounts up by address.
CREATE INDEX accounts_email ON accounts (email, id);

-- The key is the SHA-256 of (connector, issuer, subject): issuer and subject together may be longer than an index entry can be.
CREATE TABLE identities (
  key          BLOB NOT NULL PRIMARY KEY,
  account_id   TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  linked_at    INTEGER NOT NULL,
  last_used_at INTEGER,
  email_trust  INTEGER NOT NULL,
  connector    TEXT NOT NULL,
  issuer       TEXT NOT NULL,
  subject      TEXT NOT NULL,
  audience     TEXT NOT NULL,
  email        TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The identities of an account, and the cascade of its deletion.
CREATE INDEX identities_account ON identities (account_id);

CREATE TABLE sessions (
  id         TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  token_hash BLOB NOT NULL UNIQUE, -- each page finds its session by the cookie
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  auth_time  INTEGER,
  login_at   INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  seen_at    INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  upstream   TEXT NOT NULL,
  amr        TEXT NOT NULL,
  acr        TEXT NOT NULL,
  user_agent TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The sessions of an account, and the cascade of its deletion.
CREATE INDEX sessions_account ON sessions (account_id);

-- The sweep.
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- The hot table: one INSERT per sign-in. No foreign keys: each would read, and on PostgreSQL lock, another row at every redemption, and the
-- standing is read at each use anyway. An index costs every sign-in a write, so there are two:
-- the account's grants (log-out, block, disconnect: the session and the client are compared in its few rows), and the sweep.
-- generation, refreshed_at and revoked_at are in no index: PostgreSQL then rotates a refresh token without touching one.
CREATE TABLE grants (
  id            TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  generation    INTEGER NOT NULL,
  auth_time     INTEGER,
  created_at    INTEGER NOT NULL,
  refreshed_at  INTEGER,
  expires_at    INTEGER NOT NULL,
  revoked_at    INTEGER,
  offline       INTEGER NOT NULL,
  needs_consent INTEGER NOT NULL,
  client_id     TEXT NOT NULL,
  account_id    TEXT NOT NULL,
  session_id    TEXT NOT NULL,
  acr           TEXT NOT NULL,
  amr           TEXT NOT NULL,
  scopes        TEXT NOT NULL,
  audience      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX grants_account ON grants (account_id);
CREATE INDEX grants_expiry ON grants (expires_at, id);

CREATE TABLE consents (
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  client_id  TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  granted_at INTEGER NOT NULL,
  scopes     TEXT NOT NULL,
  PRIMARY KEY (account_id, client_id)
) STRICT, WITHOUT ROWID;

-- The cascade of a client's deletion.
CREATE INDEX consents_client ON consents (client_id);

CREATE TABLE keys (
  id         TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  algorithm  TEXT NOT NULL,
  generation INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  active_at  INTEGER NOT NULL,
  retired_at INTEGER,
  expires_at INTEGER,
  sealed     BLOB NOT NULL,
  UNIQUE (algorithm, generation) -- two nodes that rotate at once make one key
) STRICT;

CREATE TABLE upstream_attempts (
  state_hash    BLOB NOT NULL PRIMARY KEY,
  browser_hash  BLOB NOT NULL,
  code_verifier BLOB NOT NULL,
  created_at    INTEGER NOT NULL,
  expires_at    INTEGER NOT NULL,
  reauth        INTEGER NOT NULL,
  connector     TEXT NOT NULL,
  nonce         TEXT NOT NULL,
  interaction   TEXT NOT NULL
) STRICT;

-- The sweep.
CREATE INDEX upstream_attempts_expiry ON upstream_attempts (expires_at);
