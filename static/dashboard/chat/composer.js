import { chosenFiles, clearFiles } from "./files.js";

// The field: Enter sends, Shift+Enter breaks the line, a composition (IME) is never cut; the draft survives a reload.
const form = document.getElementById("composer");
const field = document.getElementById("writing");
const wrong = document.getElementById("wrong");

export function compose({ key, most, onSend }) {
  const keep = () => {
    try {
      sessionStorage.setItem(key, field.value);
    } catch {
      // kept by this page only
    }
  };
  const fit = () => {
    if (CSS.supports("field-sizing", "content")) return;
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + 2}px`;
  };

  try {
    field.value ||= sessionStorage.getItem(key) ?? "";
  } catch {
    // storage is forbidden
  }
  fit();

  field.addEventListener("input", () => {
    wrong.textContent = "";
    keep();
    fit();
  });
  field.addEventListener("keydown", (event) => {
    const isComposing = event.isComposing || event.keyCode === 229; // 229: Safari says so after the composition's end
    if (event.key !== "Enter" || event.shiftKey || isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    const files = chosenFiles();
    if (!text && !files.length) return;
    const length = [...text].length;
    if (length > most) {
      wrong.textContent = wrong.dataset.long.replace("{length}", length).replace("{most}", most);
      return;
    }
    field.value = "";
    clearFiles();
    keep();
    fit();
    field.focus();
    onSend(text, files);
  });

  // What early.js kept is sent now. What is refused, and what was begun meanwhile, stays to be written on.
  form.isReady = true;
  const begun = field.value;
  const refused = (form.early ?? []).map((text) => {
    field.value = text;
    form.requestSubmit();
    return field.value;
  });
  field.value = [...refused, begun].filter(Boolean).join("\n");
  keep();
  fit();
}
