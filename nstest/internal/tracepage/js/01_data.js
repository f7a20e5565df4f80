// SPDX-License-Identifier: Apache-2.0
// The data of the trace, and what is looked up in it.

const trace = JSON.parse(document.getElementById('trace').textContent);
for (const list of ['nodes', 'links', 'events', 'packets', 'log', 'sources', 'omitted']) trace[list] ??= [];

const test = trace.test;
const nodes = new Map(trace.nodes.map((n) => [n.id, n]));
const links = new Map(trace.links.map((l) => [l.id, l]));
const lastAt = Math.max(test.duration, trace.events.at(-1)?.at ?? 0, trace.packets.at(-1)?.at ?? 0, 1);

const nameOf = (id) => nodes.get(id)?.name ?? id ?? '';
// Nodes are named by a namespace, which says nothing to people.
const inWords = (text) => text.replace(/\bnet:\[\d+\]/g, (id) => nodes.get(id)?.name ?? id);
const linkName = (id) => links.get(id)?.name || id || '';
const endName = (end) => end?.node ? nameOf(end.node) + (end.interface ? '/' + end.interface : '') : '?';

// A packet that was damaged is as good as lost. Others only came late, or twice.
const isLost = (p) => Boolean(p.bad && p.fate);

// The event that the page is about: the first failure, otherwise the end.
const failure = trace.events.find((e) => e.kind === 'failure');
const failedAt = failure ? failure.at : lastAt;
const hasFailed = test.verdict === 'failed' || test.verdict === 'unfinished';

// What a node was found to have is no event: the network lane and the arrows leave it out.
const isInitial = (e) => Boolean(e.change?.initial);
const happenings = trace.events.filter((e) => !isInitial(e));

// indexAt returns how many of a list that is sorted by time are not later than a moment.
function indexAt(list, at) {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle].at <= at) low = middle + 1; else high = middle;
  }
  return low;
}

// groupBy returns a map of lists.
function groupBy(list, key) {
  const groups = new Map();
  for (const item of list) {
    const k = key(item);
    if (groups.has(k)) groups.get(k).push(item); else groups.set(k, [item]);
  }
  return groups;
}

const plural = (n, noun) => n.toLocaleString('en') + ' ' + noun + (n === 1 ? '' : 's');

// Times are read as seconds; how many digits make sense depends on how long the test took.
const digits = lastAt >= 1e9 ? 3 : lastAt >= 1e7 ? 4 : 6;
const seconds = (at, decimals = digits) => (at / 1e9).toFixed(decimals);
const moment = (at) => seconds(at) + ' s';

const placeOf = (where) => where?.file ? where.file.replace(/^.*\//, '') + (where.line ? ':' + where.line : '') : '';
