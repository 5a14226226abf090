-- The second picture of a lesson. It only expands.

CREATE TABLE slides (                            -- lessons whose classroom has an input for slides
  room_id INTEGER PRIMARY KEY REFERENCES room (id),
  state   TEXT NOT NULL CHECK (state IN ('on', 'refused', 'ended')), -- as of room.recording
  note    TEXT NOT NULL                          -- as of room.recording_note
) STRICT;

CREATE TABLE slides_take (                       -- their files, as take has those of the teacher's picture
  room_id  INTEGER NOT NULL REFERENCES room (id),
  number   INTEGER NOT NULL,
  name     TEXT NOT NULL,
  bytes    INTEGER NOT NULL,
  sha256   TEXT NOT NULL,
  span_us  INTEGER NOT NULL,
  pictures INTEGER NOT NULL,
  width    INTEGER NOT NULL,
  height   INTEGER NOT NULL,
  codecs   TEXT NOT NULL,
  PRIMARY KEY (room_id, number)
) STRICT, WITHOUT ROWID;
