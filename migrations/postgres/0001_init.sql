-- The first schema.
--
-- Times are milliseconds since 1970-01-01 UTC; NULL says "never". Lists are JSON arrays in text. Keys are never empty: an empty key in a
-- query must match no row. Nothing usable lies here: tokens and cookies only as SHA-256, private keys only sealed.
-- Keys compare as bytes (COLLATE "C"): the order is SQLite's, and no upgrade of the system's locale can spoil an index. An index entry holds
-- some 2,700 bytes: an account id of 22 characters and a client id of 2,048 fit together.

CREATE TABLE clients (
  id              TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
  version         BIGINT NOT NULL,
  created_at      BIGINT NOT NULL,
  updated_at      BIGINT NOT NULL,
  disabled_at     BIGINT,
  idempotency_key TEXT COLLATE "C" UNIQUE,
  metadata        TEXT NOT NULL -- RFC 7591 document; last, so that the short columns before it are read without it
);

CREATE TABLE client_secrets (
  client_id  TEXT COLLATE "C" NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  id         TEXT COLLATE "C" NOT NULL CHECK (id <> ''),
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  hash       TEXT NOT NULL,
  PRIMARY KEY (client_id, id)
);

-- Ids of deleted clients and accounts: they are never given again.
CREATE TABLE deleted_ids (
  kind       TEXT COLLATE "C" NOT NULL, -- client, account
  id         TEXT COLLATE "C" NOT NULL,
  deleted_at BIGINT NOT NULL,
  PRIMARY KEY (kind, id)
);

CREATE TABLE accounts (
  id             TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
  created_at     BIGINT NOT NULL,
  updated_at     BIGINT NOT NULL,
  blocked_at     BIGINT,
  email_verified BOOLEAN NOT NULL,
  email          TEXT COLLATE "C" NOT NULL,
  roles          TEXT NOT NULL,
  name           TEXT NOT NULL,
  given_name     TEXT NOT NULL,
  family_name    TEXT NOT NULL,
  locale         TEXT NOT NULL,
  picture        TEXT NOT NULL
);

-- An administrator looks accounts up by address.
CREATE INDEX accounts_email ON accounts (email, id);

-- The key is the SHA-256 of (connector, issuer, subject): issuer and subject together may be longer than an index entry can be.
CREATE TABLE identities (
  key          BYTEA NOT NULL PRIMARY KEY,
  account_id   TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  linked_at    BIGINT NOT NULL,
  last_used_at BIGINT,
  email_trust  BIGINT NOT NULL,
  connector    TEXT NOT NULL,
  issuer       TEXT NOT NULL,
  subject      TEXT NOT NULL,
  audience     TEXT NOT NULL,
  email        TEXT NOT NULL
);

-- The identities of an account, and the cascade of its deletion.
CREATE INDEX identities_account ON identities (account_id);

CREATE TABLE sessions (
  id         TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
  token_hash BYTEA NOT NULL UNIQUE, -- each page finds its session by the cookie
  account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  auth_time  BIGINT,
  login_at   BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  upstream   TEXT NOT NULL,
  amr        TEXT NOT NULL,
  acr        TEXT NOT NULL,
  user_agent TEXT NOT NULL
);

-- The sessions of an account, and the cascade of its deletion.
CREATE INDEX sessions_account ON sessions (account_id);

-- The sweep.
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- The hot table: one INSERT per sign-in. No foreign keys: each would read, and on PostgreSQL lock, another row at every redemption, and the
-- standing is read at each use anyway. An index costs every sign-in a write, so there are two:
-- the account's grants (log-out, block, disconnect: the session and the client are compared in its few rows), and the sweep.
-- generation, refreshed_at and revoked_at are in no index: PostgreSQL then rotates a refresh token without touching one.
CREATE TABLE grants (
  id            TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
  generation    BIGINT NOT NULL,
  auth_time     BIGINT,
  created_at    BIGINT NOT NULL,
  refreshed_at  BIGINT,
  expires_at    BIGINT NOT NULL,
  revoked_at    BIGINT,
  offline       BOOLEAN NOT NULL,
  needs_consent BOOLEAN NOT NULL,
  client_id     TEXT COLLATE "C" NOT NULL,
  account_id    TEXT COLLATE "C" NOT NULL,
  session_id    TEXT COLLATE "C" NOT NULL,
  acr           TEXT NOT NULL,
  amr           TEXT NOT NULL,
  scopes        TEXT NOT NULL,
  audience      TEXT NOT NULL
);

CREATE INDEX grants_account ON grants (account_id);
CREATE INDEX grants_expiry ON grants (expires_at, id);

CREATE TABLE consents (
  account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  client_id  TEXT COLLATE "C" NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  granted_at BIGINT NOT NULL,
  scopes     TEXT NOT NULL,
  PRIMARY KEY (account_id, client_id)
);

-- The cascade of a client's deletion.
CREATE INDEX consents_client ON consents (client_id);

CREATE TABLE keys (
  id         TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
  algorithm  TEXT COLLATE "C" NOT NULL,
  generation BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  active_at  BIGINT NOT NULL,
  retired_at BIGINT,
  expires_at BIGINT,
  sealed     BYTEA NOT NULL,
  UNIQUE (algorithm, generation) -- two nodes that rotate at once make one key
);

CREATE TABLE upstream_attempts (
  state_hash    BYTEA NOT NULL PRIMARY KEY,
  browser_hash  BYTEA NOT NULL,
  code_verifier BYTEA NOT NULL,
  created_at    BIGINT NOT NULL,
  expires_at    BIGINT NOT NULL,
  reauth        BOOLEAN NOT NULL,
  connector     TEXT NOT NULL,
  nonce         TEXT NOT NULL,
  interaction   TEXT NOT NULL
);

-- The sweep.
CREATE INDEX upstream_attempts_expiry ON upstream_attempts (expires_at);
