// Somebody is faster than the page's modules: what they send until then waits on the form for composer.js.
document.addEventListener("keydown", (event) => {
  const isComposing = event.isComposing || event.keyCode === 229;
  if (event.key === "Enter" && !event.shiftKey && !isComposing) keepEarly(event, event.target.form);
});
document.addEventListener("submit", (event) => keepEarly(event, event.target));

function keepEarly(event, form) {
  if (form?.id !== "composer" || form.isReady || event.target.type === "button") return;
  event.preventDefault();
  const field = form.elements.text;
  form.early = [...(form.early ?? []), field.value];
  field.value = "";
}
