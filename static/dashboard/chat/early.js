// Somebody is faster than the page's modules: what they send until then waits on the form for composer.js.
document.addEventListener("keydown", (event) => {
  const isComposing = event.isComposing || event.keyCode === 229;
  if (event.key === "Enter" && !event.shiftKey && !isComposing) keepEarly(event, event.target.form);
});
document.addEventListener("submit", (event) => keepEarly(event, event.target));
// The modules do not come: the words stand there again, and Send is the form's own.
document.addEventListener("error", (event) => event.target.type === "module" && giveBack(), true);

let isAlone = false;

function keepEarly(event, form) {
  if (isAlone || form?.id !== "composer" || form.isReady || event.target.type === "button") return;
  event.preventDefault();
  const field = form.elements.text;
  form.early = [...(form.early ?? []), field.value];
  field.value = "";
}

function giveBack() {
  isAlone = true;
  const form = document.getElementById("composer");
  if (!form?.early) return;
  const field = form.elements.text;
  field.value = [...form.early, field.value].filter(Boolean).join("\n");
}
