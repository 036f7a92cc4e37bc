-- +goose Up
-- At most one for each account: a new one replaces it, an enrolment removes it. The MAC covers expires_at.
CREATE TABLE tickets (
    account    TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    mac        BLOB NOT NULL,
    PRIMARY KEY (account)
) STRICT;
