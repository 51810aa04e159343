-- Device codes (RFC 8628).
--
-- Forward only, and the binary before this one must still run on the result: what is new in its tables may be left out.

-- A row is there from the device's request until some minutes after its end. Both codes are hashed, the short one with a key. What a person
-- decides is written once. No foreign keys: a row lives for minutes, and what it names is looked at when the tokens are fetched.
CREATE TABLE device_codes (
  device_hash   BLOB NOT NULL PRIMARY KEY,
  user_hash     BLOB NOT NULL UNIQUE,
  created_at    INTEGER NOT NULL,
  expires_at    INTEGER NOT NULL,
  next_poll_at  INTEGER NOT NULL,
  poll_interval INTEGER NOT NULL, -- milliseconds
  decided_at    INTEGER,
  denied        INTEGER NOT NULL,
  auth_time     INTEGER,
  id            TEXT NOT NULL CHECK (id <> ''), -- becomes the grant's
  client_id     TEXT NOT NULL,
  account_id    TEXT,
  session_id    TEXT,
  acr           TEXT NOT NULL,
  amr           TEXT NOT NULL,
  scopes        TEXT NOT NULL,
  audience      TEXT NOT NULL,
  address       TEXT NOT NULL
) STRICT;

-- The sweep.
CREATE INDEX device_codes_expiry ON device_codes (expires_at);
