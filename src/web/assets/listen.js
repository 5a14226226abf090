// Listens to the room channel of a lesson with the session's cookie, and comes back by itself. It only tells that
// something was said; what is true now, the page asks the box.

/** LeanCloud's text message, in which people apply and are answered; a lesson's start and end. */
const HEARD = [-1, 1001, 1002];
/** Who is there: the first frame. From here on nothing is missed. */
const PRESENT = 10;
const BACK_OFF_MS = [1000, 2000, 4000, 8000, 10000];
/** Beyond every number: only what is said from now on. */
const FROM_NOW = Number.MAX_SAFE_INTEGER;

/** `changed()` whenever the page should look again; `lost(true)` while the way is closed. */
export function listen(group, changed, lost) {
  let failures = 0;
  const scheme = location.protocol === "https:" ? "wss://" : "ws://";
  const address = scheme + location.host + "/box/v1/channel?group=" + group + "&since=" + FROM_NOW;

  function open() {
    const socket = new WebSocket(address);
    socket.addEventListener("message", (event) => {
      const kind = JSON.parse(event.data).type;
      if (kind === PRESENT) {
        failures = 0;
        lost(false);
      }
      if (kind === PRESENT || HEARD.includes(kind)) changed();
    });
    socket.addEventListener("close", () => {
      failures += 1;
      if (failures > 1) lost(true);
      const wait = BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length) - 1];
      setTimeout(() => {
        open();
        changed();
      }, wait * (0.8 + 0.4 * Math.random()));
    });
  }

  open();
}

/** Asks the box; `{ok, status, body}`, or null when it does not answer. With `said` it is a POST. */
export async function ask(url, said) {
  const how = { cache: "no-store", credentials: "same-origin" };
  if (said !== undefined) {
    how.method = "POST";
    how.headers = { "Content-Type": "application/json" };
    how.body = JSON.stringify(said);
  }
  try {
    const response = await fetch(url, how);
    const body = await response.json().catch(() => ({}));
    return { ok: response.ok, status: response.status, body };
  } catch (error) {
    return null;
  }
}
