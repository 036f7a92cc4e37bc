-- Times are Unix milliseconds, 0 is never. Text is VARBINARY: utf8mb4_bin pads with spaces, so that 'admin' = 'admin '.

-- +goose Up
-- One row for each panel user. factors: ids of the active ones, comma between; code_set: the recovery codes that count; turn: raised to lock the row.
CREATE TABLE IF NOT EXISTS accounts (
    id         VARBINARY(32) NOT NULL,
    panel      VARBINARY(64) NOT NULL,
    panel_key  VARBINARY(255) NOT NULL,
    name       VARBINARY(255) NOT NULL,
    state      VARBINARY(32) NOT NULL,
    generation BIGINT NOT NULL,
    enabled_at BIGINT NOT NULL,
    factors    VARBINARY(512) NOT NULL,
    code_set   VARBINARY(32) NOT NULL,
    turn       BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    mac        VARBINARY(36) NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (panel, panel_key),
    UNIQUE (panel, name)
) ENGINE=InnoDB;

-- Sealed; they open only for their installation, account and id.
CREATE TABLE IF NOT EXISTS factors (
    id         VARBINARY(32) NOT NULL,
    account    VARBINARY(32) NOT NULL,
    kind       VARBINARY(32) NOT NULL,
    secret     VARBINARY(255) NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    INDEX factors_account (account)
) ENGINE=InnoDB;

-- Every TOTP step up to last_step is spent. The row outlives the factor.
CREATE TABLE IF NOT EXISTS spent_steps (
    account   VARBINARY(32) NOT NULL,
    last_step BIGINT NOT NULL,
    spent_at  BIGINT NOT NULL,
    PRIMARY KEY (account)
) ENGINE=InnoDB;

-- used_at 0: unused.
CREATE TABLE IF NOT EXISTS recovery_codes (
    account    VARBINARY(32) NOT NULL,
    code_set   VARBINARY(32) NOT NULL,
    mac        VARBINARY(36) NOT NULL,
    created_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL,
    PRIMARY KEY (account, mac)
) ENGINE=InnoDB;

-- Recognised browsers; accounts hang on them.
CREATE TABLE IF NOT EXISTS browsers (
    id         VARBINARY(32) NOT NULL,
    mac        VARBINARY(36) NOT NULL,
    address    VARBINARY(64) NOT NULL,
    user_agent VARBINARY(512) NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (mac)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS browser_accounts (
    browser       VARBINARY(32) NOT NULL,
    account       VARBINARY(32) NOT NULL,
    factor        VARBINARY(32) NOT NULL,
    trusted_until BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    mac           VARBINARY(36) NOT NULL,
    PRIMARY KEY (browser, account),
    INDEX browser_accounts_account (account)
) ENGINE=InnoDB;

-- Every budget transaction begins by raising turn: that locks the pool. extra: codes granted by an administrator.
CREATE TABLE IF NOT EXISTS budgets (
    account VARBINARY(32) NOT NULL,
    pool    VARBINARY(64) NOT NULL,
    turn    BIGINT NOT NULL,
    extra   BIGINT NOT NULL,
    PRIMARY KEY (account, pool)
) ENGINE=InnoDB;

-- One row for each try, written before it is compared; a success refunds those of its own challenge.
CREATE TABLE IF NOT EXISTS failures (
    account   VARBINARY(32) NOT NULL,
    pool      VARBINARY(64) NOT NULL,
    turn      BIGINT NOT NULL,
    challenge BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    refunded  BIGINT NOT NULL,
    PRIMARY KEY (account, pool, turn),
    INDEX failures_at (at)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS challenges (
    account   VARBINARY(32) NOT NULL,
    pool      VARBINARY(64) NOT NULL,
    id        VARBINARY(128) NOT NULL,
    turn      BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    tries     BIGINT NOT NULL,
    PRIMARY KEY (account, pool, id)
) ENGINE=InnoDB;

-- session empty: all of the account's sessions older than generation.
CREATE TABLE IF NOT EXISTS revocations (
    id         VARBINARY(32) NOT NULL,
    account    VARBINARY(32) NOT NULL,
    generation BIGINT NOT NULL,
    session    VARBINARY(128) NOT NULL,
    at         BIGINT NOT NULL,
    PRIMARY KEY (id),
    INDEX revocations_at (at)
) ENGINE=InnoDB;

-- Which account a typed name led to.
CREATE TABLE IF NOT EXISTS spellings (
    panel      VARBINARY(64) NOT NULL,
    spelling   VARBINARY(255) NOT NULL,
    account    VARBINARY(32) NOT NULL,
    created_at BIGINT NOT NULL,
    mac        VARBINARY(36) NOT NULL,
    PRIMARY KEY (panel, spelling),
    INDEX spellings_account (account)
) ENGINE=InnoDB;

-- One chain for each writing process; prev is the mac of the row before.
CREATE TABLE IF NOT EXISTS audit (
    chain   VARBINARY(32) NOT NULL,
    seq     BIGINT NOT NULL,
    prev    VARBINARY(36) NOT NULL,
    at      BIGINT NOT NULL,
    kind    VARBINARY(32) NOT NULL,
    account VARBINARY(32) NOT NULL,
    name    VARBINARY(255) NOT NULL,
    address VARBINARY(64) NOT NULL,
    session VARBINARY(128) NOT NULL,
    request VARBINARY(128) NOT NULL,
    detail  VARBINARY(255) NOT NULL,
    mac     VARBINARY(36) NOT NULL,
    PRIMARY KEY (chain, seq),
    INDEX audit_at (at)
) ENGINE=InnoDB;

-- The last row of a chain that retention removed.
CREATE TABLE IF NOT EXISTS audit_checkpoints (
    chain VARBINARY(32) NOT NULL,
    seq   BIGINT NOT NULL,
    head  VARBINARY(36) NOT NULL,
    at    BIGINT NOT NULL,
    mac   VARBINARY(36) NOT NULL,
    PRIMARY KEY (chain)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS meta (
    name  VARBINARY(32) NOT NULL,
    value VARBINARY(512) NOT NULL,
    turn  BIGINT NOT NULL,
    mac   VARBINARY(36) NOT NULL,
    PRIMARY KEY (name)
) ENGINE=InnoDB;
