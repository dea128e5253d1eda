// What was written and is not stored yet. Each has an id of its own, so that sending it again does no harm.
const LONGEST_PAUSE = 15_000;
const TIME_LIMIT = 20_000;
const SLOWEST = 50; // bytes a millisecond that an upload may be slow

export class Outbox {
  // post(item, signal) → Response; onChange(item, state, sentence): sending, waiting, stored, refused, out
  constructor({ key, post, onChange }) {
    this.key = key;
    this.post = post;
    this.onChange = onChange;
    this.items = this.#kept();
    this.pause = 500;
    this.busy = false;
    this.timer = null;
  }

  add(text, files = []) {
    const item = { id: crypto.randomUUID?.() ?? fallbackId(), text, files };
    this.items.push(item);
    this.#keep();
    return item;
  }

  drop(id) {
    this.items = this.items.filter((item) => item.id !== id);
    this.#keep();
  }

  // One after the other, in order; one that is refused waits for the person and holds back nothing.
  async flush() {
    if (this.busy) return;
    clearTimeout(this.timer);
    this.busy = true;
    try {
      for (let item; (item = this.items.find((one) => !one.refused)); ) {
        if (!(await this.#send(item))) break;
      }
    } finally {
      this.busy = false;
    }
  }

  retry(id) {
    for (const item of this.items) if (item.id === id) delete item.refused;
    this.flush();
  }

  async #send(item) {
    this.onChange(item, "sending");
    let response = null;
    try {
      response = await this.post(item, AbortSignal.timeout(timeLimit(item)));
    } catch {
      // no connection, or no answer in time: it is sent again below
    }
    if (response?.ok) return this.#stored(item);
    if (response?.status === 401) return this.#later(item, "out");
    if (response === null || response.status >= 500 || response.status === 429) {
      this.timer = setTimeout(() => this.flush(), this.pause * (0.5 + Math.random()));
      this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
      return this.#later(item, "waiting", response && (await sentence(response)));
    }
    item.refused = true;
    this.#keep();
    this.onChange(item, "refused", await sentence(response));
    return true;
  }

  #stored(item) {
    this.pause = 500;
    this.drop(item.id);
    this.onChange(item, "stored");
    return true;
  }

  #later(item, state, why) {
    this.onChange(item, state, why);
    return false;
  }

  #keep() {
    try {
      // Files cannot be kept over a reload, and half a message is none.
      sessionStorage.setItem(this.key, JSON.stringify(this.items.filter((item) => !item.files?.length)));
    } catch {
      // kept by this page only
    }
  }

  #kept() {
    try {
      return JSON.parse(sessionStorage.getItem(this.key)) ?? [];
    } catch {
      return [];
    }
  }
}

function timeLimit(item) {
  return TIME_LIMIT + (item.files ?? []).reduce((sum, file) => sum + file.size, 0) / SLOWEST;
}

async function sentence(response) {
  try {
    return (await response.json()).error ?? `${response.status}`;
  } catch {
    return `${response.status} ${response.statusText}`;
  }
}

// Without HTTPS a browser offers randomUUID on localhost only.
function fallbackId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
