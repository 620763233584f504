// What is typed is kept in this browser until the portal has it, for the person who typed it. Attached to forms with
// data-draft="person:what".
clubEditor.part("draft", (box, text) => {
  const form = text.form;
  if (!form?.dataset.draft) return;
  const key = `draft:${form.dataset.draft}`;
  const field = (name) => form.elements.namedItem(name);
  const base = () => field("base")?.value ?? "";
  const read = () => { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } };
  const forget = () => { try { localStorage.removeItem(key); } catch { /* storage is off */ } };
  // What came from the server as somebody's unsaved words is a draft already.
  const isUnsaved = form.hasAttribute("data-unsaved");
  const began = text.defaultValue;
  const isChanged = () => isUnsaved || text.value !== began;
  let isSent = false, timer;

  const keep = (more = {}) => {
    if (!isChanged()) return forget();
    try {
      localStorage.setItem(key, JSON.stringify({
        text: text.value, base: base(), summary: field("summary")?.value ?? "", path: field("path")?.value ?? "",
        at: Date.now(), ...more,
      }));
    } catch { clubEditor.say(box, "This browser keeps no draft: save now and then."); }
  };
  const keepSoon = () => { isSent = false; clearTimeout(timer); timer = setTimeout(keep, 400); };
  form.addEventListener("input", keepSoon);
  window.addEventListener("pagehide", () => { if (!isSent && isChanged()) keep(); });
  form.addEventListener("submit", () => { clearTimeout(timer); keep({ sent: Date.now() }); isSent = true; });
  window.addEventListener("beforeunload", (event) => { if (!isSent && isChanged()) event.preventDefault(); });
  form.querySelectorAll("[data-leave]").forEach((link) => link.addEventListener("click", () => { isSent = true; forget(); }));

  const stored = read();
  if (isUnsaved) return keep();
  if (!stored?.text || stored.text === began) return forget();

  const age = (Date.now() - stored.at) / 60000;
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  const said = age < 1 ? "a moment ago" : age < 60 ? words.format(-Math.round(age), "minute")
    : age < 1440 ? words.format(-Math.round(age / 60), "hour") : words.format(-Math.round(age / 1440), "day");
  const notice = document.createElement("div");
  notice.className = "notice info";
  notice.setAttribute("role", "status");
  notice.dataset.draftOffer = "";
  const sentence = document.createElement("p");
  sentence.textContent = `You wrote something here ${said} that was not saved.`;
  const actions = document.createElement("div");
  actions.className = "actions";
  const button = (label, press) => {
    const made = Object.assign(document.createElement("button"), { type: "button", className: "btn quiet", textContent: label });
    made.addEventListener("click", () => { notice.remove(); press(); text.focus(); });
    actions.append(made);
  };
  button("Take it up again", () => {
    text.value = stored.text;
    // From the version it was written on: what others saved since is brought together with it.
    if (field("base") && stored.base) field("base").value = stored.base;
    if (field("summary") && stored.summary) field("summary").value = stored.summary;
    if (field("path") && stored.path && !field("path").value) field("path").value = stored.path;
    text.dispatchEvent(new Event("input", { bubbles: true }));
  });
  button("Throw it away", forget);
  notice.append(sentence, actions);
  form.prepend(notice);
});
