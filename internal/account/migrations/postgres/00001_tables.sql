-- Times are Unix milliseconds, 0 is never. Text compares as bytes ("C").

-- +goose Up
-- One row for each panel user. factors: ids of the active ones, comma between; code_set: the recovery codes that count; turn: raised to lock the row.
CREATE TABLE accounts (
    id         TEXT COLLATE "C" NOT NULL,
    panel      TEXT COLLATE "C" NOT NULL,
    panel_key  TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    state      TEXT COLLATE "C" NOT NULL,
    generation BIGINT NOT NULL,
    enabled_at BIGINT NOT NULL,
    factors    TEXT COLLATE "C" NOT NULL,
    code_set   TEXT COLLATE "C" NOT NULL,
    turn       BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    mac        BYTEA NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (panel, panel_key),
    UNIQUE (panel, name)
);

-- Sealed; they open only for their installation, account and id.
CREATE TABLE factors (
    id         TEXT COLLATE "C" NOT NULL,
    account    TEXT COLLATE "C" NOT NULL,
    kind       TEXT COLLATE "C" NOT NULL,
    secret     BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX factors_account ON factors (account);

-- Every TOTP step up to last_step is spent. The row outlives the factor.
CREATE TABLE spent_steps (
    account   TEXT COLLATE "C" NOT NULL,
    last_step BIGINT NOT NULL,
    spent_at  BIGINT NOT NULL,
    PRIMARY KEY (account)
);

-- used_at 0: unused.
CREATE TABLE recovery_codes (
    account    TEXT COLLATE "C" NOT NULL,
    code_set   TEXT COLLATE "C" NOT NULL,
    mac        BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL,
    PRIMARY KEY (account, mac)
);

-- Recognised browsers; accounts hang on them.
CREATE TABLE browsers (
    id         TEXT COLLATE "C" NOT NULL,
    mac        BYTEA NOT NULL,
    address    TEXT COLLATE "C" NOT NULL,
    user_agent TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (mac)
);

CREATE TABLE browser_accounts (
    browser       TEXT COLLATE "C" NOT NULL,
    account       TEXT COLLATE "C" NOT NULL,
    factor        TEXT COLLATE "C" NOT NULL,
    trusted_until BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    mac           BYTEA NOT NULL,
    PRIMARY KEY (browser, account)
);
CREATE INDEX browser_accounts_account ON browser_accounts (account);

-- Every budget transaction begins by raising turn: that locks the pool. extra: codes granted by an administrator.
CREATE TABLE budgets (
    account TEXT COLLATE "C" NOT NULL,
    pool    TEXT COLLATE "C" NOT NULL,
    turn    BIGINT NOT NULL,
    extra   BIGINT NOT NULL,
    PRIMARY KEY (account, pool)
);

-- One row for each try, written before it is compared; a success refunds those of its own challenge.
CREATE TABLE failures (
    account   TEXT COLLATE "C" NOT NULL,
    pool      TEXT COLLATE "C" NOT NULL,
    turn      BIGINT NOT NULL,
    challenge BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    refunded  BIGINT NOT NULL,
    PRIMARY KEY (account, pool, turn)
);
CREATE INDEX failures_at ON failures (at);

CREATE TABLE challenges (
    account   TEXT COLLATE "C" NOT NULL,
    pool      TEXT COLLATE "C" NOT NULL,
    id        TEXT COLLATE "C" NOT NULL,
    turn      BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    tries     BIGINT NOT NULL,
    PRIMARY KEY (account, pool, id)
);

-- session empty: all of the account's sessions older than generation.
CREATE TABLE revocations (
    id         TEXT COLLATE "C" NOT NULL,
    account    TEXT COLLATE "C" NOT NULL,
    generation BIGINT NOT NULL,
    session    TEXT COLLATE "C" NOT NULL,
    at         BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX revocations_at ON revocations (at);

-- Which account a typed name led to.
CREATE TABLE spellings (
    panel      TEXT COLLATE "C" NOT NULL,
    spelling   TEXT COLLATE "C" NOT NULL,
    account    TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    mac        BYTEA NOT NULL,
    PRIMARY KEY (panel, spelling)
);
CREATE INDEX spellings_account ON spellings (account);

-- One chain for each writing process; prev is the mac of the row before.
CREATE TABLE audit (
    chain   TEXT COLLATE "C" NOT NULL,
    seq     BIGINT NOT NULL,
    prev    BYTEA NOT NULL,
    at      BIGINT NOT NULL,
    kind    TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    name    TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    session TEXT COLLATE "C" NOT NULL,
    request TEXT COLLATE "C" NOT NULL,
    detail  TEXT COLLATE "C" NOT NULL,
    mac     BYTEA NOT NULL,
    PRIMARY KEY (chain, seq)
);
CREATE INDEX audit_at ON audit (at);

-- The last row of a chain that retention removed.
CREATE TABLE audit_checkpoints (
    chain TEXT COLLATE "C" NOT NULL,
    seq   BIGINT NOT NULL,
    head  BYTEA NOT NULL,
    at    BIGINT NOT NULL,
    mac   BYTEA NOT NULL,
    PRIMARY KEY (chain)
);

CREATE TABLE meta (
    name  TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    turn  BIGINT NOT NULL,
    mac   BYTEA NOT NULL,
    PRIMARY KEY (name)
);
