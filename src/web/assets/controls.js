// The buttons, the bar and the keys. Knows the player and the video element, not where lessons come from.

import { clock, label } from "./words.js";

const HIDE_MS = 3000;
const STEP_S = 10;
const KEY_STEP_S = 5;
const SPEEDS = [1, 1.25, 1.5, 2, 0.75];

const get = (id) => document.getElementById(id);

export function createControls(video, player, words) {
  const stage = get("stage");
  const bar = get("seek");
  let dragging = false;
  let forced = false;
  let hide = 0;
  /** How the last press began: a finger on a stage without buttons only brings them. */
  let finger = { touch: false, idle: false };

  /** Plays with sound; where the browser forbids that, without; where it forbids that too, on a tap. */
  async function start() {
    try {
      await video.play();
    } catch (error) {
      if (error.name !== "NotAllowedError") return;
      await startMuted();
    }
    draw();
  }

  async function startMuted() {
    video.muted = true;
    forced = true;
    try {
      await video.play();
    } catch (error) {
      if (error.name === "NotAllowedError") get("begin").hidden = false;
    }
  }

  function begin() {
    get("begin").hidden = true;
    video.muted = forced = false;
    video.play().catch(() => {});
    get("play").focus();
  }

  function toggle() {
    if (!get("begin").hidden) return begin();
    if (video.paused) video.play().catch(() => {});
    else video.pause();
  }

  function sound() {
    video.muted = !video.muted;
    forced = false;
    draw();
  }

  function speed() {
    const next = SPEEDS[(SPEEDS.indexOf(video.playbackRate) + 1) % SPEEDS.length];
    video.defaultPlaybackRate = video.playbackRate = next;
  }

  function full() {
    const leave = document.exitFullscreen || document.webkitExitFullscreen;
    if (isFull()) return leave.call(document);
    const enter = stage.requestFullscreen || stage.webkitRequestFullscreen;
    // An iPhone has full screen for one video alone. That is the teacher's: its own buttons there steer what has the sound.
    return enter ? enter.call(stage) : video.webkitEnterFullscreen && video.webkitEnterFullscreen();
  }

  function isFull() {
    return Boolean(document.fullscreenElement || document.webkitFullscreenElement);
  }

  /** Shows the buttons, and hides them again when nobody moves. */
  function wake() {
    stage.classList.remove("idle");
    clearTimeout(hide);
    hide = setTimeout(() => {
      const held = get("controls").querySelector(":focus-visible") || dragging;
      if (!video.paused && !held) stage.classList.add("idle");
    }, HIDE_MS);
  }

  function draw() {
    const live = player.isLive();
    const { start: from, end } = player.range();
    const edge = player.atLive();
    const at = dragging ? Number(bar.value) : edge ? end : video.currentTime;
    bar.min = from;
    bar.max = Math.max(end, from + 0.1);
    if (!dragging) bar.value = at;
    const share = end > from ? Math.min(1, Math.max(0, (at - from) / (end - from))) : 0;
    bar.style.setProperty("--share", share);
    bar.setAttribute("aria-valuetext", words.of(clock(at - from), clock(end - from)));
    get("time").textContent = clock(at - from) + (edge ? "" : " / " + clock(end - from));
    get("edge").hidden = !live;
    get("edge").classList.toggle("at", edge);
    get("edge-text").textContent = edge ? words.atLive : words.toLive;
    get("speed").hidden = live;
    get("speed").textContent = video.playbackRate + "×";
    if (live && video.defaultPlaybackRate !== 1) video.defaultPlaybackRate = 1;
    get("unmute").hidden = !(forced && video.muted && !video.paused);
    press("play", !video.paused, video.paused ? words.play : words.pause);
    press("mute", video.muted, video.muted ? words.unmute : words.mute);
    press("full", isFull(), isFull() ? words.window : words.full);
  }

  function press(id, on, text) {
    get(id).classList.toggle("pressed", on);
    label(get(id), text);
  }

  const KEYS = {
    " ": toggle,
    k: toggle,
    ArrowLeft: () => player.seek(video.currentTime - KEY_STEP_S),
    ArrowRight: () => player.seek(video.currentTime + KEY_STEP_S),
    j: () => player.seek(video.currentTime - STEP_S),
    l: () => player.seek(video.currentTime + STEP_S),
    Home: () => player.seek(player.range().start),
    End: () => (player.isLive() ? player.toLive() : player.seek(player.range().end)),
    m: sound,
    f: full,
  };

  function key(event) {
    const act = KEYS[event.key];
    const pressesButton = event.key === " " && event.target.closest("button, a");
    if (!act || pressesButton || event.ctrlKey || event.metaKey || event.altKey) return;
    if (get("controls").hidden) return;
    event.preventDefault();
    act();
    wake();
    draw();
  }

  function tap() {
    // A finger first shows the buttons; a mouse means play or pause.
    if (finger.touch && finger.idle) return;
    if (finger.touch && !video.paused) stage.classList.add("idle");
    else toggle();
  }

  const pressed = {
    begin, play: toggle, mute: sound, unmute: sound, speed, full,
    back: () => player.seek(video.currentTime - STEP_S),
    ahead: () => player.seek(video.currentTime + STEP_S),
    edge: () => { player.toLive(); video.play().catch(() => {}); },
  };
  for (const id of Object.keys(pressed)) {
    get(id).addEventListener("click", () => { pressed[id](); draw(); });
  }
  bar.addEventListener("input", () => { dragging = true; draw(); });
  bar.addEventListener("change", () => { dragging = false; player.seek(Number(bar.value)); draw(); });
  for (const picture of [video, get("slides")]) picture.addEventListener("click", tap);
  document.addEventListener("keydown", key);
  stage.addEventListener("pointerdown", (event) => {
    finger = { touch: event.pointerType === "touch", idle: stage.classList.contains("idle") };
    wake();
  });
  for (const name of ["pointermove", "focusin"]) stage.addEventListener(name, wake);
  for (const name of ["play", "pause", "seeked", "timeupdate", "volumechange", "ratechange"]) {
    video.addEventListener(name, draw);
  }
  for (const name of ["waiting", "seeking"]) {
    video.addEventListener(name, () => { get("busy").hidden = false; });
  }
  for (const name of ["playing", "seeked", "canplay", "pause"]) {
    video.addEventListener(name, () => { get("busy").hidden = true; });
  }
  video.addEventListener("pause", wake);
  video.addEventListener("playing", () => { get("begin").hidden = true; wake(); });
  document.addEventListener("fullscreenchange", draw);
  setInterval(draw, 1000);
  get("full").hidden = !(stage.requestFullscreen || stage.webkitRequestFullscreen
    || "webkitEnterFullscreen" in video);

  return {
    start,
    show(on) {
      get("controls").hidden = !on;
      if (!on) for (const id of ["begin", "unmute", "busy"]) get(id).hidden = true;
      if (on) wake();
      draw();
    },
  };
}
