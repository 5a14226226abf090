// How late the picture is that a video element shows, in milliseconds: reads the clock which the simulated camera
// burns into it (board/sim.toml), as squares along the upper edge. null when they cannot be read.
(() => {
  const SQUARES = 16;
  const UNIT_MS = 4;
  const ROUND_MS = UNIT_MS * 2 ** (SQUARES - 2);
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  return (video) => {
    const [width, row] = [video.videoWidth / 2, Math.floor(video.videoHeight / 180)];
    if (!width) return null;
    if (canvas.width !== width) [canvas.width, canvas.height] = [width, 1];
    const now = Date.now();
    pen.drawImage(video, 0, row, width, 1, 0, 0, width, 1);
    const dots = pen.getImageData(0, 0, width, 1).data;
    const light = (square) => dots[4 * Math.floor(((square + 0.5) * width) / SQUARES)];
    let clock = 0;
    for (let square = 0; square < SQUARES; square += 1) {
      // What is neither black nor white is not our squares.
      if (light(square) > 85 && light(square) < 170) return null;
      const white = light(square) >= 170;
      const edge = square === 0 || square === SQUARES - 1;
      if (edge && white !== (square === 0)) return null;
      if (!edge && white) clock += UNIT_MS * 2 ** (square - 1);
    }
    const late = (now - clock) % ROUND_MS;
    return late > ROUND_MS - 1000 ? late - ROUND_MS : late;
  };
})()
