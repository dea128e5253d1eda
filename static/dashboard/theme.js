// Before the page is drawn: the chosen colours, under the name that the admin uses too.
(() => {
  const order = ["auto", "light", "dark"];
  const chosen = () => {
    try {
      const kept = localStorage.getItem("theme");
      return order.includes(kept) ? kept : "auto";
    } catch {
      return "auto"; // storage is forbidden: the system's choice stands
    }
  };
  document.documentElement.dataset.theme = chosen();
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[data-theme-switch]");
    const signs = { auto: "◐", light: "○", dark: "●" };
    const say = (theme) => {
      button.textContent = signs[theme];
      button.title = button.dataset[theme];
      button.setAttribute("aria-label", button.dataset[theme]);
    };
    button.hidden = false;
    say(chosen());
    button.addEventListener("click", () => {
      const next = order[(order.indexOf(document.documentElement.dataset.theme) + 1) % order.length];
      document.documentElement.dataset.theme = next;
      say(next);
      try {
        localStorage.setItem("theme", next);
      } catch {
        // kept for this page only
      }
    });
  });
})();
