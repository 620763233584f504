// A file dropped on the field is chosen as if by its button; its name and size are said.
const size = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
const tell = (box, files) => {
  const said = box.querySelector("[data-drop-said]");
  if (said && files.length) said.textContent = [...files].map((file) => `${file.name}, ${size(file.size)}`).join("; ");
};
document.addEventListener("dragover", (event) => {
  const box = event.target.closest?.("[data-drop]");
  if (box && event.dataTransfer?.types.includes("Files")) { event.preventDefault(); box.classList.add("over"); }
});
document.addEventListener("dragleave", (event) => event.target.closest?.("[data-drop]")?.classList.remove("over"));
document.addEventListener("drop", (event) => {
  const box = event.target.closest?.("[data-drop]");
  const input = box?.querySelector("input[type=file]");
  if (!input || !event.dataTransfer?.files.length) return;
  event.preventDefault();
  box.classList.remove("over");
  input.files = event.dataTransfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
});
document.addEventListener("change", (event) => {
  const box = event.target.closest?.("[data-drop]");
  if (box) tell(box, event.target.files ?? []);
});
