// Plays a lesson in the video element, whatever this browser can do, and goes on by itself: after a lost
// network, a gap in the picture, a decoder that gave up. Knows no words, no buttons and no lesson.
/* global Hls */

import { momentOf } from "./slides.js";
import { canPlaySockets, openSocket } from "./socket.js";

const TICK_MS = 500;
/** The picture stands this long before we jump to the next one that is there. */
const JUMP_MS = 1500;
/** ... and this long before everything is set up anew. */
const REBUILD_MS = 15000;
/** A pause this soon after opening is the browser's, not the viewer's. */
const OPENING_MS = 2000;
const RETRY_MS = [500, 1000, 2000, 4000, 8000];
/** Someone who follows live is taken along when a pause of the network left him this far behind. */
const FOLLOW_MAX_S = 15;
/** Nearer than this to the edge counts as live. */
const LIVE_S = 5;
/** After a way that did not work, the other one is taken for so long. */
const AVOID_MS = 30000;
/** Where a player without a live position of its own (Safari) keeps to, seen from the newest picture. */
const NATIVE_EDGE_S = 3;

const HLS_OPTIONS = {
  // Fragmented MP4 passes through untouched, so a worker would only cost memory.
  enableWorker: false,
  lowLatencyMode: true,
  // Parts are a fifth of a second long: five of them and the way here. Who stops is led farther back by hls.js itself.
  liveSyncDuration: 1,
  liveMaxLatencyDuration: 10,
  maxLiveSyncPlaybackRate: 1.1,
  maxBufferLength: 30,
  maxMaxBufferLength: 60,
  backBufferLength: 60,
  nudgeMaxRetry: 20,
};

/** `report(lost)` tells whether the way to the box is down, as the player sees it. */
export function createPlayer(video, report) {
  let kind = "none";
  let source = null;
  let hls = null;
  let failures = 0;
  let retry = 0;
  let following = false;
  let quiet = { at: -1, since: performance.now() };
  let mended = 0;
  let opened = 0;
  let socket = null;
  let avoid = 0;

  /** `next` is {socket, playlist, progressive, live}; `at` is where to begin, null for the edge or the start. */
  function load(next, at) {
    const before = source;
    source = next;
    // A lesson that runs is one film, by whichever way it comes.
    const same = before && (address(before) === address(next) || (before.live && next.live));
    if (same && (next.live || kind !== "socket")) {
      if (!next.live) following = false;
      return;
    }
    // A lesson that ends goes on as its replay, where the viewer was.
    const here = before && kind !== "none" ? video.currentTime : null;
    following = next.live && at === null;
    open(at === null ? here : at);
  }

  function address(of) {
    return of.playlist || of.progressive;
  }

  function open(at) {
    // Changing the source pauses the element.
    const playing = !video.paused;
    close();
    touch();
    opened = performance.now();
    if (at === null && followsBySocket()) openBySocket();
    else if (source.playlist && window.Hls && Hls.isSupported()) openHls(at);
    else if (source.playlist && video.canPlayType("application/vnd.apple.mpegurl")) {
      openPlain("native", source.playlist, at);
    } else openPlain("progressive", source.progressive || source.playlist, at);
    video.dataset.way = kind;
    if (playing) play();
  }

  function play() {
    video.play().catch(() => {});
  }

  /** The fast way, for those at the edge of a lesson; others are served piecewise. */
  function followsBySocket() {
    return source.live && source.socket && canPlaySockets() && performance.now() >= avoid;
  }

  function openBySocket() {
    kind = "socket";
    const isFollowing = () => following;
    socket = openSocket(video, source.socket, isFollowing, { ended: socketEnded, seen: recovered });
  }

  function socketEnded(why, worked) {
    // What it has shown stays until the page knows more.
    if (why === "over") return;
    // A way that worked is tried again once; then the playlist shows the lesson, or says what is wrong.
    if (!worked || failures > 0) avoid = performance.now() + AVOID_MS;
    if (!source.playlist) avoid = 0;
    later(rebuild);
  }

  function openHls(at) {
    kind = "hls";
    const start = at !== null ? at : source.live ? -1 : 0;
    hls = new Hls(Object.assign({}, HLS_OPTIONS, { startPosition: start }));
    hls.on(Hls.Events.ERROR, (_, error) => failed(error));
    hls.on(Hls.Events.FRAG_BUFFERED, recovered);
    hls.on(Hls.Events.LEVEL_UPDATED, recovered);
    hls.loadSource(source.playlist);
    hls.attachMedia(video);
  }

  function openPlain(as, url, at) {
    kind = as;
    video.src = url;
    const seek = at !== null ? at : source.live ? null : 0;
    video.addEventListener("loadedmetadata", () => {
      recovered();
      if (seek !== null && seek > 0) video.currentTime = seek;
      if (seek === null && following) toLive();
    }, { once: true });
  }

  function close() {
    clearTimeout(retry);
    retry = 0;
    if (hls) hls.destroy();
    hls = null;
    if (socket) socket.close();
    if (socket) video.removeAttribute("src");
    socket = null;
    if (kind === "native" || kind === "progressive") video.removeAttribute("src");
    kind = "none";
  }

  function stop() {
    source = null;
    close();
    video.removeAttribute("src");
    video.load();
  }

  function failed(error) {
    if (!error.fatal) return;
    if (error.type === Hls.ErrorTypes.NETWORK_ERROR) {
      // An answer that says no is an answer: the way to the box is open. 503: no new picture so far.
      const code = error.response ? error.response.code : 0;
      report(code < 400 || (code >= 500 && code !== 503));
      return later(() => (hls.levels.length ? hls.startLoad() : hls.loadSource(source.playlist)));
    }
    // Once a decoder that gave up is set up anew; if that was not enough, everything is.
    const now = performance.now();
    if (error.type === Hls.ErrorTypes.MEDIA_ERROR && now - mended > 10000) {
      mended = now;
      const playing = !video.paused;
      hls.recoverMediaError();
      return playing ? play() : undefined;
    }
    later(rebuild);
  }

  function recovered() {
    failures = 0;
    report(false);
  }

  function later(what) {
    if (retry) return;
    const wait = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)];
    failures += 1;
    retry = setTimeout(() => {
      retry = 0;
      if (source) what();
    }, wait * (0.8 + 0.4 * Math.random()));
  }

  function rebuild() {
    open(following ? null : video.currentTime);
  }

  function touch() {
    quiet = { at: video.currentTime, since: performance.now() };
  }

  /** The watch-dog: hls.js mends most things, this mends the rest. */
  function tick() {
    if (kind === "none" || video.paused || video.ended) return touch();
    if (video.currentTime !== quiet.at && !video.seeking) {
      touch();
      if (following && behind() > FOLLOW_MAX_S) toLive();
      return;
    }
    const still = performance.now() - quiet.since;
    if (still > JUMP_MS) {
      const next = nextPicture();
      if (next !== null) {
        video.currentTime = next + 0.05;
        return touch();
      }
    }
    if (still > REBUILD_MS && !retry) {
      touch();
      rebuild();
    }
  }

  /** Where the picture goes on after a hole, if it does. */
  function nextPicture() {
    for (let i = 0; i < video.buffered.length; i += 1) {
      const start = video.buffered.start(i);
      if (start > video.currentTime + 0.01) return start;
    }
    return null;
  }

  function range() {
    const seekable = video.seekable;
    if (!seekable.length) return { start: 0, end: 0 };
    const start = seekable.start(0);
    const end = source && source.live ? edge() : seekable.end(seekable.length - 1);
    return { start, end: Math.max(start, end, video.currentTime) };
  }

  function edge() {
    if (socket) return socket.live();
    if (hls && hls.liveSyncPosition) return hls.liveSyncPosition;
    const seekable = video.seekable;
    return seekable.length ? Math.max(0, seekable.end(seekable.length - 1) - NATIVE_EDGE_S) : 0;
  }

  function behind() {
    return source && source.live ? Math.max(0, edge() - video.currentTime) : 0;
  }

  function atLive() {
    return Boolean(source && source.live) && video.readyState > 0 && behind() < LIVE_S;
  }

  function seek(to) {
    const { start, end } = range();
    const at = Math.min(Math.max(to, start), Math.max(start, end - 0.1));
    following = Boolean(source && source.live && end - to < LIVE_S);
    if (socket && !following && !socket.has(at)) open(at);
    else video.currentTime = at;
    touch();
  }

  function toLive() {
    following = true;
    if (!socket && source && followsBySocket()) return open(null);
    const to = edge();
    if (to > 0) video.currentTime = to;
    touch();
  }

  video.addEventListener("error", () => {
    if (kind !== "native" && kind !== "progressive") return;
    report(true);
    later(rebuild);
  });
  video.addEventListener("pause", () => {
    // Right after opening it is the browser that pauses, later it is the viewer.
    if (!video.ended && performance.now() - opened > OPENING_MS) following = false;
  });
  video.addEventListener("seeking", () => {
    // By a key of the keyboard's own, say: what the fast way does not have, the playlist has.
    if (!socket || !source.playlist || socket.has(video.currentTime)) return;
    following = false;
    open(video.currentTime);
  });
  video.addEventListener("play", () => {
    if (atLive()) following = true;
  });
  window.addEventListener("online", () => {
    if (!retry) return;
    clearTimeout(retry);
    retry = 0;
    failures = 0;
    later(rebuild);
  });
  setInterval(tick, TICK_MS);

  return {
    load,
    stop,
    seek,
    toLive,
    range,
    behind,
    isLive: () => Boolean(source && source.live),
    atLive,
    kind: () => kind,
    /** The moment of the lesson that is shown, in seconds from `zero`, the milliseconds of its start; null before there is any. */
    moment: (zero) => {
      if (kind === "none" || video.readyState === 0) return null;
      const at = socket ? socket.moment(video.currentTime) : momentOf(video, hls, zero);
      return { at, live: kind === "socket" };
    },
  };
}
