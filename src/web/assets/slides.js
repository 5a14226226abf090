// The second picture of a lesson, beside the teacher's: it has no sound and no will of its own, and is led to the moment of the
// lesson at which the teacher's player is. Whatever happens to it, that one plays on. Knows no words and no buttons.
/* global Hls */

import { canPlaySockets, openSocket } from "./socket.js";

const TICK_MS = 250;
/** Nearer than this is together: two or three pictures. */
const NEAR_S = 0.15;
/** Farther than this it jumps; in between it plays a little faster or slower. */
const JUMP_S = 1.5;
const BEND = 0.12;
/** A jump takes its time before the next one makes sense. */
const JUMP_EACH_MS = 1500;
const RETRY_MS = 3000;
/** After a fast way that broke off, the playlist is taken for so long. */
const AVOID_MS = 30000;
/** What is growing is not listed yet, and comes in parts. */
const GROWS_S = 4;
/** The teacher's last pictures may come so much later than those of the slides. */
const GOES_ON_S = 5;

/** `clock` tells where the teacher's player is: {at, live}, in seconds of the lesson's time; null before it shows anything. */
export function createSlides(video, master, clock) {
  let source = null;
  let kind = "none";
  let hls = null;
  let socket = null;
  let tried = 0;
  let jumped = 0;
  let avoid = 0;
  /** No more are to come this way. */
  let over = false;
  /** The teacher's player has jumped: so do we, however near it is. */
  let leap = false;

  function load(next) {
    const known = source;
    source = next;
    if (!next) return close();
    // A lesson that has ended is another file list; the same one keeps its place.
    if (known && kind === "hls" && known.playlist !== next.playlist) close();
  }

  function close() {
    if (hls) hls.destroy();
    if (socket) socket.close();
    if (kind !== "none") {
      video.removeAttribute("src");
      video.load();
    }
    hls = socket = null;
    over = false;
    kind = "none";
    video.dataset.way = kind;
  }

  /** Opens the way that the teacher's player has taken: both at the edge, or both with all of the lesson. */
  function open(fast) {
    tried = performance.now();
    close();
    if (fast) {
      kind = "socket";
      // It is led by the clock, not by its own newest picture.
      socket = openSocket(video, source.live, () => false, { ended, seen: () => {} });
    } else if (source.playlist && window.Hls && Hls.isSupported()) {
      kind = "hls";
      hls = new Hls({ enableWorker: false, startPosition: 0, maxBufferLength: 20, backBufferLength: 30 });
      hls.on(Hls.Events.ERROR, (_, error) => { if (error.fatal) close(); });
      hls.loadSource(source.playlist);
      hls.attachMedia(video);
    } else if (source.playlist && video.canPlayType("application/vnd.apple.mpegurl")) {
      kind = "native";
      video.src = source.playlist;
    }
    video.dataset.way = kind;
  }

  function ended(why) {
    // The lesson is over, as a rule: what was shown last stays, as the teacher's does, until the page knows more.
    over = why === "over";
    if (over) return;
    avoid = performance.now() + AVOID_MS;
    close();
  }

  function tick() {
    const now = source && clock();
    if (!now) return;
    // The teacher goes on without them: there may be others.
    if (over && now.at > socket.moment(socket.edge()) + GOES_ON_S) close();
    const fast = now.live && source.live && canPlaySockets() && performance.now() >= avoid;
    const wanted = fast ? "socket" : kind === "native" ? kind : "hls";
    if (kind !== wanted && performance.now() - tried > (kind === "none" ? RETRY_MS : 0)) open(fast);
    if (kind === "none" || video.readyState === 0) return;
    lead(now.at);
  }

  function lead(at) {
    const to = place(at);
    // Nothing was shown then: what was shown last stays.
    if (to === null) return hold();
    const ahead = to - video.currentTime;
    const far = leap || video.paused ? NEAR_S : JUMP_S;
    if (Math.abs(ahead) > far && !video.seeking && (leap || performance.now() - jumped > JUMP_EACH_MS)) {
      jumped = performance.now();
      video.currentTime = to;
    }
    leap = false;
    const bend = Math.abs(ahead) > NEAR_S ? BEND * Math.sign(ahead) : 0;
    const rate = master.playbackRate * (1 + bend);
    if (video.playbackRate !== rate) video.playbackRate = rate;
    if (master.paused || master.seeking) return hold();
    if (video.paused) video.play().catch(() => {});
  }

  function hold() {
    if (!video.paused) video.pause();
  }

  /** Where a moment of the lesson lies in this film's own time; null where it has no picture. */
  function place(at) {
    if (socket) return socket.place(at);
    return hls ? listed(hls, source.zero, at) : at - startOf(video, source.zero);
  }

  setInterval(tick, TICK_MS);
  // What hls.js or a socket plays is theirs to mend. Here a later tick begins anew.
  video.addEventListener("error", () => { if (kind === "native") close(); });
  master.addEventListener("seeked", () => { leap = true; });
  for (const name of ["play", "pause", "seeked", "ratechange"]) master.addEventListener(name, tick);
  return { load };
}

/** The segments of a playlist, the newest of them last. */
function segments(hls) {
  const level = hls.levels[Math.max(0, hls.currentLevel)];
  return (level && level.details && level.details.fragments) || [];
}

function isGrowing(hls) {
  const level = hls.levels[Math.max(0, hls.currentLevel)];
  return Boolean(level && level.details && level.details.live);
}

function starts(fragment, zero) {
  return (fragment.programDateTime - zero) / 1000;
}

/** Where a moment of the lesson lies in the time of a playlist, in which there are no gaps. */
function listed(hls, zero, at) {
  const all = segments(hls);
  for (const fragment of all) {
    const since = at - starts(fragment, zero);
    const last = fragment === all[all.length - 1] && isGrowing(hls);
    const until = fragment.duration + (last ? GROWS_S : 0.05);
    if (since >= -0.05 && since < until) return fragment.start + Math.max(0, since);
  }
  return null;
}

/** Where the film begins of a player that tells no more than that: it counts no gaps, and neither do we. */
function startOf(video, zero) {
  const begin = video.getStartDate ? video.getStartDate().getTime() : NaN;
  return begin ? (begin - zero) / 1000 : 0;
}

/** The other way round: the moment of the lesson that a player shows. */
export function momentOf(video, hls, zero) {
  const [time, all] = [video.currentTime, hls ? segments(hls) : []];
  const here = all.filter((fragment) => fragment.start <= time + 0.01).pop() || all[0];
  if (here && here.programDateTime) return starts(here, zero) + time - here.start;
  return time + startOf(video, zero);
}
