/** Returns every text that leaves its box, is cut off by an ellipsis, or lies over another one. */
() => {
  const BOXES = ".tile, .agents, aside section, header, footer, .banner";
  /** Glyphs are lower than their line: this part of it on each side may lie over something. */
  const AIR = 0.24;

  const textsOf = (box) => {
    const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) {
      const range = document.createRange();
      range.selectNodeContents(walker.currentNode);
      const { left, right, top, bottom, width, height } = range.getBoundingClientRect();
      if (walker.currentNode.data.trim() && width > 0) {
        const text = walker.currentNode.data;
        texts.push({ text, left, right, top: top + AIR * height, bottom: bottom - AIR * height });
      }
    }
    return texts;
  };
  const over = (a, b) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  const found = [];
  for (const box of document.querySelectorAll(BOXES)) {
    const edge = box.getBoundingClientRect();
    const texts = textsOf(box);
    for (const [i, t] of texts.entries()) {
      const out = t.left < edge.left - 1 || t.right > edge.right + 1 ||
        t.top < edge.top || t.bottom > edge.bottom;
      if (out) {
        found.push(`"${t.text}" leaves ${box.className || box.tagName}`);
      }
      for (const other of texts.slice(i + 1).filter((o) => over(t, o))) {
        found.push(`"${t.text}" and "${other.text}" lie over each other`);
      }
    }
  }
  for (const element of document.querySelectorAll("*")) {
    // A queue may have any name; its whole name is in the title.
    const cut = getComputedStyle(element).textOverflow === "ellipsis" && !element.title;
    if (cut && element.scrollWidth > element.clientWidth + 1) {
      found.push(`"${element.textContent}" is cut off`);
    }
  }
  return found;
}
