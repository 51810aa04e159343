-- Claims that were asked for by name (OIDC Core §5.5), and what belongs to an installation for good.
--
-- Forward only, and the binary before this one must still run on the result: what is new in its tables may be left out.

ALTER TABLE grants ADD COLUMN id_token_claims TEXT; -- NULL: none

ALTER TABLE grants ADD COLUMN userinfo_claims TEXT;

-- The salt of pairwise subjects (OIDC Core §8.1). It is not sealed: root secrets come and go, and it must not.
CREATE TABLE installation (
  name  TEXT NOT NULL PRIMARY KEY CHECK (name <> ''),
  value BYTEA NOT NULL
);
