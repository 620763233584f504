// The theme changes at once and is remembered without leaving the page.
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-theme-switch]");
  const chosen = event.submitter?.value;
  if (!form || !chosen) return;
  event.preventDefault();
  const root = document.documentElement;
  chosen === "auto" ? root.removeAttribute("data-theme") : root.setAttribute("data-theme", chosen);
  document.querySelectorAll("[data-theme-switch] button").forEach((button) => {
    button.setAttribute("aria-pressed", String(button.value === chosen));
  });
  const data = new FormData(form);
  data.set("theme", chosen);
  await fetch(form.action, { method: "POST", body: data, redirect: "manual", credentials: "same-origin", keepalive: true }).catch(() => {});
}, true);
