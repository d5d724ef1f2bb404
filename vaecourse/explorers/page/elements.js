// Elements of a page, for the explorer and for the lab.
"use strict";
var vaeElements = globalThis.vaeElements ?? {};

/** An element: make("p", {className: "note", "aria-label": "…"}, "text", child). */
vaeElements.make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in node && !name.startsWith("aria")) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
};
