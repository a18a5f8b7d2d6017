-- One row for each row of the store, as every engine spells it: version, kind, value (store/row.rs).
CREATE TABLE kv (
    k bytea PRIMARY KEY,
    v bytea NOT NULL
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);

-- Whoever writes a group holds this row, and its own mark says which of its groups is the last.
CREATE TABLE gate (only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one));
INSERT INTO gate DEFAULT VALUES;
CREATE TABLE writer (
    node     text PRIMARY KEY,
    last     bigint NOT NULL,
    at       timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- For people and reports; nothing of ours reads them.
CREATE VIEW balances AS
SELECT convert_from(substring(k FROM 2), 'UTF8') AS account,
       ('x' || encode(substring(v FROM 10 FOR 8), 'hex'))::bit(64)::bigint AS cents
  FROM kv
 WHERE k >= '\x42' AND k < '\x43';

CREATE VIEW journal AS
SELECT ('x' || encode(substring(k FROM 2 FOR 8), 'hex'))::bit(64)::bigint AS position,
       ('x' || encode(substring(k FROM 10 FOR 4), 'hex'))::bit(32)::int AS place,
       convert_from(substring(v FROM CASE get_byte(v, 9) WHEN 1 THEN 51 WHEN 2 THEN 83 ELSE 67 END), 'UTF8') AS record
  FROM kv
 WHERE k >= '\x4a' AND k < '\x4b';
