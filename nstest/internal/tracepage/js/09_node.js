// SPDX-License-Identifier: Apache-2.0
// The selected node: its state at the moment, and what changed of it, when, and by whom.

const nodeBody = byId('node-body');
let nodeTab = 'state';

function showTab(name) {
  nodeTab = name;
  showNode();
}

function showNode() {
  const id = selection.node;
  byId('node-title').textContent = clean(nameOf(id) || 'No node');
  byId('node-choice').value = id ?? '';
  const names = selection.pin === undefined ? ['state', 'changes'] : ['state', 'changes', 'since the pin'];
  if (!names.includes(nodeTab)) nodeTab = 'state';
  tabs(byId('node').querySelector('[role=tablist]'), nodeBody, names, nodeTab, showTab);
  const views = { state: stateView, changes: changesView, 'since the pin': comparison };
  const { scrollTop } = nodeBody;
  fill(nodeBody, (id === undefined ? [] : views[nodeTab](id)));
  nodeBody.scrollTop = scrollTop;
}

function stateView(id) {
  const state = stateAt(id, selection.at);
  const views = sectionsOf(id).map((section) => {
    const entries = [...(state.get(section)?.values() ?? [])];
    const later = changesOf.get(id).find((entry) => entry.change.section === section && entry.at > selection.at);
    const lost = wrongAt(id, selection.at).filter((entry) => entry.change.gone && entry.change.section === section);
    return el('section', { 'aria-label': section }, el('h3', {}, section, ' ', el('span', { class: 'note' }, entries.length || '')),
      entries.length || lost.length ? el('dl', {}, [...entries, ...lost].sort((a, b) => Boolean(b.change.bad) - Boolean(a.change.bad)).map(stateRow))
        : el('p', { class: 'note' }, 'none', later && [', or not read yet; known at ', button(moment(later.at), () => select({ at: later.at, event: later.event }), { class: 'link' })]));
  });
  const namespaces = Object.entries(nodes.get(id)?.namespaces ?? {});
  if (namespaces.length) {
    views.push(el('section', { 'aria-label': 'namespaces' }, el('h3', {}, 'namespaces'),
      el('dl', {}, namespaces.map(([kind, name]) => [el('dt', {}, kind), el('dd', { class: 'code' }, name)]))));
  }
  return views.length ? views : [el('p', { class: 'note' }, 'Nothing is known of this node.')];
}

function stateRow(entry) {
  const { change, before } = entry;
  const [key, text] = wordsOf(change);
  return [key && el('dt', { class: change.bad ? 'wrong' : '' }, key),
    el('dd', { class: key ? '' : 'all' }, el('span', { class: change.bad ? 'code wrong' : 'code' }, change.gone ? 'gone: ' + text : text),
      isTelling(entry) && el('span', { class: 'note' }, history(entry), before && !before.change.gone && before.change.text !== change.text && '; before: ' + wordsOf(before.change)[1]))];
}

// isTelling reports whether the history of a thing is worth a line: networks are made in steps, which is none.
const isTelling = (entry) => !entry.change.initial && !/tentative/.test(entry.before?.change.text) && Boolean(entry.change.bad || causeOf(entry) || (entry.before && entry.at > failedAt / 10));

// history says when and by whom.
function history(entry) {
  const cause = causeOf(entry);
  return [entry.change.initial ? '' : 'since ' + moment(entry.at), cause && inOrder(cause, entry)].filter(Boolean).join(', ');
}

function changesView(id) {
  const entries = changesOf.get(id).filter((entry) => !entry.change.initial && inRange(entry.at));
  if (!entries.length) return [el('p', { class: 'note' }, 'Nothing has changed' + (selection.range ? ' in the selected range.' : '.'))];
  return [el('ol', { class: 'changes' }, entries.map((entry) => {
    const { change, before } = entry;
    const cause = causeOf(entry);
    return el('li', { class: [entry.at > selection.at ? 'later' : '', entry.event === selection.event ? 'chosen' : ''].join(' ') },
      el('button', { type: 'button', onclick: () => goTo(entry.event), 'aria-label': `${moment(entry.at)}, ${change.section} ${change.key}: ${change.gone ? 'gone' : change.text}` },
        el('span', { class: 'number' }, moment(entry.at)), ' ',
        el('span', { class: change.bad ? 'wrong' : '' }, singular(change.section), ' ', el('b', {}, wordsOf(change)[0])), ' ',
        el('span', { class: 'code' }, before && !before.change.gone && [el('del', {}, wordsOf(before.change)[1]), ' '], change.gone ? el('em', {}, 'gone') : el('ins', { class: change.bad ? 'wrong' : '' }, wordsOf(change)[1])),
        cause && el('span', { class: 'note' }, inOrder(cause, entry) + (placeOf(cause.where) ? ', ' + placeOf(cause.where) : ''))));
  }))];
}

// comparison lists what is different at the selected moment from the pinned one.
function comparison(id) {
  const [from, to] = [selection.pin, selection.at].sort((a, b) => a - b);
  const [old, now] = [stateAt(id, from), stateAt(id, to)];
  const rows = sectionsOf(id).flatMap((section) => {
    const [a, b] = [old.get(section) ?? new Map(), now.get(section) ?? new Map()];
    return [...new Set([...a.keys(), ...b.keys()])].filter((key) => a.get(key)?.change.text !== b.get(key)?.change.text)
      .map((key) => [el('dt', {}, singular(section) + ' ' + wordsOf((a.get(key) ?? b.get(key)).change)[0]), el('dd', { class: 'code' },
        a.has(key) && el('del', {}, wordsOf(a.get(key).change)[1]), ' ', b.has(key) && el('ins', { class: b.get(key).change.bad ? 'wrong' : '' }, wordsOf(b.get(key).change)[1]))]);
  });
  return [el('p', { class: 'note' }, `From ${moment(from)} to ${moment(to)}:`), rows.length ? el('dl', {}, rows) : el('p', {}, 'No difference.')];
}

// chooseNode chooses what is shown at first: what the first finding is about.
function chooseNode(found) {
  byId('node-choice').append(...trace.nodes.map((n) => el('option', { value: n.id }, n.name + ' (' + n.role + ')')));
  byId('node-choice').addEventListener('change', (e) => select({ node: e.target.value }));
  selection.packet = found.find((f) => f.packet !== undefined)?.packet ?? -1;
  selection.node = found.find((f) => nodes.has(f.node))?.node ?? trace.nodes[0]?.id;
}

follow(['at', 'event', 'node', 'pin', 'range'], showNode);
