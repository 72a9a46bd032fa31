// The rule editor with a script: choosing a fact shows its tests at once; without one a button does it.
"use strict";

{ // a scope of its own: the scripts of a page share one
  document.documentElement.classList.add("js");

  const editor = document.getElementById("editor");

  // A value that was typed is read back when the field is left, and the page knows it is not saved.
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "builder") editor.dispatchEvent(new Event("input", { bubbles: true }));
  });

  // What is wrong with the conditions gets the focus where no field is wrong.
  if (!document.getElementById("error-summary")) document.getElementById("error-conditions")?.focus();
}
