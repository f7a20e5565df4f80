// SPDX-License-Identifier: Apache-2.0
// What nodes and links were like at a moment: what the changes up to then have made of nothing.

const sections = ['links', 'addresses', 'routes', 'rules', 'neighbours', 'sockets', 'nftables', 'forwarding', 'processes'];

// The changes of each node, each with what the thing was like before.
const changesOf = new Map(trace.nodes.map((n) => [n.id, []]));
{
  const latest = new Map();
  for (const event of trace.events) {
    if (!event.change || !changesOf.has(event.node)) continue;
    const key = event.node + '\n' + event.change.section + '\n' + event.change.key;
    const entry = { at: event.at, event, change: event.change, before: latest.get(key) };
    latest.set(key, entry);
    changesOf.get(event.node).push(entry);
  }
}

// stateAt returns, by section and key, the changes that made what a node had at a moment.
function stateAt(node, at) {
  const state = new Map();
  for (const entry of changesOf.get(node) ?? []) {
    if (entry.at > at) break;
    const { section, key, gone } = entry.change;
    if (!state.has(section)) state.set(section, new Map());
    if (gone) state.get(section).delete(key); else state.get(section).set(key, entry);
  }
  return state;
}

// sectionsOf returns the sections that a node has anything in, in the usual order.
function sectionsOf(node) {
  const has = new Set((changesOf.get(node) ?? []).map((entry) => entry.change.section));
  return [...sections.filter((s) => has.has(s)), ...[...has].filter((s) => !sections.includes(s))];
}

// isUnanswered reports whether a neighbour is asked for: the kernel does so for seconds before it says that this is in vain.
const isUnanswered = ({ section, text, gone }) => section === 'neighbours' && !gone && /\bINCOMPLETE$/.test(text);

// wrongAt returns what was wrong with a node at a moment. A thing that went and is missed is wrong as well.
function wrongAt(node, at) {
  const latest = new Map();
  for (const entry of changesOf.get(node) ?? []) {
    if (entry.at > at) break;
    latest.set(entry.change.section + '\n' + entry.change.key, entry);
  }
  return [...latest.values()].filter((entry) => entry.change.bad || isUnanswered(entry.change));
}

// wordsOf returns what to show of a thing: its key, where the text does not say it, and the text without the key it begins with.
function wordsOf(change) {
  const key = inWords(change.key), text = inWords(change.text);
  if (text.startsWith(key + ' ')) return [key, text.slice(key.length).trim()];
  return /^\d+$/.test(key) || / metric \d+ table /.test(key) || key.split(' ').some((word) => word.length > 3 && text.includes(word)) ? ['', text] : [key, text];
}

const conditionsOf = groupBy(trace.events.filter((e) => e.condition && e.link), (e) => e.link);

// conditionAt returns what a link was like at a moment, and the event that made it so.
function conditionAt(link, at) {
  const list = conditionsOf.get(link.id) ?? [];
  const event = list[indexAt(list, at) - 1];
  const condition = event?.condition ?? { up: true };
  if (condition.up) {
    for (const end of [link.a, link.b]) {
      const entry = wrongAtEnd(end, at);
      if (entry) return { up: false, bad: true, text: endName(end) + ': ' + entry.change.text, event: entry.event };
    }
  }
  return { up: condition.up, bad: Boolean(condition.bad) || !condition.up, text: condition.text ?? '', event };
}

function wrongAtEnd(end, at) {
  if (!end?.node) return undefined;
  return wrongAt(end.node, at).find((entry) => entry.change.section === 'links' && entry.change.key === end.interface);
}

// downTimes returns when a link was down or lost frames, as pairs of moments.
function downTimes(link) {
  const moments = [...(conditionsOf.get(link.id) ?? []).map((e) => e.at)];
  for (const end of [link.a, link.b]) {
    for (const entry of changesOf.get(end?.node) ?? []) {
      if (entry.change.section === 'links' && entry.change.key === end.interface) moments.push(entry.at);
    }
  }
  const times = [];
  for (const at of [...new Set(moments)].sort((a, b) => a - b)) {
    const { bad } = conditionAt(link, at);
    const open = times.at(-1)?.length === 1;
    if (bad && !open) times.push([at]);
    if (!bad && open) times.at(-1).push(at);
  }
  return times.map(([from, to]) => [from, to ?? lastAt]);
}

// causeOf returns what the test did shortly before a change, which may be why.
const isFault = (e) => e.lane === 'faults' && e.kind !== 'verdict'; // what a filter says of a frame is the frame's fate
const faults = trace.events.filter((e) => isFault(e) || e.kind === 'mark' || e.kind === 'step');
function causeOf(entry) {
  if (entry.change.initial) return undefined;
  const fault = faults[indexAt(faults, entry.at) - 1];
  return fault && entry.at - fault.at < 1e8 && fault !== entry.event ? fault : undefined;
}

// inOrder names a cause of a change. A change has the time at which it was heard of: what was done in the last moment before may have
// come after it, unless it was done to the very link.
const heardLate = 2e7;
function inOrder(cause, { at, event }) {
  if (isDoneTo(cause, event)) return 'by ' + cause.text;
  return (at - cause.at < heardLate ? 'close to “' : 'after “') + cause.text + '”';
}

// isDoneTo reports whether an event is of the link that a fault was made at, or of what goes by its interfaces.
function isDoneTo(fault, { node, link, change }) {
  if (fault.lane !== 'faults' || !fault.link) return false;
  const { a, b } = links.get(fault.link) ?? {};
  return fault.link === link || [a, b].some((end) => end?.node === node && (change?.key + ' ' + change?.text).split(/\s+/).includes(end.interface));
}
