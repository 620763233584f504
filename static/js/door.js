// The door: the whole list in the browser, searched at once; a tick that cannot be sent is kept and sent later, once.
const root = document.querySelector("[data-door]");
if (root) {
  const EVERY = 5000;
  const MOST = 60;
  const { roster: rosterUrl, ticks: ticksUrl, store, open, zone } = root.dataset;
  const list = root.querySelector("[data-list]");
  const template = root.querySelector("template");
  const others = root.querySelector("[data-others]");
  const nobody = root.querySelector("[data-nobody]");
  const state = document.querySelector("[data-door-state]");
  const trouble = document.querySelector("[data-door-trouble]");
  const here = document.querySelector("[data-here]");
  const said = document.querySelector("[data-door-said]");
  const search = document.querySelector("[data-door-search]");
  const box = search.querySelector("input[type=search]");
  const walkIn = document.querySelector("[data-walk-in]");
  const token = document.querySelector("input[name=csrfmiddlewaretoken]")?.value ?? "";

  let roster = { people: [], others: [] };
  let etag = "";
  let isReady = false;
  let isSending = false;
  let isAway = !navigator.onLine;
  let isSignedOut = false;

  // What was tapped and is not known to have arrived, oldest first; the browser keeps it when the page is closed.
  const kept = () => {
    try { return JSON.parse(localStorage.getItem(store)) ?? []; } catch { return []; }
  };
  const keep = (ticks) => {
    if (ticks.length) localStorage.setItem(store, JSON.stringify(ticks));
    else localStorage.removeItem(store);
  };

  // crypto.randomUUID is missing where the page has no TLS, as in a club's own network.
  function newKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  }

  const clock = (at) => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: zone });

  // The list as it will be once everything kept has arrived.
  function expected() {
    const people = new Map(roster.people.map((each) => [each.id, { ...each }]));
    const free = new Map(roster.others.map((each) => [each.id, each]));
    for (const tick of kept()) {
      if (tick.act === "in") {
        const id = tick.who || `w${tick.key}`;
        const row = people.get(id) ?? { id, name: tick.label, line: 0, guest_of: "", attendance: 0, registered: false };
        free.delete(id);
        if (!row.attendance) people.set(id, { ...row, tick: tick.key, since: clock(tick.at), how: "" });
      } else {
        for (const row of people.values()) {
          if (tick.of && row.tick === tick.of) Object.assign(row, { tick: "", isUndone: true });
          if (row.attendance && row.attendance === tick.attendance) Object.assign(row, { attendance: 0, isUndone: true });
        }
      }
    }
    return { people: [...people.values()], others: [...free.values()] };
  }

  function found(rows, words) {
    const wanted = words.toLowerCase();
    return wanted ? rows.filter((each) => each.name.toLowerCase().includes(wanted)) : rows;
  }

  function metaOf(row) {
    if (row.tick) return [["warn", "Not sent yet"], `since ${row.since}`];
    if (row.isUndone) return [["warn", "Not sent yet"], "taken back"];
    if (row.attendance) return [["ok", "Here"], `since ${row.since}`, row.how];
    if (row.line) return [["warn", "In the line"], `number ${row.line}`];
    return [row.registered ? "has a seat" : "not registered"];
  }

  function drawn(row) {
    const item = template.content.firstElementChild.cloneNode(true);
    item.dataset.id = row.id;
    item.querySelector("[data-name]").textContent = row.name;
    const meta = item.querySelector("[data-meta]");
    const parts = metaOf(row);
    if (row.guest_of) parts.push(`guest of ${row.guest_of}`);
    for (const part of parts.filter(Boolean)) {
      const span = document.createElement("span");
      if (Array.isArray(part)) span.className = `badge ${part[0]}`;
      span.textContent = Array.isArray(part) ? part[1] : part;
      meta.append(span);
    }
    const isHere = Boolean(row.attendance || row.tick);
    const button = item.querySelector(isHere ? "[data-undo]" : "[data-in]");
    item.querySelector(isHere ? "[data-in]" : "[data-undo]").remove();
    button.querySelector("[data-whom]").textContent = row.name;
    if (!open || row.isUndone) button.remove();
    button.addEventListener("click", () => (isHere ? undo(row) : letIn({ who: row.id, label: row.name })));
    return item;
  }

  function draw() {
    if (!isReady) return;
    const focused = root.contains(document.activeElement) ? document.activeElement.closest("[data-id]")?.dataset.id : "";
    const words = box.value.trim();
    const { people, others: free } = expected();
    const byName = (a, b) => a.name.localeCompare(b.name);
    const rows = found(people, words).sort(byName);
    const more = words.length > 1 ? found(free, words).sort(byName).slice(0, 8) : [];
    list.replaceChildren(...rows.slice(0, MOST).map(drawn));
    root.querySelector("[data-more]").textContent =
      rows.length > MOST ? `${rows.length - MOST} more. Type a part of the name.` : "";
    others.hidden = !more.length;
    others.querySelector("ul").replaceChildren(...more.map((each) => drawn({ ...each, registered: false })));
    nobody.hidden = Boolean(rows.length || more.length || !words);
    nobody.querySelector("[data-words]").textContent = words;
    if (focused) root.querySelector(`[data-id="${focused}"] button`)?.focus();
    here.textContent = people.filter((each) => each.attendance || each.tick).length;
    told();
  }

  function told() {
    const waiting = kept().length;
    const lines = [];
    if (waiting) lines.push(`${waiting} not sent yet.`);
    if (isSignedOut) lines.push("You are signed out: sign in in another tab, and they are sent.");
    else if (isAway) lines.push("There is no network. Go on, and leave this page open: it is kept here and sent when it is back.");
    state.hidden = !lines.length;
    const words = lines.join(" ");
    if (state.firstElementChild.textContent !== words) state.firstElementChild.textContent = words;
  }

  function letIn(whom) {
    const tick = { key: newKey(), act: "in", at: new Date().toISOString(), ...whom };
    keep([...kept(), tick]);
    said.textContent = `${whom.label} is here.`;
    box.value = "";
    draw();
    box.focus();
    send();
  }

  function undo(row) {
    const tick = { key: newKey(), act: "undo", at: new Date().toISOString(), label: row.name };
    const unsent = kept().find((each) => each.key === row.tick);
    if (unsent && !unsent.wasTried) {
      keep(kept().filter((each) => each.key !== row.tick));
    } else {
      // It may have arrived although no answer came back: so it is taken back by its key, not forgotten here.
      keep([...kept(), row.tick ? { ...tick, of: row.tick } : { ...tick, attendance: row.attendance }]);
    }
    said.textContent = `${row.name}: taken back.`;
    draw();
    send();
  }

  async function send() {
    if (isSending || !kept().length) return;
    isSending = true;
    const going = kept().map((tick) => ({ ...tick, wasTried: true }));
    keep(going);
    try {
      const answer = await fetch(ticksUrl, {
        method: "POST",
        body: JSON.stringify(going.slice(0, 200)),
        headers: { "Content-Type": "application/json", "X-CSRFToken": token },
        redirect: "error",
        credentials: "same-origin",
      });
      if (answer.ok) {
        const { ticks } = await answer.json();
        const done = new Set(ticks.map((each) => each.key));
        const labels = new Map(going.map((each) => [each.key, each.label]));
        for (const each of ticks.filter((one) => one.sentence)) refuse(`${labels.get(each.key)}: ${each.sentence}`);
        await look(true);
        // Only now: the new list has them, so that nobody disappears in between.
        keep(kept().filter((each) => !done.has(each.key)));
        isAway = isSignedOut = false;
      } else {
        isSignedOut = answer.status === 403 || answer.status === 401;
        isAway = !isSignedOut;
      }
    } catch {
      await findOut();
    }
    isSending = false;
    draw();
  }

  // A refused request is either no network, or a redirect to the page that signs in.
  async function findOut() {
    try {
      const answer = await fetch(rosterUrl, { redirect: "manual", credentials: "same-origin" });
      isSignedOut = answer.type === "opaqueredirect";
      isAway = false;
    } catch {
      isAway = true;
    }
  }

  function refuse(sentence) {
    trouble.hidden = false;
    const line = document.createElement("li");
    line.textContent = sentence;
    trouble.querySelector("ul").append(line);
  }

  async function look(isAsked = false) {
    if (!isAsked && (document.hidden || isSending)) return;
    try {
      const answer = await fetch(rosterUrl, {
        headers: etag ? { "If-None-Match": etag } : {},
        cache: "no-store",
        redirect: "manual",
        credentials: "same-origin",
      });
      isAway = false;
      isSignedOut = answer.type === "opaqueredirect";
      if (answer.status === 200) {
        roster = await answer.json();
        etag = answer.headers.get("ETag") ?? "";
        isReady = true;
      }
    } catch {
      isAway = true;
    }
    if (!isAsked) draw();
  }

  search.addEventListener("submit", (event) => {
    if (!isReady) return;
    event.preventDefault();
    // Enter takes the one who is left and not here yet.
    const left = [...root.querySelectorAll("[data-id] [data-in]")];
    if (box.value.trim() && left.length === 1) left[0].click();
  });
  box.addEventListener("input", draw);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.activeElement === box) { box.value = ""; draw(); }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const places = [box, ...root.querySelectorAll("[data-id] button")];
    const at = places.indexOf(document.activeElement);
    const next = places[at + (event.key === "ArrowDown" ? 1 : -1)];
    if (at < 0 || !next) return;
    event.preventDefault();
    next.focus();
  });
  nobody.querySelector("button")?.addEventListener("click", () => {
    const name = walkIn.querySelector("[name$=name]");
    name.value = box.value.trim();
    walkIn.querySelector("[name$=email]").focus();
  });
  walkIn?.addEventListener("submit", (event) => {
    if (!isReady) return;
    event.preventDefault();
    const name = walkIn.querySelector("[name$=name]");
    const email = walkIn.querySelector("[name$=email]");
    letIn({ name: name.value.trim(), email: email.value.trim(), label: name.value.trim() });
    walkIn.reset();
    name.value = email.value = "";
  });
  window.addEventListener("beforeunload", (event) => {
    if (kept().length) event.preventDefault();
  });
  window.addEventListener("online", () => { isAway = false; send().then(() => look()); });
  window.addEventListener("offline", () => { isAway = true; draw(); });
  document.addEventListener("visibilitychange", () => look());
  window.addEventListener("storage", (event) => { if (event.key === store) draw(); });
  setInterval(() => { if (kept().length) send(); else look(); }, EVERY);
  look().then(send);
}
