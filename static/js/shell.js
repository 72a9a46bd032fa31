// What every page can do a little better with a script; without it every page still works.
"use strict";

const typing = (element) => element.matches("input, textarea, select, [contenteditable]");

// "/" goes to the search box, unless the person switched single keys off.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.body.dataset.shortcuts !== "on" || typing(event.target)) return;
  const box = document.getElementById("find");
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
});

// The clock in the top bar moves by the minute.
const clock = document.getElementById("clock");
if (clock) {
  const names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const two = (number) => String(number).padStart(2, "0");
  const offset = Date.parse(clock.dateTime) - Date.now();
  setInterval(() => {
    const now = new Date(Date.now() + offset);
    clock.textContent = `${now.getUTCDate()} ${names[now.getUTCMonth()]} ${now.getUTCFullYear()} ` +
      `${two(now.getUTCHours())}:${two(now.getUTCMinutes())} UTC`;
  }, 15000);
}

// A changed form with data-guard asks before it is left.
let unsaved = false;
document.addEventListener("input", (event) => {
  if (event.target.closest("form[data-guard]")) unsaved = true;
});
document.addEventListener("submit", () => { unsaved = false; });
window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });

// <button data-copy="#id"> copies the text of that element and says so.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent.trim());
  button.textContent = "Copied";
});

// After a failed save the summary of what is wrong gets the focus.
document.getElementById("error-summary")?.focus();

// The navigation on the phone says whether it is open.
const side = document.getElementById("side");
side?.addEventListener("toggle", (event) => {
  document.getElementById("menu")?.setAttribute("aria-expanded", String(event.newState === "open"));
});
