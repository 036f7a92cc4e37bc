-- +goose Up
-- Revocations in the order in which they became visible. turn: of the roll (meta, name active), held by the writer until its
-- transaction ended. at: the database's own clock.
CREATE TABLE revoked (
    turn       BIGINT NOT NULL,
    account    TEXT COLLATE "C" NOT NULL,
    generation BIGINT NOT NULL,
    session    TEXT COLLATE "C" NOT NULL,
    at         BIGINT NOT NULL,
    PRIMARY KEY (turn)
);
CREATE INDEX revoked_at ON revoked (at);
INSERT INTO revoked (turn, account, generation, session, at)
    SELECT ROW_NUMBER() OVER (ORDER BY at, id), account, generation, session, CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) FROM revocations;
UPDATE meta SET turn = turn + (SELECT COUNT(*) FROM revoked) WHERE name = 'active';
DROP TABLE revocations;
