// A lab replaces its picture when the reader first touches it, or at once if the address describes a run.
"use strict";
var vaeLab = globalThis.vaeLab ?? {};

(() => {
  const { make, Lab, readAddress } = vaeLab;
  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  const prepare = (root, isFirst) => {
    const poster = root.querySelector(".lab-poster");
    const settings = JSON.parse(root.dataset.settings);
    let lab = null;
    const open = () => {
      if (lab) return;
      lab = root.lab = new Lab(settings);
      lab.addressed = isFirst;
      poster.replaceWith(lab.node);
      button.remove();
    };
    const follow = () => {
      const described = isFirst && readAddress(location.hash);
      if (!described) return;
      open();
      lab.load(described);
      if (described.steps) return;
      root.scrollIntoView({ block: "start", behavior: calm() ? "auto" : "smooth" });
    };
    const touch = () => {
      open();
      lab.play.focus({ preventScroll: true });
      if (!calm()) lab.start();
    };
    const button = make("button", { type: "button", className: "lab-open", onclick: touch }, "Train it here");
    poster.append(button);
    poster.querySelector("figcaption").textContent = "A small VAE learns these points, in your browser, while you turn β.";
    poster.addEventListener("click", (event) => event.target === button || touch());
    addEventListener("hashchange", follow);
    follow();
  };

  // Buttons of the page around the lab, which set it up for a question; without scripts they stay hidden.
  for (const button of document.querySelectorAll(".lab-set")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      if (location.hash === button.dataset.run) dispatchEvent(new Event("hashchange"));
      else location.hash = button.dataset.run;
    });
  }
  document.querySelectorAll(".lab").forEach((root, place) => prepare(root, place === 0));

  // In the frame of a notebook's output the page sets the height of its frame.
  if (globalThis.frameElement) {
    new ResizeObserver(() => (frameElement.style.height = `${document.documentElement.offsetHeight + 4}px`)).observe(document.body);
  }
})();
