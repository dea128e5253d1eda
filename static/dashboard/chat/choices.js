// Buttons under a question. The answer itself comes back over the websocket, as every message does.
export function listen({ list, post, onRefused }) {
  list.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-press]");
    if (!button || button.ariaDisabled === "true") return;
    // Not `disabled`: a disabled button loses the focus, and who works by keyboard their place.
    const all = [...button.parentElement.querySelectorAll("button")];
    for (const one of all) one.ariaDisabled = "true";
    let refused = "";
    try {
      const response = await post(button.dataset.press, AbortSignal.timeout(10_000));
      if (!response.ok) refused = (await response.json()).error ?? `${response.status}`;
    } catch {
      refused = " "; // no connection, or no answer in time: it may be pressed again
    }
    if (refused) for (const one of all) one.ariaDisabled = "false";
    onRefused(refused.trim());
  });
}
