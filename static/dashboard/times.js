// Times in the reader's own zone and language; the server's text stands until then, and without JavaScript.
const page = document.documentElement.lang.split("-")[0];
const language = navigator.languages.find((own) => own.split("-")[0] === page) ?? document.documentElement.lang;
const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
const exact = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat(language, { month: "short", day: "numeric" });
const full = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "medium" });

export function localise(root) {
  const today = new Date().toDateString();
  for (const element of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.valueOf())) continue;
    const time = ("clock" in element.dataset ? exact : clock).format(moment);
    element.textContent = moment.toDateString() === today ? time : `${day.format(moment)}, ${time}`;
    element.title = full.format(moment);
  }
}
