// SPDX-License-Identifier: Apache-2.0
// What moves the moment: buttons, keys and the mouse on the time line; and the words for it.

function describe(event) {
  return [event.lane, (event.node ? nameOf(event.node) + ': ' : event.link ? linkName(event.link) + ': ' : '') + inWords(event.text), placeOf(event.where)].filter(Boolean).join(' · ');
}

function showMoment() {
  byId('now').textContent = moment(selection.at);
  const packet = trace.packets[selection.packet];
  const words = selection.event ? describe(selection.event) : packet && packet.at === selection.at ? packet.summary : '';
  byId('at').textContent = clean(words).split('\n')[0];
  lanesBox.setAttribute('aria-valuemin', '0');
  lanesBox.setAttribute('aria-valuemax', seconds(lastAt));
  lanesBox.setAttribute('aria-valuenow', seconds(selection.at));
  lanesBox.setAttribute('aria-valuetext', clean(moment(selection.at) + (words ? ', ' + words : '')));
  byId('back').disabled = selection.at <= 0;
  byId('on').disabled = selection.at >= lastAt;
}

function showRange() {
  const zoomed = selection.view[0] > 0 || selection.view[1] < lastAt;
  fill(byId('timeline').querySelector('.tools'), [
    selection.range && el('span', { class: 'note' }, 'range ', el('span', { class: 'number' }, seconds(selection.range[0]) + ' to ' + moment(selection.range[1]))),
    selection.range && button('zoom in', zoomIn, { 'aria-keyshortcuts': 'z' }),
    (selection.range || zoomed || selection.pin !== undefined) && button('clear', clearRange, { 'aria-keyshortcuts': 'Escape' }),
    button(selection.pin === selection.at ? 'unpin' : 'pin', pin, { 'aria-keyshortcuts': 'Enter' }),
    hasFailed && button('to the failure', toFailure, { 'aria-keyshortcuts': 'f' }),
  ]);
}

function zoomIn() {
  const [from, to] = selection.range ?? [0, lastAt];
  const margin = (to - from) * 0.02;
  if (to > from) select({ view: [Math.max(0, from - margin), Math.min(lastAt, to + margin)] });
}

function clearRange() { select({ range: undefined, view: [0, lastAt], pin: undefined }); }

function toFailure() { if (failure) goTo(failure); else select({ at: failedAt, event: undefined }); }

function pin() {
  const pinned = selection.pin === selection.at ? undefined : selection.at;
  select({ pin: pinned });
  say(pinned === undefined ? 'not pinned any more' : 'pinned at ' + moment(pinned));
}

// nearest is the event beside a point of the time line, within some pixels; test and faults win.
function nearest(at) {
  const near = happenings.filter((e) => Math.abs(xOf(e.at) - xOf(at)) < 5);
  return near.toSorted((a, b) => notable.includes(b) - notable.includes(a) || Math.abs(a.at - at) - Math.abs(b.at - at))[0];
}

let dragFrom;
lanesBox.addEventListener('pointerdown', (e) => {
  const x = e.clientX - lanesBox.getBoundingClientRect().left;
  if (e.button !== 0 || x < scale.left - 6) return;
  dragFrom = x;
  lanesBox.setPointerCapture(e.pointerId);
});
lanesBox.addEventListener('pointermove', (e) => {
  if (dragFrom === undefined) return;
  const x = e.clientX - lanesBox.getBoundingClientRect().left;
  if (Math.abs(x - dragFrom) > 5) select({ range: [atOf(Math.min(x, dragFrom)), atOf(Math.max(x, dragFrom))] });
});
lanesBox.addEventListener('pointerup', (e) => {
  if (dragFrom === undefined) return;
  const x = e.clientX - lanesBox.getBoundingClientRect().left;
  if (Math.abs(x - dragFrom) <= 5) {
    const event = nearest(atOf(x));
    if (event) goTo(event); else select({ at: atOf(x), event: undefined });
  }
  dragFrom = undefined;
});
lanesBox.addEventListener('pointercancel', () => { dragFrom = undefined; });

byId('back').addEventListener('click', () => step(-1));
byId('on').addEventListener('click', () => step(1));

follow(['at', 'event', 'packet'], showMoment);
follow(['range', 'view', 'pin', 'at'], showRange);
