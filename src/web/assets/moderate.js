// The teacher's page: who applies to join the lesson, live; accept and refuse. The box decides; this shows it.

import { ask, listen } from "./listen.js";
import { choose, dress } from "./words.js";

const AGAIN_MS = 3000;

const get = (id) => document.getElementById(id);
const words = choose(navigator.languages || [navigator.language || "en"]);
const number = (/^\/box\/moderate\/(\d+)\/?$/.exec(location.pathname) || [])[1];
const address = "/box/moderate/" + number + "/applications.json";

let desk = null;
/** When `left_ms` of the list was true, on this page's clock. */
let taken = 0;
let announced = new Set();
let timer = 0;
let listening = false;

function show(state) {
  document.body.dataset.state = state;
  get("log-in").hidden = state !== "log-in";
  get("desk").hidden = state !== "desk";
  if (state === "log-in") get("handle").focus();
}

function tell(text) {
  get("notice").textContent = text;
  get("notice").hidden = !text;
}

function made(kind, text, className) {
  const element = document.createElement(kind);
  element.className = className || "";
  element.textContent = text;
  return element;
}

function seconds(application) {
  return Math.max(0, Math.ceil((application.left_ms - (performance.now() - taken)) / 1000));
}

function waitingRow(application) {
  const row = made("li", "");
  row.dataset.id = application.id;
  row.append(made("span", application.name, "who"));
  row.append(made("span", words.secondsLeft(seconds(application)), "left"));
  for (const accept of [true, false]) {
    const button = made("button", accept ? words.accept : words.refuse, accept ? "strong" : "");
    button.type = "button";
    const name = accept ? words.acceptName : words.refuseName;
    button.setAttribute("aria-label", name(application.name));
    button.dataset.accept = accept;
    button.addEventListener("click", () => judge(application, accept));
    row.append(button);
  }
  return row;
}

function doneRow(application) {
  const row = made("li", "");
  row.dataset.id = application.id;
  row.append(made("span", application.name, "who"));
  row.append(made("span", words.states[application.state], "what " + application.state));
  return row;
}

/** Rows stay where they are: a button that is about to be pressed does not move away under the finger. */
function draw() {
  const waiting = desk.applications.filter((a) => a.state === "waiting").reverse();
  const done = desk.applications.filter((a) => a.state !== "waiting");
  const ids = new Set(waiting.map((a) => String(a.id)));
  for (const row of [...get("waiting").children]) {
    if (!ids.has(row.dataset.id)) leave(row);
  }
  for (const application of waiting) {
    if (!find(application)) get("waiting").append(waitingRow(application));
  }
  get("done").replaceChildren(...done.map(doneRow));
  get("nobody").hidden = waiting.length > 0;
  get("done-head").hidden = done.length === 0;
  const fresh = waiting.filter((a) => !announced.has(a.id));
  if (fresh.length) get("news").textContent = fresh.map((a) => words.wantsIn(a.name)).join(", ");
  announced = new Set(waiting.map((a) => a.id));
  get("title").textContent = desk.title || words.lesson(desk.roomnum);
  document.title = (waiting.length ? "(" + waiting.length + ") " : "") + words.moderator + " · Arctos";
  count();
}

function find(application) {
  return get("waiting").querySelector("[data-id=\"" + application.id + "\"]");
}

/** The focus goes to the next one who waits, not to the top of the page. */
function leave(row) {
  const had = row.contains(document.activeElement);
  const next = row.nextElementSibling || row.previousElementSibling;
  row.remove();
  if (had) ((next && next.querySelector("button")) || get("waiting-head")).focus();
}

function count() {
  if (!desk) return;
  for (const application of desk.applications.filter((a) => a.state === "waiting")) {
    const row = find(application);
    if (row) row.querySelector(".left").textContent = words.secondsLeft(seconds(application));
  }
}

function take(answer) {
  clearTimeout(timer);
  if (!answer || answer.status >= 500 || answer.status === 429) {
    tell(words.lostLink);
    timer = setTimeout(look, AGAIN_MS);
    return;
  }
  if (answer.status === 401) return show("log-in");
  if (!answer.ok) {
    tell(answer.body.error || words.closed);
    return show("log-in");
  }
  desk = answer.body;
  taken = performance.now();
  if (document.body.dataset.state !== "desk") {
    tell("");
    show("desk");
  }
  draw();
  const left = desk.applications.filter((a) => a.state === "waiting").map((a) => a.left_ms);
  if (left.length) timer = setTimeout(look, Math.max(1000, Math.min(...left) + 1000));
  if (!listening) {
    listening = true;
    listen(number, look, (lost) => tell(lost ? words.lostLink : ""));
  }
}

async function look() {
  take(await ask(address));
}

async function judge(application, accept) {
  const row = find(application);
  if (row.getAttribute("aria-busy") === "true") return;
  // Not `disabled`: that would take the focus away.
  row.setAttribute("aria-busy", "true");
  const answer = await ask(address, { user: application.user, accept });
  row.setAttribute("aria-busy", "false");
  if (answer && answer.ok) {
    tell("");
    return take(answer);
  }
  const late = answer && answer.status === 409;
  await look();
  if (late) tell(desk && desk.live ? words.late(application.name) : words.notLive);
  else tell(words.notSent + ((answer && answer.body.error) || words.lostLink));
}

get("log-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const who = { handle: get("handle").value, password: get("password").value };
  const answer = await ask("/box/v1/login", who);
  get("password").value = "";
  if (answer && answer.ok) {
    tell("");
    return look();
  }
  const error = answer && answer.body.error;
  tell(words.notSent + ((error && (error.message || error)) || words.lostLink));
  get("password").focus();
});
get("other").addEventListener("click", () => show("log-in"));
dress(document, words);
setInterval(count, 1000);
if (number) look();
else tell(words.address);
