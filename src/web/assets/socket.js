// Plays the running lesson as it comes over a WebSocket, less than a second behind the teacher. Keeps near the
// newest picture and says when it cannot go on. Knows no words, no buttons and no playlist.

/** So far behind the newest picture the player wants to be: a late fragment must not stop it. */
const NEAR_S = 0.35;
/** Farther than this it plays a little faster ... */
const HURRY_S = 0.5;
const HURRY_RATE = 1.08;
/** ... and farther than this it jumps. */
const JUMP_S = 1.2;
/** Of what was seen so much is kept, to step back a little. */
const KEEP_S = 60;
const TRIM_S = 10;
/** More than the kept minute has: after a gap the encoder is started once a second. */
const FILMS_MAX = 100;
/** Half a picture is no difference. */
const SAME_S = 0.02;
/** Without a fragment for so long after opening, something is in the way. */
const FIRST_MS = 4000;
/** Bytes that wait for the decoder; more means that it takes none. */
const WAITING_MAX = 32 << 20;

export function canPlaySockets() {
  return "MediaSource" in window && "WebSocket" in window;
}

/** `ended(why)` is told once: "over", "busy", or what went wrong. `seen()` with the first picture. */
export function openSocket(video, path, following, { ended, seen }) {
  const scheme = location.protocol === "https:" ? "wss://" : "ws://";
  const media = new MediaSource();
  const url = URL.createObjectURL(media);
  const socket = new WebSocket(scheme + location.host + path);
  const waiting = [];
  let bytes = 0;
  let buffer = null;
  let mime = "";
  let placed = false;
  let done = false;
  let skipped = 0;
  /** The newest first: where each begins in the player's time, and how far its own is ahead of that. */
  const films = [];
  const first = setTimeout(() => end("silent"), FIRST_MS);

  socket.binaryType = "arraybuffer";
  socket.addEventListener("message", (event) => {
    if (typeof event.data === "string") {
      const told = JSON.parse(event.data);
      if (told.type === "skipped") skipped += 1;
      if (told.type === "film") waiting.push(told);
    } else {
      waiting.push(event.data);
      bytes += event.data.byteLength;
    }
    if (bytes > WAITING_MAX) return end("the decoder takes nothing");
    work();
  });
  socket.addEventListener("close", (event) => end(event.code === 1000 ? "over" : "closed"));
  media.addEventListener("sourceopen", work);
  video.addEventListener("error", broken);
  video.src = url;

  function broken() {
    end("the picture cannot be decoded");
  }

  /** Gives the decoder what waits, one after the other. */
  function work() {
    if (done || media.readyState !== "open") return;
    try {
      while (waiting.length && !(buffer && buffer.updating)) step();
    } catch (error) {
      // A full buffer is emptied and tried again; anything else is the end of this way.
      if (error.name !== "QuotaExceededError" || !trim(2)) end(String(error));
    }
  }

  function step() {
    const next = waiting[0];
    if (next instanceof ArrayBuffer) {
      buffer.appendBuffer(next);
      bytes -= next.byteLength;
    } else {
      film(next);
    }
    waiting.shift();
  }

  function film(told) {
    if (!buffer) {
      buffer = media.addSourceBuffer(told.mime);
      buffer.addEventListener("updateend", updated);
    } else if (told.mime !== mime) {
      buffer.changeType(told.mime);
    } else {
      buffer.abort();
    }
    mime = told.mime;
    // The seek bar counts the playlist's time.
    films.unshift({ from: edge(), ahead: told.ahead });
    films.length = Math.min(films.length, FILMS_MAX);
    buffer.timestampOffset = -told.ahead;
  }

  function updated() {
    if (done) return;
    follow();
    if (!buffer.updating && video.currentTime - start() > KEEP_S + TRIM_S) trim(KEEP_S);
    work();
  }

  function trim(keep) {
    const until = video.currentTime - keep;
    if (buffer.updating || until <= start()) return false;
    buffer.remove(0, until);
    return true;
  }

  function ranges() {
    return buffer ? buffer.buffered : video.buffered;
  }

  function start() {
    const all = ranges();
    return all.length ? all.start(0) : 0;
  }

  function edge() {
    const all = ranges();
    return all.length ? all.end(all.length - 1) : 0;
  }

  /** Keeps near the newest picture; whoever stepped back is left alone. */
  function follow() {
    const all = ranges();
    if (!all.length) return;
    const newest = all.end(all.length - 1);
    const begin = all.start(all.length - 1);
    if (!placed) {
      placed = true;
      clearTimeout(first);
      video.currentTime = Math.max(begin, newest - NEAR_S);
      return seen();
    }
    if (!following() || video.paused) return rate(1, false);
    const behind = newest - video.currentTime;
    // Behind a hole there is only a jump; so is there when the network has brought a lot at once.
    if (video.currentTime < begin || behind > JUMP_S) {
      video.currentTime = Math.max(begin, newest - NEAR_S);
      return rate(1, true);
    }
    if (behind > HURRY_S) rate(HURRY_RATE, true);
    else if (behind <= NEAR_S) rate(1, true);
  }

  /** A speed that the viewer chose is his. */
  function rate(to, ours) {
    if (ours || video.playbackRate === HURRY_RATE) {
      if (video.playbackRate !== to) video.playbackRate = to;
    }
  }

  function has(at) {
    const all = ranges();
    for (let i = 0; i < all.length; i += 1) {
      if (at >= all.start(i) - 0.05 && at <= all.end(i) + 0.5) return true;
    }
    return false;
  }

  /** The moment of the lesson that is shown at a time of the player's. */
  function moment(at) {
    const film = films.find((it) => it.from <= at + SAME_S) || films[films.length - 1];
    return at + (film ? film.ahead : 0);
  }

  /** The other way round; null for what is not here, or lies in a gap. */
  function place(moment) {
    let until = Infinity;
    for (const { from, ahead } of films) {
      const at = moment - ahead;
      if (at >= from - SAME_S) return at < until + SAME_S && has(at) ? at : null;
      until = from;
    }
    return null;
  }

  function end(why) {
    if (done) return;
    close();
    ended(why, placed);
  }

  function close() {
    done = true;
    clearTimeout(first);
    rate(1, false);
    video.removeEventListener("error", broken);
    socket.close();
    URL.revokeObjectURL(url);
  }

  return {
    close,
    edge,
    has,
    moment,
    place,
    /** Where someone who watches live is. */
    live: () => Math.max(start(), edge() - NEAR_S),
    /** How often we were too slow for the box. */
    skipped: () => skipped,
  };
}
