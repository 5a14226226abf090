-- A classroom that is switched off stays so under another name, and what staff switched off is theirs. It only expands.

ALTER TABLE shut_classroom ADD COLUMN input TEXT NOT NULL DEFAULT '';    -- its name on the board
ALTER TABLE shut_classroom ADD COLUMN by_staff INTEGER NOT NULL DEFAULT 0;
UPDATE shut_classroom SET by_staff = 1
  WHERE by IN (SELECT handle FROM user WHERE role IN ('administrator', 'technician'));
