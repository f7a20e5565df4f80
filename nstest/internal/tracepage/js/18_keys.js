// SPDX-License-Identifier: Apache-2.0
// Keys that work everywhere on the page, and the help that names them.

const keys = {
  ArrowLeft: ['← →', 'to the event before, or after', (e) => step(-1, e.shiftKey)],
  ArrowRight: ['⇧ ← →', 'the same, only faults, steps of the test and what is wrong', (e) => step(1, e.shiftKey)],
  f: ['f', 'to the failure', toFailure],
  Enter: ['Enter', 'on the time line: pin the moment, and compare others with it', undefined],
  z: ['z', 'zoom into the range that was dragged on the time line', zoomIn],
  Escape: ['Esc', 'clear range, zoom and pin', clearRange],
  n: ['n', 'choose another node', () => byId('node-choice').focus()],
  p: ['p', 'to the filter of the packets', () => byId('filter').focus()],
  l: ['l', 'to the log', () => byId('log-body').firstElementChild.focus()],
  t: ['t', 'to the time line', () => lanesBox.focus()],
  '/': ['/', 'search in everything', openSearch],
  '?': ['?', 'this help', () => openHelp()],
};

const filterHelp = [
  ['tcp  udp  arp  dns', 'a protocol'], ['tcp.syn', 'a protocol, and a word or flag of it'], ['host west', 'from or to a node, or an address'],
  ['link wan', 'on a link'], ['port 80', 'from or to a port'], ['lost  bad  again', 'did not arrive; is wrong; was sent once more'],
  ['after 1.2  before 2', 'by seconds of the test'], ['"no route"', 'text'], ['-arp', 'not this'],
];

const table = (rows) => el('dl', { class: 'keys' }, rows.map(([key, meaning]) => [el('dt', {}, el('kbd', {}, key)), el('dd', {}, meaning)]));

byId('help').append(
  el('h2', { id: 'help-title' }, 'Keys'), table(Object.values(keys)),
  el('h2', {}, 'Words of the filter'), table(filterHelp),
  el('p', { class: 'note' }, 'All times are since the test began. Red is what is wrong. Drag on the time line to limit packets and changes to a range.'),
  button('close', () => byId('help').close())); // which has the focus, as the only one that can

function openHelp() { if (!byId('help').open) byId('help').showModal(); }

const isText = (element) => element.matches?.('input, select, textarea');

document.addEventListener('keydown', (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector('dialog[open]')) return;
  if (isText(e.target)) {
    if (e.key === 'Escape') e.target.blur();
    return;
  }
  // What has more than it shows is scrolled by arrows.
  if (e.key.startsWith('Arrow') && e.target !== document.body && e.target.scrollWidth > e.target.clientWidth) return;
  const act = keys[e.key]?.[2];
  if (!act || !Object.hasOwn(keys, e.key)) return;
  e.preventDefault();
  act(e);
});

lanesBox.addEventListener('keydown', (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  const act = { Enter: pin, Home: () => select({ at: 0, event: undefined }), End: () => select({ at: lastAt, event: undefined }) }[e.key];
  if (!act) return;
  e.preventDefault();
  e.stopPropagation();
  act();
});

byId('keys').addEventListener('click', openHelp);
byId('help').addEventListener('click', (e) => { if (e.target === byId('help')) byId('help').close(); });
