// The chat page: what is written goes out over HTTP, what happens comes in over the websocket.
import { compose } from "./composer.js";
import * as choices from "./choices.js";
import { connect } from "./connection.js";
import { Outbox } from "./outbox.js";
import * as transcript from "./transcript.js";

const room = document.getElementById("room");
const line = document.getElementById("line");
const older = document.getElementById("older");
const template = document.getElementById("pending");
const token = document.querySelector("#composer [name=csrfmiddlewaretoken]").value;

// The cookie is newer than the form where somebody signed in again in another tab.
function currentToken() {
  return /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? token;
}

function post(url, fields, signal, files = []) {
  const headers = { "X-CSRFToken": currentToken() };
  const body = files.length ? new FormData() : new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  for (const file of files) body.append("files", file);
  return fetch(url, { method: "POST", headers, body, redirect: "error", signal });
}

function fileName(file) {
  const name = document.createElement("p");
  name.className = "attachment";
  name.textContent = file.name;
  return name;
}

// What is written and not stored yet stands at the end of the transcript.
function pending(item) {
  const drawn = template.content.firstElementChild.cloneNode(true);
  drawn.dataset.external = item.id;
  drawn.querySelector(".text").textContent = item.text;
  for (const file of item.files ?? []) drawn.querySelector(".delivery").before(fileName(file));
  drawn.querySelector("[data-again]").addEventListener("click", () => outbox.retry(item.id));
  drawn.querySelector("[data-discard]").addEventListener("click", () => {
    outbox.drop(item.id);
    drawn.remove();
  });
  transcript.append(drawn);
  return drawn;
}

function changed(item, state, sentence) {
  const drawn = transcript.waiting(item.id);
  if (!drawn) return; // the websocket was faster
  const delivery = drawn.querySelector(".delivery");
  delivery.textContent = sentence || (state === "sending" ? delivery.dataset.sending : delivery.dataset.waiting);
  delivery.classList.toggle("wrong", state === "refused");
  drawn.querySelector(".again").hidden = state !== "refused";
  if (state === "stored") delivery.textContent = "";
  if (state === "out") signedOut();
}

const outbox = new Outbox({
  key: `outbox:${room.dataset.folder}`,
  post: (item, signal) => post(room.dataset.messagesUrl, { id: item.id, text: item.text }, signal, item.files),
  onChange: changed,
});

function signedOut() {
  const link = document.createElement("a");
  link.href = room.dataset.login;
  link.textContent = line.dataset.in;
  line.replaceChildren(`${line.dataset.out} `, link);
}

let shownState = "";
function connection(state) {
  if (state === shownState) return;
  shownState = state;
  room.dataset.connection = state;
  if (state === "out") signedOut();
  else line.textContent = { open: "", lost: line.dataset.lost, barred: line.dataset.barred, gone: line.dataset.gone }[state];
  if (state === "open") outbox.flush();
}

function frame(content) {
  if (content.type === "news") transcript.tell(content);
  else if (content.type === "delta") transcript.delta(content);
  else if (content.type === "afresh") window.location.reload();
}

function url() {
  const scheme = window.location.protocol === "https:" ? "wss" : "ws";
  const asked = new URLSearchParams({ seen: transcript.seen(), language: room.dataset.language });
  return `${scheme}://${window.location.host}/ws/chat/${encodeURIComponent(room.dataset.folder)}/?${asked}`;
}

async function loadOlder() {
  older.disabled = true;
  try {
    const response = await fetch(`${room.dataset.messagesUrl}?before=${older.dataset.before}`, { redirect: "error" });
    if (!response.ok) return;
    const next = transcript.prepend(await response.text());
    older.hidden = next === null;
    older.dataset.before = next ?? "";
    // It tells of changes only: who is at the top still, or at once again, would wait in vain.
    atTop.unobserve(older);
    atTop.observe(older);
  } catch {
    // no connection: the button stays
  } finally {
    older.disabled = false;
  }
}

// Not `disabled`: a disabled button loses the focus, and who works by keyboard their place.
document.getElementById("work").addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-stop]");
  if (!button || button.ariaDisabled === "true") return;
  button.ariaDisabled = "true";
  try {
    const response = await post(room.dataset.stopUrl, {}, AbortSignal.timeout(10_000));
    if (!response.ok) button.ariaDisabled = "false";
  } catch {
    button.ariaDisabled = "false"; // it may be pressed again
  }
});

transcript.begin(Number(room.dataset.running) || null);
for (const item of outbox.items) {
  pending(item);
  changed(item, item.refused ? "refused" : "waiting");
}
older.addEventListener("click", loadOlder);
const reached = (entries) => entries.some((entry) => entry.isIntersecting) && !older.hidden && loadOlder();
const atTop = new IntersectionObserver(reached, { root: document.getElementById("scroll") });
atTop.observe(older);
compose({
  key: `draft:${room.dataset.folder}`,
  most: Number(room.dataset.most),
  onSend: (text, files) => {
    const item = outbox.add(text, files);
    pending(item);
    outbox.flush();
  },
});
choices.listen({
  list: document.getElementById("transcript"),
  post: (token, signal) => post(room.dataset.pressUrl, { token }, signal),
  onRefused: (sentence) => {
    document.getElementById("wrong").textContent = sentence;
  },
});
connect({ url, onFrame: frame, onState: connection });
outbox.flush();
