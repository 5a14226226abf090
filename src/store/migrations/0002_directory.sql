-- One directory for five dialects, groups, applications to join, licence leases, the audit. It only expands.

ALTER TABLE user ADD COLUMN name     TEXT NOT NULL DEFAULT '';     -- shown to people; '' shows the handle
ALTER TABLE user ADD COLUMN picture  TEXT NOT NULL DEFAULT '';     -- address; relative when it is ours
ALTER TABLE user ADD COLUMN profile  TEXT NOT NULL DEFAULT '{}';   -- 002's gender, mobile, birth, email, ex: JSON
ALTER TABLE user ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1));

CREATE TABLE auth_code (                         -- 004: good once, for ten minutes
  hash      BLOB PRIMARY KEY,                    -- SHA-256 of the code
  user_id   INTEGER NOT NULL REFERENCES user (id),
  claim     TEXT NOT NULL,                       -- the role that its token will claim
  issued_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX auth_code_by_time ON auth_code (issued_at);

CREATE TABLE lease (                             -- one a live lesson, opened and closed with it
  room_id   INTEGER PRIMARY KEY REFERENCES room (id),
  licence   TEXT NOT NULL,                       -- id of the licence that allowed it
  rule      TEXT NOT NULL,                       -- the decision that allowed it
  opened_at INTEGER NOT NULL
) STRICT;

CREATE TABLE memo (                              -- single values: newest time seen, …
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE im_group (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,  -- from 1000000001: no lesson's number, which are groups as well
  name       TEXT NOT NULL,
  code       TEXT NOT NULL,                      -- opens it face to face; '' for nobody
  cover      TEXT NOT NULL,                      -- address; relative when it is ours, '' for the default picture
  owner_id   INTEGER NOT NULL REFERENCES user (id),
  created_at INTEGER NOT NULL,
  closed_at  INTEGER                             -- dismissed, or its last member quit
) STRICT;

CREATE TABLE group_member (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,   -- the order of coming
  group_id  INTEGER NOT NULL REFERENCES im_group (id),
  user_id   INTEGER NOT NULL REFERENCES user (id),
  joined_at INTEGER NOT NULL,
  UNIQUE (group_id, user_id)
) STRICT;
CREATE INDEX group_member_by_user ON group_member (user_id);

CREATE TABLE application (                       -- 000: somebody asks to join a lesson in picture and sound
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  room_id     INTEGER NOT NULL REFERENCES room (id),
  user_id     INTEGER NOT NULL REFERENCES user (id),
  applied_at  INTEGER NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('waiting', 'accepted', 'refused', 'unhandled')),
  answered_at INTEGER,
  answered_by INTEGER REFERENCES user (id)
) STRICT;
CREATE INDEX application_by_room ON application (room_id, state);

CREATE TABLE hand (                              -- raised in a group's channel, and not lowered yet
  group_id  TEXT NOT NULL,
  user_id   INTEGER NOT NULL REFERENCES user (id),
  seq       INTEGER NOT NULL,                    -- of the message that raised it: who came first is first
  PRIMARY KEY (group_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  at      INTEGER NOT NULL,
  actor   TEXT NOT NULL,                         -- handle, or '' for the box itself
  dialect TEXT NOT NULL,                         -- whose token or secret it was
  address TEXT NOT NULL,                         -- where from; '' for the box itself
  event   TEXT NOT NULL,                         -- 'user created', 'licence installed', …
  subject TEXT NOT NULL,                         -- whom or what it is about
  detail  TEXT NOT NULL
) STRICT;

INSERT INTO sqlite_sequence (name, seq) VALUES ('im_group', 1000000000);
