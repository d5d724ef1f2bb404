// What is wider than its column scrolls. It can then be reached with the keyboard, and fades where more follows.
const WIDE = ".bd-article :is(pre, table, div.math, mjx-container, .cell_output .output)";

function markWide() {
  for (const part of document.querySelectorAll(WIDE)) {
    const scrolls = part.scrollWidth > part.clientWidth && getComputedStyle(part).overflowX !== "visible";
    part.classList.toggle("scrolls", scrolls);
    if (scrolls) part.tabIndex = 0;
    else part.removeAttribute("tabindex");
  }
  document.documentElement.dataset.wideMarked = "";
}

addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  await document.fonts.ready;
  markWide();
  document.fonts.addEventListener("loadingdone", markWide); // letters of formulas come late
  new ResizeObserver(markWide).observe(document.querySelector(".bd-article") ?? document.body);
});
