// SPDX-License-Identifier: Apache-2.0
// The texts whose contrast is below 4.5, the ratio of WCAG 2.2 for small letters (level AA).
(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below, opacity = 1) => below.map((c, i) => i === 3 ? 1 : top[i] * top[3] * opacity + c * (1 - top[3] * opacity));
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);

  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility({ visibilityProperty: true }) || element.closest('script, style, option, .hidden, .skip, :disabled')) continue;
    const parents = [];
    for (let e = element; e; e = e.parentElement) parents.push(e);
    let ground = [255, 255, 255, 1], opacity = 1;
    for (const e of parents.reverse()) {
      const style = getComputedStyle(e);
      ground = over(rgba(style.backgroundColor), ground);
      opacity *= Number(style.opacity);
      // A box of the network is a sibling of its text.
      if (e.matches('svg .node')) ground = over(rgba(getComputedStyle(e.querySelector('rect')).fill), ground);
    }
    const style = getComputedStyle(element);
    const text = over(rgba(element instanceof SVGElement ? style.fill : style.color), ground, opacity);
    if (ratio(text, ground) < 4.5) found.add(`${ratio(text, ground).toFixed(2)} of ${element.tagName}.${element.getAttribute('class') ?? ''}: ${walker.currentNode.data.trim().slice(0, 40)}`);
  }
  return [...found];
})()
