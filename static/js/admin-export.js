// "Select all" on the export page, whose package wires it with an inline handler.
document.addEventListener("change", (event) => {
  if (event.target.matches(".select-toggle")) window.onSelectToggleChange?.(event);
});
