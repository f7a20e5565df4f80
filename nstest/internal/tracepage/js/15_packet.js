// SPDX-License-Identifier: Apache-2.0
// The layers of the selected packet, and its bytes.

function showPacket() {
  const body = byId('packet').querySelector('.body');
  const p = trace.packets[selection.packet];
  if (!p) {
    fill(body, el('p', { class: 'note' }, trace.packets.length ? 'Select a packet in the list.' : 'No packet was recorded.'));
    return;
  }
  fill(body,
    el('p', {}, el('b', {}, p.summary), p.fate && [' ', el('b', { class: 'wrong' }, p.fate)]),
    el('p', { class: 'note' }, `${seconds(p.at, 6)} s, ${endName(p.from)} to ${endName(p.to)} on ${linkName(p.link)}, ${plural(p.length, 'byte')}` + (p.capture ? `, frame ${p.capture} of the capture file` : '')),
    journeyOf(p),
    ...(p.layers ?? []).map((layer) => el('details', { open: true }, el('summary', {}, layer.name),
      el('dl', {}, (layer.fields ?? []).map((f) => [el('dt', {}, f.name), el('dd', { class: 'code' }, f.value)])))),
    p.data && el('details', { open: true }, el('summary', {}, 'Bytes'), el('pre', { class: 'hex', 'aria-label': 'Bytes in hexadecimal' }, hexOf(p.data)),
      atobLength(p.data) < p.length && el('p', { class: 'note' }, `the first ${atobLength(p.data)} of ${p.length}`)));
}

const atobLength = (base64) => base64.length * 3 / 4 - (base64.match(/=*$/)[0].length);

function hexOf(base64) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const lines = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const part = [...bytes.subarray(at, at + 16)];
    const hex = part.map((b) => b.toString(16).padStart(2, '0'));
    lines.push(at.toString(16).padStart(4, '0') + '  ' + hex.slice(0, 8).join(' ').padEnd(24) + hex.slice(8).join(' ').padEnd(24) +
      part.map((b) => b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '.').join(''));
  }
  return lines.join('\n');
}

// journeyOf lists where the same packet was seen: links that carried one with the same summary within a second.
function journeyOf(p) {
  const from = indexAt(trace.packets, p.at - 1e9), to = indexAt(trace.packets, p.at + 1e9);
  const seen = [];
  for (let i = from; i < to && seen.length < 12; i++) if (trace.packets[i].summary === p.summary) seen.push(i);
  if (seen.length < 2) return null;
  return el('nav', { 'aria-label': 'Where the same packet was seen' }, el('ol', { class: 'journey' }, seen.map((i) => {
    const other = trace.packets[i];
    return el('li', {}, button([seconds(other.at, 6) + '  ', linkName(other.link), other.fate ? ' ' + other.fate : ''].join(''), () => selectPacket(i),
      { class: other.bad ? 'wrong' : '', 'aria-current': i === selection.packet ? 'true' : undefined }));
  })));
}

follow(['packet'], showPacket);
