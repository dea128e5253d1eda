// The websocket: it only tells. Lost, it comes back with growing, jittered pauses, and says what was seen.
const SHORTEST = 300;
const LONGEST = 15_000;
const SILENCE = 40_000; // the server says something every 15 s: a silent line is dead
const FINAL = { 4401: "out", 4403: "barred", 4404: "gone" };

export function connect({ url, onFrame, onState }) {
  let pause = SHORTEST;
  let socket = null;
  let watch = null;
  let again = null;

  const listen = () => {
    clearTimeout(watch);
    watch = setTimeout(() => lost(socket, 0), SILENCE);
  };

  const lost = (which, code) => {
    if (which !== socket) return;
    socket = null;
    clearTimeout(watch);
    which.close();
    if (FINAL[code]) {
      onState(FINAL[code]);
      return;
    }
    onState("lost");
    again = setTimeout(open, pause * (0.5 + Math.random()));
    pause = Math.min(pause * 2, LONGEST);
  };

  const open = () => {
    clearTimeout(again);
    const current = new WebSocket(url());
    socket = current;
    listen();
    current.addEventListener("message", (event) => {
      if (current !== socket) return;
      listen();
      pause = SHORTEST;
      onState("open");
      onFrame(JSON.parse(event.data));
    });
    current.addEventListener("close", (event) => lost(current, event.code));
  };

  window.addEventListener("online", () => socket === null && open());
  window.addEventListener("offline", () => socket && lost(socket, 0));
  document.addEventListener("visibilitychange", () => !document.hidden && socket === null && open());
  open();
}
