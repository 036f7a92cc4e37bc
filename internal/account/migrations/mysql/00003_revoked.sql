-- +goose Up
-- Revocations in the order in which they became visible. turn: of the roll (meta, name active), held by the writer until its
-- transaction ended. at: the database's own clock.
-- Each statement may run again after a run that was cut off: MySQL keeps what one has done.
CREATE TABLE IF NOT EXISTS revoked (
    turn       BIGINT NOT NULL,
    account    VARBINARY(32) NOT NULL,
    generation BIGINT NOT NULL,
    session    VARBINARY(128) NOT NULL,
    at         BIGINT NOT NULL,
    PRIMARY KEY (turn),
    INDEX revoked_at (at)
) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS revocations (
    id         VARBINARY(32) NOT NULL,
    account    VARBINARY(32) NOT NULL,
    generation BIGINT NOT NULL,
    session    VARBINARY(128) NOT NULL,
    at         BIGINT NOT NULL,
    PRIMARY KEY (id)
) ENGINE=InnoDB;
INSERT IGNORE INTO revoked (turn, account, generation, session, at)
    SELECT ROW_NUMBER() OVER (ORDER BY at, id), account, generation, session, CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED) FROM revocations;
UPDATE meta SET turn = GREATEST(turn, (SELECT COUNT(*) FROM revoked)) WHERE name = 'active';
DROP TABLE revocations;
