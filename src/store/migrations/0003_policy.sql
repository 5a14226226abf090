-- Classrooms whose devices stay shut, recordings that are wanted elsewhere or are gone. It only expands.

ALTER TABLE room ADD COLUMN export TEXT NOT NULL DEFAULT 'none'
  CHECK (export IN ('none', 'wanted', 'done'));          -- a recording that is wanted is never deleted
ALTER TABLE room ADD COLUMN deleted_at INTEGER NOT NULL DEFAULT 0; -- its recording; 0: it was not

CREATE TABLE removal (                           -- folders of deleted recordings that may still be there
  room_id INTEGER PRIMARY KEY REFERENCES room (id)
) STRICT;

CREATE TABLE shut_classroom (                    -- no camera and no microphone of it is opened
  name TEXT PRIMARY KEY,                         -- as configured
  by   TEXT NOT NULL,                            -- handle
  at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
