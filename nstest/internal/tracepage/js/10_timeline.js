// SPDX-License-Identifier: Apache-2.0
// The time line: lanes of events, a lane of packets per link, and what moves the selected moment along them.

const lanesBox = byId('timeline').querySelector('.lanes');
const row = 25, axis = 24, mostLinks = 10;
const lanes = ['test', 'faults', 'network', 'processes'].map((name) => ({ name, events: happenings.filter((e) => e.lane === name) }))
  .filter((lane) => lane.events.length || lane.name === 'test');

// The links that carried packets; if they are many, those that lost some come first, then the busy ones.
const carriers = [...groupBy(trace.packets, (p) => p.link)].map(([id, packets]) => ({ id, packets, bad: packets.filter((p) => p.bad).length }));
const shown = new Set(carriers.toSorted((a, b) => b.bad - a.bad || b.packets.length - a.packets.length).slice(0, mostLinks));
const packetLanes = carriers.filter((c) => shown.has(c)).map((c) => ({ name: linkName(c.id), link: c.id, packets: c.packets, down: links.has(c.id) ? downTimes(links.get(c.id)) : [] }));
const others = carriers.filter((c) => !shown.has(c));
if (others.length) packetLanes.push({ name: plural(others.length, 'other link'), packets: others.flatMap((c) => c.packets).sort((a, b) => a.at - b.at), down: [] });
for (const link of trace.links) {
  if (!carriers.some((c) => c.id === link.id) && packetLanes.length < mostLinks && downTimes(link).length) {
    packetLanes.push({ name: linkName(link.id), link: link.id, packets: [], down: downTimes(link) });
  }
}

const scale = { left: 0, width: 1 };
const xOf = (at) => scale.left + (at - selection.view[0]) / (selection.view[1] - selection.view[0]) * scale.width;
const atOf = (x) => Math.round(Math.min(selection.view[1], Math.max(selection.view[0], selection.view[0] + (x - scale.left) / scale.width * (selection.view[1] - selection.view[0]))));
const visible = (at) => at >= selection.view[0] && at <= selection.view[1];

let marks; // what only the view moves
let hand;  // what the selection moves
let lanesHeight = 0;

function drawLanes() {
  const width = lanesBox.clientWidth || 800;
  scale.left = width < 500 ? 74 : 124;
  scale.width = width - scale.left - 14;
  lanesHeight = axis + (lanes.length + packetLanes.length) * row + 4;
  marks = svg('g', {}, drawAxis(), lanes.map((lane, i) => drawLane(lane, axis + i * row)), drawDensities(axis + lanes.length * row));
  hand = svg('g');
  fill(lanesBox, svg('svg', { width, height: lanesHeight, viewBox: `0 0 ${width} ${lanesHeight}`, 'aria-hidden': 'true' }, marks, hand));
  drawHand();
}

function drawAxis() {
  const [from, to] = selection.view;
  const about = (to - from) / (scale.width / 90);
  const unit = 10 ** Math.floor(Math.log10(about));
  const pitch = [1, 2, 5, 10].map((n) => n * unit).find((n) => n >= about);
  const decimals = Math.min(9, Math.max(0, 9 - Math.floor(Math.log10(pitch) + 1e-9)));
  const ticks = [];
  for (let at = Math.ceil(from / pitch) * pitch; at <= to; at += pitch) {
    ticks.push(svg('path', { class: 'tick', d: `M${xOf(at)} ${axis - 5}V${lanesHeight}` }),
      svg('text', { x: xOf(at), y: 12, class: 'number', 'text-anchor': 'middle' }, seconds(at, decimals) + ' s'));
  }
  return ticks;
}

function laneName(name, y) {
  return [svg('path', { class: 'rule', d: `M0 ${y + .5}H${scale.left + scale.width + 14}` }), svg('text', { x: 2, y: y + 17, class: 'lane' }, short(name, scale.left < 100 ? 10 : 18))];
}

// drawLane draws a lane of events: a stroke each, and words where there is room, for the telling ones first.
function drawLane(lane, y) {
  const paths = { plain: '', bad: '' };
  const drawn = new Set();
  const events = lane.events.filter((e) => visible(e.at));
  for (const e of events) {
    const x = Math.round(xOf(e.at)), kind = e.bad ? 'bad' : 'plain';
    if (drawn.has(kind + x)) continue;
    drawn.add(kind + x);
    paths[kind] += `M${x} ${y + 5}v${row - 9}`;
  }
  return [...laneName(lane.name, y), svg('path', { class: 'mark', d: paths.plain }), svg('path', { class: 'mark bad', d: paths.bad }), labels(events, y)];
}

function labels(events, y) {
  const weight = (e) => (e.kind === 'failure' ? 4 : 0) + (e.bad ? 2 : 0) + (e.lane === 'faults' || e.lane === 'test' ? 1 : 0);
  const taken = [];
  const texts = [];
  for (const e of events.toSorted((a, b) => weight(b) - weight(a)).slice(0, 300)) {
    const text = short((e.node && e.lane !== 'test' ? nameOf(e.node) + ': ' : '') + inWords(e.text).split('\n')[0], 34);
    const wide = text.length * 6.1 + 12, x = xOf(e.at);
    const fits = [[x, x + wide], [x - wide, x]].find(([from, to]) => from >= scale.left - 4 && to <= scale.left + scale.width + 14 &&
      taken.every(([a, b]) => to <= a || from >= b) && events.every((o) => o === e || xOf(o.at) <= from + 2 || xOf(o.at) >= to - 4 || Math.abs(xOf(o.at) - x) < 2));
    if (!fits) continue;
    taken.push(fits);
    const after = fits[0] === x;
    texts.push(svg('text', { x: after ? x + 5 : x - 5, y: y + 17, class: e.bad ? 'word bad' : 'word', 'text-anchor': after ? 'start' : 'end' }, text));
  }
  return texts;
}

// drawDensities draws how many packets links carried, all lanes by one scale, with those that were lost in red.
function drawDensities(top) {
  const cell = 3, cells = Math.ceil(scale.width / cell);
  const counts = packetLanes.map(({ packets }) => {
    const all = new Uint32Array(cells), bad = new Uint32Array(cells);
    for (let i = indexAt(packets, selection.view[0] - 1); i < packets.length && packets[i].at <= selection.view[1]; i++) {
      const c = Math.min(cells - 1, Math.floor((xOf(packets[i].at) - scale.left) / cell));
      all[c]++;
      if (packets[i].bad) bad[c]++;
    }
    return { all, bad };
  });
  const most = Math.max(2, ...counts.flatMap(({ all }) => all.reduce((m, n) => Math.max(m, n), 0)));
  const tall = (n) => 4 + Math.round((row - 11) * Math.sqrt(n / most));
  return packetLanes.map((lane, i) => {
    const y = top + i * row, floor = y + row - 4, { all, bad } = counts[i];
    const paths = { all: '', bad: '' };
    for (let c = 0; c < cells; c++) {
      const x = scale.left + c * cell;
      if (all[c]) paths.all += `M${x + 1} ${floor}v${-tall(all[c])}`;
      if (bad[c]) paths.bad += `M${x + 1} ${floor}v${-tall(bad[c])}`;
    }
    return [...laneName(lane.name, y),
      lane.down.filter(([from, to]) => to >= selection.view[0] && from <= selection.view[1]).map(([from, to]) => {
        const [x1, x2] = [xOf(Math.max(from, selection.view[0])), xOf(Math.min(to, selection.view[1]))];
        return svg('rect', { class: 'outage', x: x1, y: y + 2, width: Math.max(2, x2 - x1), height: row - 4 });
      }),
      svg('path', { class: 'density', d: paths.all }), svg('path', { class: 'density bad', d: paths.bad })];
  });
}

// drawHand draws the selected moment, the pin, the range and the failure.
function drawHand() {
  const line = (at, name, word) => visible(at) && [svg('path', { class: name, d: `M${xOf(at)} ${axis - 6}V${lanesHeight}` }),
    word && svg('text', { class: name + ' word', x: xOf(at), y: 12, 'text-anchor': 'middle' }, word)];
  const range = selection.range;
  fill(hand, [
    range && svg('rect', { class: 'range', x: xOf(Math.max(range[0], selection.view[0])), y: axis - 4, width: Math.max(1, xOf(Math.min(range[1], selection.view[1])) - xOf(Math.max(range[0], selection.view[0]))), height: lanesHeight - axis + 4 }),
    hasFailed && line(failedAt, 'failed'),
    selection.pin !== undefined && line(selection.pin, 'pinned'),
    line(selection.at, 'now'),
    visible(selection.at) && svg('path', { class: 'grip', d: `M${xOf(selection.at) - 5} ${axis - 10}h10l-5 7z` }),
  ].flat());
}

follow(['view'], drawLanes);
follow(['at', 'pin', 'range'], drawHand);
addEventListener('resize', drawLanes);
