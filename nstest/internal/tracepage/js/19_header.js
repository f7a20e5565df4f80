// SPDX-License-Identifier: Apache-2.0
// What the page is about: test, verdict, message, where it ran, how to run it again; and the switch of the colours.

function showHeader() {
  const verdict = test.verdict.toUpperCase() + (test.verdict === 'unfinished' ? ', its process ended' : ' after ' + Number((test.duration / 1e9).toPrecision(3)) + ' s');
  fill(byId('verdict'), el('h1', {}, test.name), el('p', { class: hasFailed ? 'badge wrong' : 'badge' }, verdict));
  const facts = [
    ['at', placeOf(test.where)], ['package', test.package], ['seed', test.seed], ['kernel', test.kernel], ['', test.go], ['', test.rootless ? 'rootless' : 'as root'],
    ['', new Date(test.began).getTime() > 0 ? new Date(test.began).toISOString().replace('T', ' ').replace(/\.\d+Z$/, ' UTC') : ''],
  ];
  fill(byId('failure'), [
    test.message && el('pre', { class: 'message', tabindex: 0, role: 'region', 'aria-label': 'Message of the failure' }, test.message),
    el('p', { class: 'facts note' }, facts.filter(([, value]) => value).map(([name, value]) => el('span', {}, name && name + ' ', el('span', { class: name === 'at' && hasFailed ? 'wrong' : '' }, value)))),
    test.again && el('p', { class: 'again' }, el('span', { class: 'note' }, 'again '), el('code', {}, test.again), ' ', button('copy', () => copy(test.again, 'the command'), { 'aria-label': 'Copy the command that runs the test again' })),
  ]);
  byId('omitted').hidden = !trace.omitted.length;
  fill(byId('omitted').querySelector('ul'), ...trace.omitted.map((text) => el('li', {}, text)));
}

const themes = ['as the system', 'light', 'dark'];
// A page that is opened as a file may have no storage.
function remembered() { try { return localStorage.getItem('trace-colours'); } catch { return null; } }
function remember(theme) { try { localStorage.setItem('trace-colours', theme); } catch { /* then it is asked again next time */ } }

function showTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId('theme').textContent = { 'as the system': 'auto', light: 'light', dark: 'dark' }[theme];
  byId('theme').setAttribute('aria-label', `Colours: ${theme}; change`);
}

byId('theme').addEventListener('click', () => {
  const theme = themes[(themes.indexOf(document.documentElement.dataset.theme) + 1) % themes.length];
  remember(theme);
  showTheme(theme);
});
