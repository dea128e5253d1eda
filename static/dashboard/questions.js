// What waits for a decision, drawn again every few seconds while the page is looked at.
import { localise } from "./times.js";

const EVERY = 4000;
const place = document.getElementById("questions");
let drawn = null;

async function look() {
  if (document.hidden) return;
  try {
    const response = await fetch(place.dataset.url, { redirect: "error", signal: AbortSignal.timeout(10_000) });
    if (response.ok) show(await response.text());
  } catch {
    // no connection: what is shown stays, and it is looked again
  }
}

// The forms differ in their hidden tokens each time: only another set of questions is drawn.
function show(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const numbers = [...template.content.querySelectorAll("[data-question]")].map((button) => button.dataset.question).join();
  const before = [...place.querySelectorAll("[data-question]")].map((button) => button.dataset.question).join();
  if (numbers === (drawn ?? before)) return;
  drawn = numbers;
  localise(template.content);
  place.replaceChildren(template.content);
}

if (place) {
  setInterval(look, EVERY);
  document.addEventListener("visibilitychange", look);
}
