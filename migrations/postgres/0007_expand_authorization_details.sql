-- Authorization details (RFC 9396) of a sign-in and of what a device asks for: JSON, as it goes into tokens.
--
-- Forward only, and the binary before this one must still run on the result: what is new in its tables may be left out.

ALTER TABLE grants ADD COLUMN authorization_details TEXT; -- NULL: none

ALTER TABLE device_codes ADD COLUMN authorization_details TEXT;
