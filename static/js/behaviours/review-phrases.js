// A saved phrase goes into the field that was written in last; without this a list under the rubric does it.
const phrases = document.querySelector("[data-phrases]");
if (phrases) {
  phrases.removeAttribute("hidden");
  document.querySelector("[data-rubric] select[name=phrase]")?.closest(".field").setAttribute("hidden", "");
  let last = document.querySelector("[data-rubric] textarea");
  document.addEventListener("focusin", (event) => {
    if (event.target.matches("textarea[name=text], textarea[name=summary]")) last = event.target;
  });
  phrases.addEventListener("click", (event) => {
    const phrase = event.target.closest("[data-phrase]")?.textContent;
    if (!phrase || !last) return;
    const before = last.value.slice(0, last.selectionStart), after = last.value.slice(last.selectionEnd);
    last.focus();
    last.setRangeText(`${before && !/\s$/.test(before) ? " " : ""}${phrase}${after && !/^\s/.test(after) ? " " : ""}`, last.selectionStart, last.selectionEnd, "end");
    last.dispatchEvent(new Event("input", { bubbles: true }));
  });
}
