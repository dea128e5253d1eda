// Files for the next message: chosen, pasted or dropped; each can be left out again.
const room = document.getElementById("room");
const input = document.getElementById("files");
const list = document.getElementById("chosen");
const wrong = document.getElementById("wrong");
const most = { files: Number(room.dataset.mostFiles), bytes: Number(room.dataset.mostBytes) };
let chosen = [];

export function chosenFiles() {
  return chosen;
}

export function clearFiles() {
  chosen = [];
  draw();
}

function add(files) {
  wrong.textContent = "";
  for (const file of files) {
    if (file.size > most.bytes) wrong.textContent = wrong.dataset.large.replace("{name}", file.name);
    else if (chosen.length >= most.files) wrong.textContent = wrong.dataset.many;
    else chosen.push(file);
  }
  draw();
}

function draw() {
  list.replaceChildren(...chosen.map(chip));
}

function chip(file) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.textContent = "×";
  button.ariaLabel = list.dataset.remove.replace("{name}", file.name);
  button.addEventListener("click", () => {
    chosen = chosen.filter((other) => other !== file);
    draw();
    document.getElementById("writing").focus();
  });
  const name = document.createElement("span");
  name.textContent = file.name;
  item.append(name, button);
  return item;
}

// A pasted picture is called image.png by every browser: a name of its own tells several apart.
function named(file, number) {
  if (file.name !== "image.png") return file;
  const time = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  return new File([file], `pasted-${time}${number ? `-${number + 1}` : ""}.png`, { type: file.type });
}

document.getElementById("add").addEventListener("click", () => input.click());
input.addEventListener("change", () => {
  add(input.files);
  input.value = ""; // so that the same file can be chosen again
  document.getElementById("writing").focus();
});
document.getElementById("writing").addEventListener("paste", (event) => {
  // A copied table or page carries a picture of itself beside its text: then the text is meant.
  const files = [...(event.clipboardData?.files ?? [])];
  if (!files.length || event.clipboardData.types.includes("text/plain")) return;
  event.preventDefault();
  add(files.map(named));
});

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
room.addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault(); // else the browser would open the file instead of this page
  room.classList.add("dropping");
});
room.addEventListener("dragleave", (event) => room.contains(event.relatedTarget) || room.classList.remove("dropping"));
room.addEventListener("drop", (event) => {
  room.classList.remove("dropping");
  if (!carriesFiles(event)) return;
  event.preventDefault();
  add(event.dataTransfer.files);
});
