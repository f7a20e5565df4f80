// SPDX-License-Identifier: Apache-2.0
// The picture of the network at the selected moment.

const picture = byId('network').querySelector('.picture');
const box = { width: 108, height: 46, across: 196, along: 92, margin: 20 };
let laidOut;

function showNetwork(changed) {
  if (!trace.nodes.length) {
    fill(picture, el('p', { class: 'note' }, 'No network was seen.'));
    return;
  }
  if (!laidOut || (changed.includes('node') && laidOut.boxOf.get(selection.node)?.nodes.length > 1)) {
    laidOut = layOut((id) => id === selection.node || wrongAt(id, lastAt).length > 0 || wrongAt(id, failedAt).length > 0);
  }
  const columns = Math.max(...laidOut.boxes.map((b) => b.column));
  const upright = picture.clientWidth < 0.7 * (columns * box.across + box.width + 2 * box.margin);
  for (const b of laidOut.boxes) {
    const [along, across] = upright ? [b.column * 104, b.row * 140] : [b.row * box.along, b.column * box.across];
    b.x = across + box.margin;
    b.y = along + box.margin;
  }
  const left = Math.min(...laidOut.boxes.map((b) => b.x)) - box.margin;
  const width = Math.max(...laidOut.boxes.map((b) => b.x)) + box.width + box.margin - left;
  const height = Math.max(...laidOut.boxes.map((b) => b.y)) + box.height + box.margin;
  const drawing = svg('svg', {
    viewBox: [left, 0, width, height].join(' '), role: 'group', 'aria-label': 'Network at ' + moment(selection.at),
    style: undefined,
  }, bundles().map(drawBundle), laidOut.boxes.map(drawBox));
  drawing.style.width = Math.min(width, Math.max(picture.clientWidth, width * 0.62)) + 'px';
  const { scrollLeft, scrollTop } = picture;
  const focused = document.activeElement?.closest?.('#network [data-key]')?.dataset.key;
  fill(picture, drawing);
  picture.scrollTo(scrollLeft, scrollTop);
  if (changed.includes('node')) bringIntoView(laidOut.boxOf.get(selection.node), drawing.clientWidth / width, left);
  if (focused) picture.querySelector('[data-key="' + CSS.escape(focused) + '"]')?.focus({ preventScroll: true });
  captionNetwork();
}

// bringIntoView scrolls the picture, and not the page, to a box that is outside of what is seen.
function bringIntoView(b, scale, left) {
  if (!b) return;
  const { x, y } = middle(b);
  const [across, along] = [(x - left) * scale, y * scale];
  if (along < picture.scrollTop || along > picture.scrollTop + picture.clientHeight) picture.scrollTop = along - picture.clientHeight / 2;
  if (across < picture.scrollLeft || across > picture.scrollLeft + picture.clientWidth) picture.scrollLeft = across - picture.clientWidth / 2;
}

function captionNetwork() {
  fill(byId('network-title'), 'Network at ', el('span', { class: 'number' }, moment(selection.at)));
  const down = trace.links.map((l) => [l, conditionAt(l, selection.at)]).filter(([, c]) => c.bad)
    .map(([l, c]) => linkName(l.id) + (c.up ? ' loses packets' : ' is down'));
  byId('network').querySelector('.note').textContent = clean(
    (down.length ? down.slice(0, 5).join(', ') + (down.length > 5 ? ' and ' + (down.length - 5) + ' more' : '') : 'All links are up') + '.');
}

// bundles returns the links to draw: those to the hosts of one stack are one line.
function bundles() {
  const drawn = trace.links.filter((l) => laidOut.boxOf.has(l.a?.node));
  return [...groupBy(drawn, (l) => {
    const [a, b] = [laidOut.boxOf.get(l.a.node), laidOut.boxOf.get(l.b?.node)];
    return a.nodes.length > 1 || b?.nodes.length > 1 ? laidOut.boxes.indexOf(a) + ' ' + laidOut.boxes.indexOf(b) : 'l' + l.id;
  }).values()];
}

const middle = (b) => ({ x: b.x + box.width / 2, y: b.y + box.height / 2 });

function drawBundle(bundle, index, all) {
  const link = bundle[0];
  const from = laidOut.boxOf.get(link.a.node), to = laidOut.boxOf.get(link.b?.node);
  const a = middle(from), b = to ? middle(to) : { x: a.x, y: a.y + box.height };
  // Links between the same two boxes, or two boxes of a column that are not neighbours, are bent apart.
  const same = all.filter(([l]) => laidOut.boxOf.get(l.a.node) === from && laidOut.boxOf.get(l.b?.node) === to || laidOut.boxOf.get(l.a.node) === to && laidOut.boxOf.get(l.b?.node) === from);
  const bend = (same.indexOf(bundle) - (same.length - 1) / 2) * 30 + (to && from.column === to.column && Math.abs(from.row - to.row) > 1.5 ? 70 : 0);
  const long = Math.hypot(b.x - a.x, b.y - a.y) || 1;
  const c = { x: (a.x + b.x) / 2 + bend * 2 * Math.abs(b.y - a.y) / long, y: (a.y + b.y) / 2 + bend * 2 * Math.abs(b.x - a.x) / long };
  const at = (t) => ({
    x: (1 - t) ** 2 * a.x + 2 * t * (1 - t) * c.x + t * t * b.x,
    y: (1 - t) ** 2 * a.y + 2 * t * (1 - t) * c.y + t * t * b.y,
  });
  const conditions = bundle.map((l) => conditionAt(l, selection.at));
  const down = conditions.some((k) => !k.up), bad = conditions.some((k) => k.bad);
  const chosen = bundle.some((l) => l.id === selection.link);
  const centre = at(0.5), flat = Math.abs(b.x - a.x) > Math.abs(b.y - a.y);
  const words = bundle.length > 1 ? plural(bundle.length, 'link') : [linkName(link.id), conditions[0].text || (down ? 'down' : '')].filter(Boolean).join(': ');
  return svg('g', {
    class: ['link', down ? 'down' : bad ? 'lossy' : '', chosen ? 'chosen' : ''].join(' '), role: 'button', tabindex: 0,
    'data-key': 'link ' + link.id,
    'aria-label': `Link ${words}, between ${endName(link.a)} and ${endName(link.b)}, ${down ? 'down' : bad ? 'loses packets' : 'up'}`,
    onclick: () => select({ link: link.id }), onkeydown: onEnter(() => select({ link: link.id })),
  }, svg('path', { class: 'reach', d: `M${a.x} ${a.y}Q${c.x} ${c.y} ${b.x} ${b.y}` }),
  svg('path', { class: 'wire', d: `M${a.x} ${a.y}Q${c.x} ${c.y} ${b.x} ${b.y}` }),
  down && svg('path', { class: 'cross', d: `M${centre.x - 7} ${centre.y - 7}l14 14m0-14l-14 14` }),
  chosen && drawPacket(link, at),
  bad && !down && conditions[0].text && svg('text', { x: centre.x, y: centre.y + (flat ? 18 : 4), class: 'condition', ...(flat ? { 'text-anchor': 'middle' } : { 'text-anchor': 'end', dx: -12 }) }, short(conditions[0].text, 24)),
  bundle.length === 1 && to && [[link.a, a, from], [link.b, b, to]].map(([end, m, at]) => at.near.length <= manyHosts && endLabel(end, m, c)));
}

// endLabel is the name of an interface, outside of the box and beside the line.
function endLabel(end, m, towards) {
  const dx = towards.x - m.x, dy = towards.y - m.y;
  const t = Math.min((box.width / 2 + 5) / (Math.abs(dx) || 1e-6), (box.height / 2 + 12) / (Math.abs(dy) || 1e-6));
  const sideways = Math.abs(dx) * box.height >= Math.abs(dy) * box.width;
  if (sideways && 2 * Math.abs(dx) - box.width < 70) return null; // no room
  return svg('text', {
    x: m.x + dx * t + (sideways ? 0 : 5), y: m.y + dy * t + (sideways ? (dy > 8 ? 12 : -4) : 3), class: 'end',
    'text-anchor': sideways && dx < 0 ? 'end' : 'start',
  }, short(end.interface, 12));
}

// drawPacket is the way of the selected packet: an arrow.
function drawPacket(link, at) {
  const packet = trace.packets[selection.packet];
  if (!packet || packet.link !== link.id) return null;
  const forward = packet.from.node === link.a.node;
  const tip = at(forward ? 0.66 : 0.34), tail = at(forward ? 0.34 : 0.66);
  const angle = Math.atan2(tip.y - tail.y, tip.x - tail.x) * 180 / Math.PI;
  return svg('path', { class: packet.bad ? 'packet bad' : 'packet', d: 'M-7 -5L7 0L-7 5Z', transform: `translate(${tip.x} ${tip.y}) rotate(${angle})` });
}

function drawBox(b) {
  const node = b.nodes[0], stack = b.nodes.length > 1;
  const wrong = stack ? [] : wrongAt(node.id, selection.at);
  const name = stack ? plural(b.nodes.length, node.role) : node.name;
  const role = stack ? short(b.nodes[0].name, 8) + ' … ' + short(b.nodes.at(-1).name, 8) : wrong.length ? wrong.length + ' wrong' : short(node.role, 14);
  const choose = () => select({ node: node.id });
  const corner = { router: box.height / 2, switch: 2 }[node.role] ?? 9;
  return svg('g', {
    class: ['node', wrong.length ? 'wrong' : '', node.id === selection.node ? 'chosen' : ''].join(' '), role: 'button', tabindex: 0,
    'data-key': 'node ' + node.id, 'aria-pressed': String(node.id === selection.node),
    'aria-label': `${stack ? '' : node.role} ${name}${wrong.length ? ', ' + plural(wrong.length, 'thing') + ' wrong: ' + wrong.map((w) => w.change.text).join('; ') : ''}`,
    transform: `translate(${b.x} ${b.y})`, onclick: choose, onkeydown: onEnter(choose),
  },
  stack && svg('rect', { x: 4, y: 4, width: box.width, height: box.height, rx: corner }),
  svg('rect', { width: box.width, height: box.height, rx: corner }),
  svg('text', { x: box.width / 2, y: 20, class: 'name' }, short(name, 14)),
  svg('text', { x: box.width / 2, y: 35, class: 'role' }, role));
}

function short(text, length) {
  const letters = [...clean(text)];
  return letters.length > length ? letters.slice(0, length - 1).join('') + '…' : letters.join('');
}

const onEnter = (act) => (e) => {
  if (e.key !== 'Enter' && e.key !== ' ') return;
  e.preventDefault();
  e.stopPropagation();
  act();
};

follow(['at', 'node', 'link', 'packet'], showNetwork);
addEventListener('resize', () => showNetwork(['node']));
