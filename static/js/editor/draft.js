// What is typed is kept in this browser until the portal has it, for the person who typed it. Attached to forms with
// data-draft="person:what". Every opened form keeps a draft of its own, so that two tabs never write over each other;
// what another one left is offered until it is taken up or thrown away.
clubEditor.part("draft", (box, text) => {
  const form = text.form;
  if (!form?.dataset.draft) return;
  const all = `draft:${form.dataset.draft}~`;
  const fresh = () => all + Date.now().toString(36) + Math.random().toString(36).slice(2);
  const own = fresh();
  const typed = [...form.elements].filter((one) => one.matches("textarea[name], input[type=text][name]") && !one.closest("[data-plain-picture]"));
  const hidden = ["base", "is_draft"].map((name) => form.elements.namedItem(name)).filter(Boolean);

  const read = (key) => { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } };
  const forget = (key = own) => { try { localStorage.removeItem(key); } catch { /* storage is off */ } };
  const put = (key, more = {}) => {
    const fields = Object.fromEntries([...typed, ...hidden].map((one) => [one.name, one.value]));
    try { localStorage.setItem(key, JSON.stringify({ fields, at: Date.now(), ...more })); return true; }
    catch { clubEditor.say(box, "This browser keeps no draft: save now and then."); return false; }
  };
  // What came from the server as somebody's unsaved words is a draft already.
  const isUnsaved = form.hasAttribute("data-unsaved");
  const isChanged = () => isUnsaved || typed.some((one) => one.value !== one.defaultValue);
  // Held while this form is open: by it other tabs know that its draft is not left behind.
  let isHeld = false;
  const hold = () => {
    if (isHeld) return;
    isHeld = true;
    navigator.locks?.request(own, () => new Promise(() => {}));
  };
  const isOpen = async (key) => {
    try { return await navigator.locks.request(key, { signal: AbortSignal.timeout(400) }, () => false); }
    catch (error) { return error.name === "TimeoutError" || error.name === "AbortError"; }
  };

  let isSent = false, timer;
  const keep = () => { if (isChanged()) put(own); else forget(); };
  const keepSoon = () => { hold(); isSent = false; clearTimeout(timer); timer = setTimeout(keep, 400); };
  form.addEventListener("input", keepSoon);
  window.addEventListener("pagehide", () => { if (!isSent && isChanged()) put(own); });
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    if (isChanged()) put(own, { sent: Date.now() });
    try { sessionStorage.setItem("draft-sent", own); } catch { /* storage is off */ }
    isSent = true;
  });
  window.addEventListener("beforeunload", (event) => { if (!isSent && isChanged()) event.preventDefault(); });
  form.querySelectorAll("[data-leave]").forEach((link) => link.addEventListener("click", () => { isSent = true; clearTimeout(timer); forget(); }));

  const notices = new Map(), open = new Set();
  const drop = (key) => { notices.get(key)?.remove(); notices.delete(key); };
  const tell = (key, words, buttons = {}) => {
    drop(key);
    const notice = Object.assign(document.createElement("div"), { className: "notice info" });
    notice.setAttribute("role", "status");
    const body = notice.appendChild(document.createElement("div"));
    body.append(Object.assign(document.createElement("p"), { textContent: words }));
    const actions = Object.assign(document.createElement("div"), { className: "actions" });
    for (const [label, press] of Object.entries(buttons)) {
      const made = Object.assign(document.createElement("button"), { type: "button", className: actions.hasChildNodes() ? "btn quiet" : "btn", textContent: label });
      made.addEventListener("click", press);
      actions.append(made);
    }
    if (actions.hasChildNodes()) { body.append(actions); notice.dataset.draftOffer = ""; }
    else notice.dataset.draftElsewhere = "";
    form.prepend(notice);
    notices.set(key, notice);
  };
  const ago = (at) => {
    const minutes = (Date.now() - at) / 60000;
    const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
    return minutes < 1 ? "a moment ago" : minutes < 60 ? words.format(-Math.round(minutes), "minute")
      : minutes < 1440 ? words.format(-Math.round(minutes / 60), "hour") : words.format(-Math.round(minutes / 1440), "day");
  };
  const takeUp = (key, stored) => {
    // What stands here by now is offered in its place.
    if (isChanged()) {
      const aside = fresh();
      if (!put(aside)) return;
      offer(aside);
    }
    // From the version it was written on: what others saved since is brought together with it.
    for (const one of [...hidden, ...typed]) {
      const words = stored.fields[one.name];
      if (words === undefined || (one.name === "path" && one.value) || (one.name === "summary" && !words)) continue;
      one.value = words;
      if (one !== text && one.type !== "hidden") one.dispatchEvent(new Event("input", { bubbles: true }));
    }
    text.dispatchEvent(new Event("input", { bubbles: true }));
    if (put(own)) forget(key);
    drop(key);
    text.focus();
  };
  const offer = (key) => {
    const stored = read(key);
    if (!stored?.fields || typed.every((one) => one.name === "summary" || stored.fields[one.name] === one.defaultValue)) return forget(key);
    const end = (stored.fields[text.name] ?? "").trim().split("\n").at(-1);
    tell(key, `You wrote something here ${ago(stored.at)} that was not saved.${end ? ` It ends with “${end.length > 60 ? `…${end.slice(-60)}` : end}”.` : ""}`, {
      "Take it up again": () => takeUp(key, stored),
      "Throw it away": () => { forget(key); drop(key); text.focus(); },
    });
  };
  const sayOpen = (key) => tell(key, "You are writing here in another tab as well. What stands there is not saved yet.");
  const consider = async (key) => {
    if (key === own || notices.has(key)) return;
    if (open.has(key)) return sayOpen(key);
    if (navigator.locks && await isOpen(key)) {
      open.add(key);
      sayOpen(key);
      await navigator.locks.request(key, () => {}); // until that tab is left
      await new Promise((done) => { setTimeout(done, 3000); }); // what it saved is tidied by then
      open.delete(key);
      drop(key);
    }
    if (read(key)) offer(key);
  };
  window.addEventListener("storage", ({ key, newValue }) => {
    if (!key?.startsWith(all)) return;
    if (newValue === null) drop(key);
    else consider(key);
  });

  let left = [];
  try {
    if (isUnsaved) {
      // The words came back: what this tab sent stands here again.
      forget(sessionStorage.getItem("draft-sent"));
      hold();
      timer = setTimeout(keep, 400);
    }
    left = Object.keys(localStorage).filter((key) => key.startsWith(all));
  } catch { /* storage is off */ }
  // The newest stands first.
  left.sort((one, other) => (read(one)?.at ?? 0) - (read(other)?.at ?? 0)).forEach(consider);
});
