// A click on the number of a line opens the comment on its cell, with the line filled in.
document.querySelectorAll("[data-line-numbers]").forEach((numbers) => {
  const box = numbers.closest("[data-cell]")?.querySelector("details:has(> form [name=line])");
  if (!box) return;
  numbers.classList.add("live");
  numbers.addEventListener("click", (event) => {
    const style = getComputedStyle(numbers);
    const inside = event.clientY - numbers.getBoundingClientRect().top - parseFloat(style.paddingTop);
    const field = box.querySelector("[name=line]");
    box.open = true;
    field.value = Math.min(Math.max(Math.floor(inside / parseFloat(style.lineHeight)) + 1, 1), Number(field.max));
    box.querySelector("textarea").focus();
  });
});
