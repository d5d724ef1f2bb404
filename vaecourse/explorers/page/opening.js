// An explorer replaces a picture made with the book when the reader first clicks or focuses it.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  const { make, Explorer, Files } = vaecourse;

  /** At the first click or focus, loads the weights and replaces the poster by the explorer. */
  const prepare = (root) => {
    const files = new Files(root);
    const poster = root.querySelector(".explorer-poster");
    const size = (files.manifest.models[0].bytes / 1e6).toFixed(1);
    const button = make("button", { type: "button", className: "explorer-open" }, `Explore it yourself (loads ${size} MB)`);
    const status = make("p", { className: "explorer-status", role: "status" });
    poster.after(button, status);
    let busy = false;
    const open = async () => {
      if (busy) return;
      busy = true;
      status.textContent = "Loading the weights …";
      try {
        const explorer = new Explorer(root, files, await files.originals());
        await explorer.use(0);
        for (const event of ["click", "focusin"]) root.removeEventListener(event, open);
        const focused = root.contains(document.activeElement);
        poster.replaceWith(explorer.node);
        button.remove();
        status.remove();
        if (focused) explorer.start.kinds.inputs[0].focus({ preventScroll: true });
      } catch (error) {
        status.textContent = "The weights of this explorer could not be loaded: the picture above is all there is.";
        console.warn(error);
      }
      busy = false;
    };
    for (const event of ["click", "focusin"]) root.addEventListener(event, open);
  };

  for (const root of document.querySelectorAll(".explorer")) {
    try {
      prepare(root);
    } catch (error) {
      const text = "This explorer is damaged: the picture above is all there is.";
      root.querySelector(".explorer-poster").after(make("p", { className: "explorer-status", role: "status" }, text));
      console.warn(error);
    }
  }
})();
