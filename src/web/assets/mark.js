// Says on every page of the box in which classrooms a camera or microphone is open. Asks for as long as the page is looked at.

import { choose } from "./words.js";

const AGAIN_MS = 4000;

const words = choose(navigator.languages || [navigator.language || "en"]);
const mark = document.createElement("p");
mark.id = "camera-on";
mark.setAttribute("role", "status");
mark.hidden = true;
document.body.prepend(mark);

async function look() {
  try {
    const answer = await fetch("/watch/cameras.json", { cache: "no-store" });
    const { on } = await answer.json();
    const text = on.length > 0 ? words.cameraOn(on.join(", ")) : "";
    if (mark.textContent !== text) mark.textContent = text;
    mark.hidden = !text;
  } catch (error) {
    // The page says itself that the box does not answer; what was open may be so still.
  }
}

look();
setInterval(() => { if (!document.hidden) look(); }, AGAIN_MS);
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
