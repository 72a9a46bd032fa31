// The review queue by keyboard. Each key presses what stands on the page; without a script every
// button works by itself. Keys never fire while somebody types, and can be switched off.
"use strict";

{ // a scope of its own: the scripts of a page share one
  const form = document.getElementById("decide");
  const reason = form?.querySelector("textarea[name=because]");
  const said = document.getElementById("pending");
  const help = document.getElementById("help");
  const opener = document.getElementById("help-open");
  let chosen = null;

  const typing = (element) => element.closest("input, textarea, select, [contenteditable], dialog");

  // A decision is chosen by its key and sent with Ctrl+Enter, once the reason is written.
  function choose(button) {
    chosen?.removeAttribute("aria-pressed");
    chosen = button;
    button.setAttribute("aria-pressed", "true");
    said.textContent = `${button.querySelector("span").textContent}: write the reason, then Ctrl+Enter.`;
    reason.focus();
  }

  document.addEventListener("keydown", (event) => {
    if (event.target === reason && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      if (chosen) form.requestSubmit(chosen);
      return;
    }
    if (event.target === reason && event.key === "Escape") {
      reason.blur();
      return;
    }
    if (document.body.dataset.shortcuts !== "on" || typing(event.target)) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!target) return;
    event.preventDefault();
    if (form?.contains(target)) choose(target);
    else target.click();
  });

  if (opener) {
    opener.hidden = false;
    opener.addEventListener("click", () => help.showModal());
  }

  document.querySelector(".queue-items [aria-current]")?.scrollIntoView({ block: "nearest" });
}
