-- People, lessons, what was recorded and who must be told. Times are milliseconds since 1970 (UTC).

CREATE TABLE user (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,  -- from 10001: documents show such numbers to people
  handle     TEXT NOT NULL,                      -- as first spelled, NFC
  handle_key TEXT NOT NULL UNIQUE,               -- case-folded: how it is found
  dialect    TEXT NOT NULL CHECK (dialect IN ('edu','channel','openim','groups','arctos','box')),
  appid      INTEGER,                            -- 001's application; NULL belongs to every accepted one
  role       TEXT NOT NULL CHECK (role IN ('administrator','technician','teacher','pupil','viewer')),
  password   TEXT,                               -- argon2id in PHC form; NULL: none set
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX user_by_role ON user (role);

CREATE TABLE token (
  hash      BLOB PRIMARY KEY,                    -- SHA-256 of the token; the token itself is not kept
  user_id   INTEGER NOT NULL REFERENCES user (id),
  dialect   TEXT NOT NULL CHECK (dialect IN ('edu','channel','openim','groups','arctos','box')),
  issuer    TEXT NOT NULL,                       -- the address it was given to
  issued_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX token_by_user ON token (user_id, dialect);

CREATE TABLE room (
  id             INTEGER PRIMARY KEY AUTOINCREMENT, -- from 10001, gap-free, never deleted: presence relies on it
  host_id        INTEGER NOT NULL REFERENCES user (id),
  title          TEXT NOT NULL,
  cover          TEXT NOT NULL,
  state          INTEGER NOT NULL CHECK (state IN (0, 1, 2, 3)), -- created, live, over, replay ready
  created_at     INTEGER NOT NULL,
  begin_at       INTEGER NOT NULL DEFAULT 0,
  begin_seq      INTEGER NOT NULL DEFAULT 0,     -- sequence of message 1001
  end_at         INTEGER NOT NULL DEFAULT 0,
  end_seq        INTEGER NOT NULL DEFAULT 0,     -- sequence of message 1002
  index_url      TEXT NOT NULL DEFAULT '',       -- relative when it is ours
  watch_key      TEXT NOT NULL,                  -- 128 bits, hex: opens the replay without a log-in
  classroom      TEXT,                           -- where it is or was held; NULL: none was free
  recording      TEXT NOT NULL DEFAULT 'none'
                 CHECK (recording IN ('none','on','refused','ended')),
  recording_note TEXT NOT NULL DEFAULT '',       -- why it was refused or broke off
  ended_why      TEXT NOT NULL DEFAULT ''        -- 'host', 'silence'
) STRICT;
CREATE INDEX room_by_state ON room (state);

CREATE TABLE member (
  room_id    INTEGER NOT NULL REFERENCES room (id),
  user_id    INTEGER NOT NULL REFERENCES user (id),
  active     INTEGER NOT NULL CHECK (active IN (0, 1)),
  PRIMARY KEY (room_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE attendance (
  id      INTEGER PRIMARY KEY,
  room_id INTEGER NOT NULL REFERENCES room (id),
  user_id INTEGER NOT NULL REFERENCES user (id),
  at      INTEGER NOT NULL,
  event   TEXT NOT NULL CHECK (event IN ('in', 'out', 'silent'))
) STRICT;
CREATE INDEX attendance_by_room ON attendance (room_id, id);
CREATE INDEX attendance_by_user ON attendance (room_id, user_id);

CREATE TABLE message (
  group_id TEXT NOT NULL,
  seq      INTEGER NOT NULL,                     -- gap-free from 1 in each group
  at       INTEGER NOT NULL,
  sender   TEXT NOT NULL,                        -- handle; '' is the box itself
  type     INTEGER NOT NULL,                     -- 1001 start, 1002 end, 1003 enter, 1004 recording ready
  body     TEXT NOT NULL,                        -- JSON
  PRIMARY KEY (group_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE binding (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  room_id   INTEGER NOT NULL REFERENCES room (id),
  user_id   INTEGER NOT NULL REFERENCES user (id),
  kind      INTEGER NOT NULL CHECK (kind IN (0, 1)), -- courseware, film
  file_name TEXT NOT NULL,
  url       TEXT NOT NULL,
  bound_at  INTEGER NOT NULL,
  UNIQUE (room_id, url)
) STRICT;

CREATE TABLE take (
  room_id  INTEGER NOT NULL REFERENCES room (id),
  number   INTEGER NOT NULL,                     -- files of one recording, from 1
  name     TEXT NOT NULL,
  bytes    INTEGER NOT NULL,
  sha256   TEXT NOT NULL,
  span_us  INTEGER NOT NULL,                     -- length on the time line
  pictures INTEGER NOT NULL,
  width    INTEGER NOT NULL,
  height   INTEGER NOT NULL,
  codecs   TEXT NOT NULL,
  PRIMARY KEY (room_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE video (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  room_id        INTEGER NOT NULL REFERENCES room (id),
  source         TEXT NOT NULL CHECK (source IN ('box', 'outside')),
  video_id       TEXT NOT NULL,
  video_url      TEXT NOT NULL,
  stream_id      TEXT NOT NULL,
  start_time     INTEGER NOT NULL,               -- seconds, as in the callback
  end_time       INTEGER NOT NULL,
  media_start    INTEGER NOT NULL,
  file_size      INTEGER NOT NULL,
  duration       INTEGER NOT NULL,               -- seconds
  UNIQUE (room_id, video_id)
) STRICT;

CREATE TABLE lesson_log (
  id      INTEGER PRIMARY KEY,
  room_id INTEGER NOT NULL REFERENCES room (id),
  at      INTEGER NOT NULL,
  event   TEXT NOT NULL,                         -- 'recording started', 'gap', …
  detail  TEXT NOT NULL
) STRICT;
CREATE INDEX lesson_log_by_room ON lesson_log (room_id, id);

CREATE TABLE outbox (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  webhook    TEXT NOT NULL,                      -- name in the configuration
  room_id    INTEGER NOT NULL,                   -- rows of one webhook and room leave in order
  event      TEXT NOT NULL,
  event_id   TEXT NOT NULL,                      -- idempotency key, the same on every try
  body       TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  tries      INTEGER NOT NULL DEFAULT 0,
  next_at    INTEGER NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'given-up')),
  last_error TEXT NOT NULL DEFAULT '',
  UNIQUE (webhook, event_id)
) STRICT;
CREATE INDEX outbox_waiting ON outbox (state, next_at);

CREATE TABLE callback_seen (
  t         INTEGER NOT NULL,
  sign      TEXT NOT NULL,
  body_hash BLOB NOT NULL,
  PRIMARY KEY (t, sign)
) STRICT, WITHOUT ROWID;

CREATE TABLE file (
  path         TEXT PRIMARY KEY,                 -- '<appid>/<bucket>/<path>'
  owner_id     INTEGER REFERENCES user (id),     -- who asked for the signature
  name         TEXT NOT NULL,                    -- file name under files/
  bytes        INTEGER NOT NULL,
  sha1         TEXT NOT NULL,
  content_type TEXT NOT NULL,                    -- sniffed
  stored_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE signature_used (
  hash  BLOB PRIMARY KEY,                        -- SHA-256 of a single-use COS signature
  at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE signature_given (
  random   INTEGER NOT NULL,                     -- r of the signature
  issued_s INTEGER NOT NULL,                     -- t of the signature
  user_id  INTEGER NOT NULL REFERENCES user (id),
  PRIMARY KEY (random, issued_s)
) STRICT, WITHOUT ROWID;

INSERT INTO sqlite_sequence (name, seq) VALUES ('user', 10000), ('room', 10000);
