// The summary of errors takes the focus, also when htmx brought it.
const focusSummary = () => document.querySelector("[data-take-focus]")?.focus();
focusSummary();
document.addEventListener("htmx:afterSettle", focusSummary);
