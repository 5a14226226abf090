// The watch page: asks the box what the lesson is doing, says so, and lets the player play it. It asks
// again every three seconds until there is nothing left to change, and never gives up on a lost network.

import { createControls } from "./controls.js";
import { createPlayer } from "./player.js";
import { createSlides } from "./slides.js";
import { choose, clock, dress, label } from "./words.js";

const POLL_MS = 3000;
/** After a refusal (no such lesson, not allowed) someone may still log in or create it. */
const REFUSED_MS = 10000;
const ASK_TIMEOUT_MS = 8000;
const BACK_OFF_MS = [1000, 2000, 4000, 8000, 10000];
const NOTICE_MS = 8000;

const get = (id) => document.getElementById(id);
const words = choose(navigator.languages || [navigator.language || "en"]);
const video = get("lesson");
/** Sent by the channel of document 000: the lesson's number is in the query, and the session's cookie opens it. */
const course = (/^\/course\/(webRTCUser|details)\/?$/.exec(location.pathname) || [])[1];
const number = course
  ? (/^\d+$/.exec(new URLSearchParams(location.search).get("id") || "") || [])[0]
  : (/^\/watch\/(\d+)\/?$/.exec(location.pathname) || [])[1];
const lost = { asking: false, playing: false };
const player = createPlayer(video, (down) => { lost.playing = down; tellLost(); });
const controls = createControls(video, player, words);
/** When the lesson began, 0 of both pictures. */
let zero = 0;
const slides = createSlides(get("slides"), video, () => player.moment(zero));

let lesson = null;
let view = null;
let timer = 0;
let failures = 0;
let asking = false;
/** The box's clock minus ours, from the Date of its answers. */
let skew_ms = 0;
let passing = { text: "", until: 0 };

/** What to show for an answer of the box: a state, what to play, and what to say instead. */
function judge(answer) {
  const live = answer.state === 1;
  // Where nothing is recorded of the teacher, the slides are the picture.
  const own = answer.playlist || answer.progressive || (live && answer.live);
  const main = own || !answer.slides ? answer : answer.slides;
  const film = main.playlist || main.progressive;
  const shown = film || (live && main.live);
  const source = shown && {
    socket: main.live, playlist: main.playlist, progressive: main.progressive, live,
  };
  const beside = main === answer ? answer.slides : null;
  if (answer.state === 0) return { state: "soon", headline: words.soon, detail: words.soonDetail };
  if (live && shown) {
    const stopped = answer.recording === false;
    const notice = stopped || answer.reason ? sentence(stopped ? words.stopped : words.faulty, answer.reason) : "";
    return { state: "live", source, beside, notice };
  }
  if (film) return { state: "replay", source, beside };
  if (live && answer.recording === false) {
    return { state: "refused", headline: words.refused, detail: answer.reason || "" };
  }
  if (live) return { state: "starting", headline: words.starting, detail: words.startingDetail };
  if (answer.state === 2 && !answer.reason) {
    return { state: "preparing", headline: words.preparing, detail: words.preparingDetail };
  }
  return { state: "nothing", headline: words.nothing, detail: answer.reason || "" };
}

function sentence(text, reason) {
  return reason ? text + words.colon + reason : text;
}

function show(next) {
  const before = view;
  // Until the replay is ready the viewer keeps what he has, and with it his place.
  if (next.state === "preparing" && before && before.source) {
    next = { state: next.state, source: before.source, beside: before.beside, notice: words.between };
  }
  view = next;
  document.body.dataset.state = next.state;
  get("headline").textContent = next.headline || "";
  get("detail").textContent = next.detail || "";
  get("curtain").hidden = Boolean(next.source);
  pair(next.source ? next.beside : null);
  if (next.source) {
    const first = !before || !before.source;
    // The teacher's picture came after all: another film, and the slides step aside. Who had not stopped goes on.
    const other = !first && isSlides(before.source) !== isSlides(next.source);
    const goes = first || (other && !video.paused);
    if (other) player.stop();
    player.load(next.source, first ? wantedStart(next) : null);
    if (first) controls.show(true);
    if (goes) controls.start();
  } else if (before && before.source) {
    player.stop();
    controls.show(false);
  }
  const was = before && before.source && before.state;
  if (next.state === "replay" && (was === "live" || was === "preparing")) pass(words.ended);
  drawLesson();
  tellLost();
}

function isSlides(source) {
  return String(source.playlist || source.socket).includes("/slides/");
}

/** One picture, or two side by side. */
function pair(beside) {
  if (beside) zero = beside.zero;
  slides.load(beside || null);
  get("slides").hidden = get("swap").hidden = !beside;
  get("stage").classList.toggle("two", Boolean(beside));
}

/** `#t=90` in the address of a replay begins there; else a replay begins at its start, live at the edge. */
function wantedStart(next) {
  const found = /^#t=(\d+(\.\d+)?)$/.exec(location.hash);
  return found && next.state === "replay" ? Number(found[1]) : null;
}

function drawLesson() {
  const badge = { live: words.live, replay: words.replay, soon: words.waiting }[view.state];
  get("badge").hidden = !badge;
  get("badge").textContent = badge || "";
  if (!lesson) return;
  const title = lesson.title || words.lesson(lesson.roomnum);
  get("title").textContent = title;
  document.title = title + " · Arctos";
  get("host").textContent = lesson.host ? words.teacher(lesson.host) : "";
  const present = lesson.state === 1 && lesson.members > 0;
  get("members").textContent = present ? words.members(lesson.members) : "";
  const kept = view.state === "replay" && lesson.kept_until;
  get("kept").textContent = kept ? words.kept(day(kept, { dateStyle: "medium" })) : "";
  const download = get("download");
  download.hidden = !(view.state === "replay" && lesson.progressive);
  if (lesson.progressive) download.href = lesson.progressive;
  drawClock();
}

/** While live: how long the lesson runs. Afterwards: when it was. */
function drawClock() {
  if (!lesson || !lesson.begin_time || lesson.state === 0) return;
  const element = get("clock");
  if (lesson.state === 1) {
    const seconds = (Date.now() + skew_ms) / 1000 - lesson.begin_time;
    element.textContent = clock(seconds);
    label(element, words.clock);
    return;
  }
  const minute = { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" };
  element.textContent = day(lesson.begin_time, minute);
  element.removeAttribute("aria-label");
}

function day(seconds, form) {
  return new Date(seconds * 1000).toLocaleString(navigator.language, form);
}

/** One line over the picture: the lost network first, then what the lesson says, then what passes. */
function tellLost() {
  const notice = get("notice");
  const said = passing.until > performance.now() ? passing.text : "";
  const text = lost.asking || lost.playing ? words.lost : (view && view.notice) || said;
  notice.hidden = !text;
  if (notice.textContent !== text) notice.textContent = text;
  document.body.classList.toggle("lost", lost.asking || lost.playing);
}

function pass(text) {
  passing = { text, until: performance.now() + NOTICE_MS };
  setTimeout(tellLost, NOTICE_MS + 100);
}

async function ask() {
  if (!number) return show({ state: "closed", headline: words.closed, detail: words.address });
  if (asking) return;
  asking = true;
  clearTimeout(timer);
  let wait = POLL_MS;
  try {
    wait = await askOnce(course ? "/course/lesson.json?id=" + number : "/media/" + number + "/lesson.json" + key());
    failures = 0;
    lost.asking = false;
  } catch (error) {
    wait = BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length - 1)];
    failures += 1;
    // One lost answer is no lost network while the picture runs.
    lost.asking = failures > 1 || !view || !view.source;
  }
  asking = false;
  tellLost();
  if (wait) timer = setTimeout(ask, wait * (0.9 + 0.2 * Math.random()));
}

function key() {
  const k = new URLSearchParams(location.search).get("k");
  return k ? "?k=" + encodeURIComponent(k) : "";
}

/** Shows the box's answer and tells when to ask again; 0 when nothing can change any more. */
async function askOnce(url) {
  const abort = new AbortController();
  const giveUp = setTimeout(() => abort.abort(), ASK_TIMEOUT_MS);
  let response;
  let body;
  try {
    response = await fetch(url, { cache: "no-store", credentials: "same-origin", signal: abort.signal });
    body = await response.json().catch(() => ({}));
  } finally {
    clearTimeout(giveUp);
  }
  if (response.status >= 500 || response.status === 429) throw new Error(String(response.status));
  if (!response.ok) {
    show({ state: "closed", headline: words.closed, detail: body.error || "" });
    return REFUSED_MS;
  }
  if (typeof body.state !== "number") throw new Error("no lesson in the answer");
  const date = Date.parse(response.headers.get("date") || "");
  if (date) skew_ms = date - Date.now();
  lesson = body;
  show(judge(body));
  return body.state === 3 && view.source ? 0 : POLL_MS;
}

function askNow() {
  if (!document.hidden && (failures > 0 || (timer && view && view.state !== "replay"))) ask();
}

get("swap").addEventListener("click", () => {
  const swapped = get("stage").classList.toggle("swapped");
  get("swap").setAttribute("aria-pressed", String(swapped));
});
dress(document, words);
if (number) get("title").textContent = words.lesson(number);
show({ state: "loading", headline: words.loading });
window.addEventListener("online", askNow);
document.addEventListener("visibilitychange", askNow);
setInterval(drawClock, 1000);
ask();
if (course === "webRTCUser" && number) import("./joining.js").then((it) => it.start(number, words));
