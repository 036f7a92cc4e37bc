-- Times are Unix milliseconds, 0 is never. Text compares as bytes (BINARY, SQLite's default).

-- +goose Up
-- One row for each panel user. factors: ids of the active ones, comma between; code_set: the recovery codes that count; turn: raised to lock the row.
CREATE TABLE accounts (
    id         TEXT NOT NULL,
    panel      TEXT NOT NULL,
    panel_key  TEXT NOT NULL,
    name       TEXT NOT NULL,
    state      TEXT NOT NULL,
    generation INTEGER NOT NULL,
    enabled_at INTEGER NOT NULL,
    factors    TEXT NOT NULL,
    code_set   TEXT NOT NULL,
    turn       INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    mac        BLOB NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (panel, panel_key),
    UNIQUE (panel, name)
) STRICT;

-- Sealed; they open only for their installation, account and id.
CREATE TABLE factors (
    id         TEXT NOT NULL,
    account    TEXT NOT NULL,
    kind       TEXT NOT NULL,
    secret     BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE INDEX factors_account ON factors (account);

-- Every TOTP step up to last_step is spent. The row outlives the factor.
CREATE TABLE spent_steps (
    account   TEXT NOT NULL,
    last_step INTEGER NOT NULL,
    spent_at  INTEGER NOT NULL,
    PRIMARY KEY (account)
) STRICT;

-- used_at 0: unused.
CREATE TABLE recovery_codes (
    account    TEXT NOT NULL,
    code_set   TEXT NOT NULL,
    mac        BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    used_at    INTEGER NOT NULL,
    PRIMARY KEY (account, mac)
) STRICT;

-- Recognised browsers; accounts hang on them.
CREATE TABLE browsers (
    id         TEXT NOT NULL,
    mac        BLOB NOT NULL,
    address    TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (mac)
) STRICT;

CREATE TABLE browser_accounts (
    browser       TEXT NOT NULL,
    account       TEXT NOT NULL,
    factor        TEXT NOT NULL,
    trusted_until INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    mac           BLOB NOT NULL,
    PRIMARY KEY (browser, account)
) STRICT;
CREATE INDEX browser_accounts_account ON browser_accounts (account);

-- Every budget transaction begins by raising turn: that locks the pool. extra: codes granted by an administrator.
CREATE TABLE budgets (
    account TEXT NOT NULL,
    pool    TEXT NOT NULL,
    turn    INTEGER NOT NULL,
    extra   INTEGER NOT NULL,
    PRIMARY KEY (account, pool)
) STRICT;

-- One row for each try, written before it is compared; a success refunds those of its own challenge.
CREATE TABLE failures (
    account   TEXT NOT NULL,
    pool      TEXT NOT NULL,
    turn      INTEGER NOT NULL,
    challenge INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    refunded  INTEGER NOT NULL,
    PRIMARY KEY (account, pool, turn)
) STRICT;
CREATE INDEX failures_at ON failures (at);

CREATE TABLE challenges (
    account   TEXT NOT NULL,
    pool      TEXT NOT NULL,
    id        TEXT NOT NULL,
    turn      INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    tries     INTEGER NOT NULL,
    PRIMARY KEY (account, pool, id)
) STRICT;

-- session empty: all of the account's sessions older than generation.
CREATE TABLE revocations (
    id         TEXT NOT NULL,
    account    TEXT NOT NULL,
    generation INTEGER NOT NULL,
    session    TEXT NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE INDEX revocations_at ON revocations (at);

-- Which account a typed name led to.
CREATE TABLE spellings (
    panel      TEXT NOT NULL,
    spelling   TEXT NOT NULL,
    account    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    mac        BLOB NOT NULL,
    PRIMARY KEY (panel, spelling)
) STRICT;
CREATE INDEX spellings_account ON spellings (account);

-- One chain for each writing process; prev is the mac of the row before.
CREATE TABLE audit (
    chain   TEXT NOT NULL,
    seq     INTEGER NOT NULL,
    prev    BLOB NOT NULL,
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    account TEXT NOT NULL,
    name    TEXT NOT NULL,
    address TEXT NOT NULL,
    session TEXT NOT NULL,
    request TEXT NOT NULL,
    detail  TEXT NOT NULL,
    mac     BLOB NOT NULL,
    PRIMARY KEY (chain, seq)
) STRICT;
CREATE INDEX audit_at ON audit (at);

-- The last row of a chain that retention removed.
CREATE TABLE audit_checkpoints (
    chain TEXT NOT NULL,
    seq   INTEGER NOT NULL,
    head  BLOB NOT NULL,
    at    INTEGER NOT NULL,
    mac   BLOB NOT NULL,
    PRIMARY KEY (chain)
) STRICT;

CREATE TABLE meta (
    name  TEXT NOT NULL,
    value TEXT NOT NULL,
    turn  INTEGER NOT NULL,
    mac   BLOB NOT NULL,
    PRIMARY KEY (name)
) STRICT;
