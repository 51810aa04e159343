-- Clients that registered themselves (RFC 7591, client ID metadata documents), and the tokens that let them.
--
-- Forward only, and the binary before this one must still run on the result: what is new in its tables may be left out.

ALTER TABLE clients ADD COLUMN self_registered INTEGER NOT NULL DEFAULT 0;

-- What a client that registered itself has beside its metadata.
CREATE TABLE client_registrations (
  client_id  TEXT NOT NULL PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
  used_at    INTEGER, -- when it was last known to be in use; NULL: kept whether it is used or not
  token_hash BLOB -- SHA-256 of its registration access token; NULL: it has a metadata document instead
) STRICT, WITHOUT ROWID;

-- The sweep.
CREATE INDEX client_registrations_used ON client_registrations (used_at) WHERE used_at IS NOT NULL;

CREATE TABLE initial_access_tokens (
  id         TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  token_hash BLOB NOT NULL UNIQUE, -- SHA-256
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  uses_left  INTEGER NOT NULL,
  note       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The sweep.
CREATE INDEX initial_access_tokens_expiry ON initial_access_tokens (expires_at) WHERE expires_at IS NOT NULL;
