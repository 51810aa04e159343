-- Device codes (RFC 8628).
--
-- Forward only, and the binary before this one must still run on the result: what is new in its tables may be left out.

-- A row is there from the device's request until some minutes after its end. Both codes are hashed, the short one with a key. What a person
-- decides is written once. No foreign keys: a row lives for minutes, and what it names is looked at when the tokens are fetched.
CREATE TABLE device_codes (
  device_hash   BYTEA NOT NULL PRIMARY KEY,
  user_hash     BYTEA NOT NULL UNIQUE,
  created_at    BIGINT NOT NULL,
  expires_at    BIGINT NOT NULL,
  next_poll_at  BIGINT NOT NULL,
  poll_interval BIGINT NOT NULL, -- milliseconds
  decided_at    BIGINT,
  denied        BOOLEAN NOT NULL,
  auth_time     BIGINT,
  id            TEXT COLLATE "C" NOT NULL CHECK (id <> ''), -- becomes the grant's
  client_id     TEXT COLLATE "C" NOT NULL,
  account_id    TEXT COLLATE "C",
  session_id    TEXT COLLATE "C",
  acr           TEXT NOT NULL,
  amr           TEXT NOT NULL,
  scopes        TEXT NOT NULL,
  audience      TEXT NOT NULL,
  address       TEXT NOT NULL
);

-- The sweep.
CREATE INDEX device_codes_expiry ON device_codes (expires_at);
