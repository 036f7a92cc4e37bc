-- +goose Up
-- At most one for each account: a new one replaces it, an enrolment removes it. The MAC covers expires_at.
CREATE TABLE tickets (
    account    TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT NOT NULL,
    mac        BYTEA NOT NULL,
    PRIMARY KEY (account)
);
