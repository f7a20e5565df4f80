// SPDX-License-Identifier: Apache-2.0
// Begins.

if (trace.version === 1) {
  showTheme(themes.includes(remembered()) ? remembered() : themes[0]);
  showHeader();
  const found = findings(failedAt);
  chooseNode(found);
  showLog('log');
  showFindings(found);
  document.body.classList.toggle('no-packets', !trace.packets.length);
  renderAll();
} else {
  fill(document.querySelector('main'), el('p', {}, `This page reads version 1 of the data, and this is version ${trace.version}.`));
}
document.documentElement.dataset.ready = 'true';
