-- +goose Up
-- At most one for each account: a new one replaces it, an enrolment removes it. The MAC covers expires_at.
CREATE TABLE IF NOT EXISTS tickets (
    account    VARBINARY(32) NOT NULL,
    expires_at BIGINT NOT NULL,
    mac        VARBINARY(36) NOT NULL,
    PRIMARY KEY (account)
) ENGINE=InnoDB;
