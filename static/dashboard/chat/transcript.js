// The messages in the order of their primary keys, each once; and the answer while it is written.
import { localise } from "../times.js";

const scroll = document.getElementById("scroll");
const list = document.getElementById("transcript");
const stream = document.getElementById("stream");
const streamText = stream.querySelector(".text");
const work = document.getElementById("work");
const newest = document.getElementById("newest");
const empty = document.getElementById("empty");
const NEAR = 80; // pixels from the end that still count as being there

let running = null; // the run whose pieces are shown
let drawn = null; // the state of the work, as it was told last
let shown = 0; // code points of its text
let following = true; // the reader is at the end
let lastTop = 0; // where it stood
let unread = 0; // answers that came while the page was hidden
const title = document.title;

export function seen() {
  const ids = [...list.querySelectorAll("[data-id]")].map((item) => Number(item.dataset.id));
  return ids.length ? Math.max(...ids) : 0;
}

export function toEnd() {
  scroll.scrollTop = scroll.scrollHeight;
  lastTop = scroll.scrollTop;
  following = true;
  newest.hidden = true;
}

// Whatever grows, a reader at the end stays there, and one who reads above is left alone.
function grown(isNews) {
  if (following) toEnd();
  else if (isNews) newest.hidden = false;
}

function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  localise(template.content);
  return [...template.content.children];
}

function place(item) {
  const old = document.getElementById(item.id) ?? waiting(item.dataset.external);
  if (old) {
    const isPending = old.classList.contains("pending");
    if (!isPending && old.innerHTML === item.innerHTML) return false;
    old.remove();
  } else {
    item.classList.add("arriving");
  }
  const id = Number(item.dataset.id);
  const later = [...list.children].find((other) => Number(other.dataset.id ?? Infinity) > id);
  list.insertBefore(item, later ?? null);
  return !old;
}

export function waiting(external) {
  return external ? list.querySelector(`.pending[data-external="${CSS.escape(external)}"]`) : null;
}

export function append(item) {
  list.append(item);
  empty.hidden = true;
  toEnd();
}

export function tell(news) {
  let isNews = false;
  for (const message of news.messages) for (const item of parsed(message.html)) isNews = place(item) || isNews;
  if (list.children.length) empty.hidden = true;
  if (news.messages.length) markActive();
  if (isNews && document.hidden) document.title = `(${++unread}) ${title}`;
  showWork(news);
  grown(isNews);
}

// The list of groups beside the chat tells the time of the newest message.
function markActive() {
  const time = document.querySelector(".others [aria-current] time");
  const newestTime = list.lastElementChild?.querySelector("time");
  if (!time || !newestTime) return;
  time.dateTime = newestTime.dateTime;
  localise(time.parentElement);
}

function showWork(news) {
  if (news.work !== drawn) {
    drawn = news.work;
    const hadFocus = work.contains(document.activeElement);
    work.innerHTML = news.work;
    localise(work);
    if (hadFocus) (work.querySelector("[data-stop]") ?? document.getElementById("writing")).focus();
  }
  if (news.running !== running) {
    running = news.running;
    shown = 0;
    streamText.textContent = "";
    stream.hidden = true;
  }
}

// A piece that does not join what is shown waits for the next whole text (its place is 0).
export function delta({ run, at, text }) {
  if (run !== running || (at !== 0 && at !== shown)) return;
  if (at === 0) {
    streamText.textContent = text;
    shown = 0;
  } else {
    streamText.append(text);
  }
  shown += [...text].length;
  stream.hidden = shown === 0;
  grown(false);
}

export function prepend(html) {
  const before = scroll.scrollHeight - scroll.scrollTop;
  const items = parsed(html);
  const more = items.find((item) => item.dataset.older);
  list.setAttribute("aria-busy", "true");
  list.prepend(...items.filter((item) => item.dataset.id && !document.getElementById(item.id)));
  list.removeAttribute("aria-busy");
  scroll.scrollTop = scroll.scrollHeight - before;
  return more?.dataset.older ?? null;
}

export function begin(run) {
  running = run;
  localise(document);
  toEnd();
  scroll.addEventListener("scroll", () => {
    // A picture that grew meanwhile is no reader who went away: only upwards counts.
    const isAtEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR;
    if (isAtEnd) following = true;
    else if (scroll.scrollTop < lastTop) following = false;
    lastTop = scroll.scrollTop;
    if (following) newest.hidden = true;
  });
  new ResizeObserver(() => following && toEnd()).observe(scroll); // a phone's keyboard, a growing field
  list.addEventListener("load", () => grown(false), true); // a picture has its height only now
  newest.addEventListener("click", toEnd);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    unread = 0;
    document.title = title;
  });
}
