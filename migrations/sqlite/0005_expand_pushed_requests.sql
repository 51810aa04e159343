-- Authorization requests that clients have pushed (RFC 9126), and that a browser takes up by their request_uri.
--
-- Forward only, and the binary before this one must still run on the result: what is new in its tables may be left out.

CREATE TABLE pushed_requests (
  hash       BLOB NOT NULL PRIMARY KEY, -- SHA-256 of the request_uri
  expires_at INTEGER NOT NULL,
  sealed     BLOB NOT NULL -- the parameters
) STRICT;

-- The sweep.
CREATE INDEX pushed_requests_expiry ON pushed_requests (expires_at);
