-- The journal, version 1. A migration that has shipped is never edited; the next one gets a new file.
PRAGMA application_id = 1735356015; -- "gono"
PRAGMA user_version = 1;

-- What happened. `control` and `subject` are derived from `body`, so that SQL can ask for them.
-- The send-once checks read `seq > seen`: a range of the primary key, so they need no other index.
CREATE TABLE entries (
    seq         INTEGER PRIMARY KEY CHECK (seq > 0),
    at          TEXT NOT NULL,
    actor       TEXT NOT NULL,
    kind        TEXT NOT NULL,
    service     TEXT,
    environment TEXT,
    revision    TEXT,
    reason      TEXT,
    policy      TEXT NOT NULL,
    body        TEXT NOT NULL,
    control     INTEGER NOT NULL CHECK (control IN (0, 1)),
    subject     TEXT,
    previous    TEXT NOT NULL,
    hash        TEXT NOT NULL
) STRICT;

CREATE INDEX entries_by_subject ON entries (subject, seq) WHERE subject IS NOT NULL;

-- Ids of holds and manual gates are given once; a deployment is noted once.
CREATE UNIQUE INDEX entries_once ON entries (subject)
    WHERE kind IN ('hold.placed', 'gate.added', 'deployment.seen', 'deployment.out-of-band');

CREATE TRIGGER entries_are_not_changed BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

CREATE TRIGGER entries_are_not_deleted BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

CREATE TRIGGER entries_follow_one_another BEFORE INSERT ON entries
WHEN NEW.seq <> 1 + coalesce((SELECT max(seq) FROM entries), 0)
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

-- Where each intent stands: what the permit to send is decided on.
CREATE TABLE intents (
    id          TEXT PRIMARY KEY,
    purpose     TEXT NOT NULL,
    service     TEXT NOT NULL,
    environment TEXT NOT NULL,
    revision    TEXT NOT NULL,
    digest      TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('intended', 'sending', 'accepted', 'running',
                    'unknown', 'reconciling', 'succeeded', 'failed', 'cancelled', 'abandoned',
                    'rejected', 'absent')),
    owner       TEXT NOT NULL,
    -- The entry that made it, and the last one that moved it.
    intended    INTEGER NOT NULL REFERENCES entries (seq) DEFERRABLE INITIALLY DEFERRED,
    latest      INTEGER NOT NULL REFERENCES entries (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

-- At most one open intent of a purpose on a cell, over all operators.
CREATE UNIQUE INDEX intents_one_open ON intents (purpose, service, environment)
    WHERE state IN ('intended', 'sending', 'accepted', 'running', 'unknown', 'reconciling');

CREATE TRIGGER intents_begin_intended BEFORE INSERT ON intents
WHEN NEW.state <> 'intended'
BEGIN SELECT RAISE(ABORT, 'an intent begins as intended'); END;

-- What was sent, or may have been, is never sent again; what has ended stays ended.
CREATE TRIGGER intents_never_go_back BEFORE UPDATE ON intents
WHEN NEW.state = 'intended'
    OR (NEW.state IN ('sending', 'abandoned') AND OLD.state <> 'intended')
    OR OLD.state NOT IN ('intended', 'sending', 'accepted', 'running', 'unknown', 'reconciling')
BEGIN SELECT RAISE(ABORT, 'an intent never goes back'); END;

CREATE TRIGGER intents_keep_what_they_are BEFORE UPDATE OF
    id, purpose, service, environment, revision, digest, intended ON intents
BEGIN SELECT RAISE(ABORT, 'an intent stays what it is'); END;

CREATE TRIGGER intents_are_not_deleted BEFORE DELETE ON intents
BEGIN SELECT RAISE(ABORT, 'an intent stays what it is'); END;
