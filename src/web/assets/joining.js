// The viewer applies to join the lesson and sees what the teacher says. The box decides; this shows it.

import { ask, listen } from "./listen.js";

const AGAIN_MS = 5000;

const get = (id) => document.getElementById(id);

export function start(number, words) {
  const address = "/course/joining.json?id=" + number;
  const button = get("apply");
  let now = null;
  /** When a waiting application is unhandled, on this page's clock. */
  let until = 0;
  let trouble = "";
  let timer = 0;

  function sentence() {
    if (trouble) return words.notSent + trouble;
    switch (now.state) {
      case "waiting": return words.applied;
      case "accepted": return words.accepted;
      case "refused": return words.refusedJoin;
      case "unhandled": return words.unhandled;
      default: return "";
    }
  }

  function show() {
    const may = now.live && now.state !== "waiting" && now.state !== "accepted";
    get("joining").hidden = !now.live && !now.state;
    const line = get("joining-state");
    if (line.textContent !== sentence()) line.textContent = sentence();
    button.hidden = !may;
    button.textContent = now.state ? words.applyAgain : words.apply;
    count();
  }

  /** The seconds are for the eye: who hears the page is told once that the teacher has it. */
  function count() {
    const seconds = Math.max(0, Math.ceil((until - performance.now()) / 1000));
    const waits = now && now.state === "waiting";
    get("joining-left").textContent = waits ? words.secondsLeft(seconds) : "";
  }

  function take(answer) {
    clearTimeout(timer);
    if (answer && answer.ok) {
      now = answer.body;
      until = performance.now() + now.left_ms;
      show();
      if (now.state === "waiting") timer = setTimeout(look, Math.max(1000, now.left_ms + 1000));
      return;
    }
    // A session that has ended, or a lesson that is not ours: the page itself says so.
    if (!answer || answer.status >= 500) timer = setTimeout(look, AGAIN_MS);
  }

  async function look() {
    take(await ask(address));
  }

  async function apply() {
    button.disabled = true;
    const answer = await ask(address, {});
    button.disabled = false;
    trouble = answer && answer.ok ? "" : (answer && answer.body.error) || words.lostLink;
    if (answer && answer.ok) take(answer);
    else await look();
  }

  button.addEventListener("click", apply);
  setInterval(count, 1000);
  look();
  listen(number, look, () => {});
}
