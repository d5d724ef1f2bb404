// Runs in a page of the book once it has loaded; returns what a reader would complain of, one line each.
async () => {
  const problems = [];
  const article = document.querySelector("article, main");
  const shown = (node) => node.outerHTML.slice(0, 160);

  for (const image of document.images) {
    image.loading = "eager";
    try {
      await image.decode();
    } catch {
      problems.push(`image does not load: ${image.getAttribute("src").slice(0, 160)}`);
    }
    if (!image.alt.trim()) problems.push(`image without a description: ${shown(image)}`);
  }

  if (document.querySelector(".math")) {
    if (window.MathJax?.startup?.promise) await MathJax.startup.promise;
    for (const formula of document.querySelectorAll(".math")) {
      if (!formula.querySelector("mjx-container")) problems.push(`formula not typeset: ${shown(formula)}`);
    }
    for (const error of document.querySelectorAll("mjx-merror, [data-mjx-error]")) {
      problems.push(`formula with an error: ${error.closest(".math")?.textContent.slice(0, 160)}`);
    }
  }

  // Source that should have become something else: formulas and roles in running text.
  const text = article.cloneNode(true);
  text.querySelectorAll("pre, code, script, style, mjx-container").forEach((node) => node.remove());
  const raw = /\$[^$\n]+\$|\$\$|\\\(|\\\[|\\begin\{|\\(frac|mathrm|sum|log)\b|\{(cite|term|doc|ref|numref)(:\w)?\}|```|:::|\|[-—]{3,}|\|—\|/;
  const found = text.textContent.match(raw);
  if (found) {
    const around = text.textContent.slice(Math.max(found.index - 40, 0), found.index + 80);
    problems.push(`raw source in the text: ${around.replace(/\s+/g, " ")}`);
  }

  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) {
    problems.push(`the page is ${document.documentElement.scrollWidth} px wide in a window of ${width} px`);
  }
  const scrolls = (node) => getComputedStyle(node).overflowX !== "visible";
  for (const node of article.querySelectorAll("*")) {
    const box = node.getBoundingClientRect();
    if (!box.width || !box.height || box.right <= width + 1) continue;
    let around = node.parentElement;
    while (around !== article && !scrolls(around)) around = around.parentElement;
    if (around === article && !scrolls(node)) problems.push(`reaches ${Math.round(box.right)} px: ${shown(node)}`);
  }

  const words = [...article.querySelectorAll("td code .pre, td a")].filter((node) => !/\s/.test(node.textContent));
  for (const word of words) {
    if (word.getClientRects().length > 1) problems.push(`a name in a table is broken: ${shown(word)}`);
  }
  return problems;
}
