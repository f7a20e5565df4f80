// SPDX-License-Identifier: Apache-2.0
// The packets that the filter and the range let through.

let matching = []; // indexes of packets

const packetList = new LongList({
  id: 'packet-list', label: 'Packets',
  cells: (i) => {
    const p = trace.packets[matching[i]];
    return [el('span', { class: 'number' }, seconds(p.at, 6)), el('span', { class: 'way' }, endName(p.from), el('span', { class: 'arrow' }, ' › '), endName(p.to)),
      el('span', { class: 'what' }, p.summary, p.fate && el('b', { class: p.bad ? 'wrong' : '' }, ' ' + p.fate)), el('span', { class: 'number length' }, p.length)];
  },
  words: (i) => {
    const p = trace.packets[matching[i]];
    return `${seconds(p.at, 6)} s, ${endName(p.from)} to ${endName(p.to)}, ${p.summary}, ${plural(p.length, 'byte')}${p.fate ? ', ' + p.fate : p.bad ? ', bad' : ''}`;
  },
  rowClass: (i) => {
    const p = trace.packets[matching[i]];
    return [p.bad ? 'bad' : '', p.at > selection.at ? 'later' : ''].join(' ');
  },
  chosen: (i) => selectPacket(matching[i]),
});

function filterPackets() {
  const holds = parseFilter(byId('filter').value);
  matching = [];
  let lost = 0;
  trace.packets.forEach((p, i) => {
    if (!inRange(p.at) || !holds(p, i)) return;
    matching.push(i);
    if (isLost(p)) lost++;
  });
  const all = trace.packets.length;
  byId('packet-count').textContent = (!all ? 'none was recorded' : matching.length === all ? plural(all, 'packet') : `${matching.length.toLocaleString('en')} of ${plural(all, 'packet')}`) +
    (lost ? `, ${lost.toLocaleString('en')} lost` : '');
  packetList.show(matching.length, -1);
  followMoment(['packet']);
}

// followMoment shows the selected packet if that is what was chosen last, otherwise the last one before the moment.
function followMoment(changed = []) {
  const i = matching.indexOf(selection.packet);
  if (changed.includes('packet') && i >= 0) packetList.reveal(i);
  else packetList.reveal(i, matching.findLastIndex((m) => trace.packets[m].at <= selection.at));
}

byId('filter').addEventListener('input', filterPackets);
byId('filter').addEventListener('keydown', (e) => {
  if (e.key !== 'ArrowDown' && e.key !== 'Enter') return;
  e.preventDefault();
  packetList.element.focus();
});
byId('packets').append(packetList.element);
follow(['range'], filterPackets);
follow(['at', 'packet'], (changed) => { followMoment(changed); });
