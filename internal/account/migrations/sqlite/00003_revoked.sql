-- +goose Up
-- Revocations in the order in which they became visible. turn: of the roll (meta, name active), held by the writer until its
-- transaction ended. at: the database's own clock.
CREATE TABLE revoked (
    turn       INTEGER NOT NULL,
    account    TEXT NOT NULL,
    generation INTEGER NOT NULL,
    session    TEXT NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (turn)
) STRICT;
CREATE INDEX revoked_at ON revoked (at);
INSERT INTO revoked (turn, account, generation, session, at)
    SELECT ROW_NUMBER() OVER (ORDER BY at, id), account, generation, session, CAST(unixepoch('subsec') * 1000 AS INTEGER) FROM revocations;
UPDATE meta SET turn = turn + (SELECT COUNT(*) FROM revoked) WHERE name = 'active';
DROP TABLE revocations;
