-- Version 2: overrides are for one use, and what is noted once has become more.
PRAGMA user_version = 2;

-- Which intent used up which override: the row comes with the intent, in one transaction.
CREATE TABLE override_uses (
    override TEXT PRIMARY KEY,
    intent   TEXT NOT NULL REFERENCES intents (id) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

CREATE TRIGGER override_uses_are_not_changed BEFORE UPDATE ON override_uses
BEGIN SELECT RAISE(ABORT, 'an override is for one use'); END;

CREATE TRIGGER override_uses_are_not_deleted BEFORE DELETE ON override_uses
BEGIN SELECT RAISE(ABORT, 'an override is for one use'); END;

DROP INDEX entries_once;

-- Ids are given once; a deployment, a verification, an override's use and an alert are noted once.
CREATE UNIQUE INDEX entries_once ON entries (subject)
    WHERE kind IN ('hold.placed', 'gate.added', 'deployment.seen', 'deployment.out-of-band',
        'override.granted', 'override.used', 'verification.passed', 'verification.failed',
        'alert.raised');
