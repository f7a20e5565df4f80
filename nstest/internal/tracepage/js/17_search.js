// SPDX-License-Identifier: Apache-2.0
// Search over everything, opened by "/".

const searchBox = byId('search');
const mostResults = 60;
let results = [], result = 0;

const searchInput = el('input', {
  type: 'search', id: 'search-text', role: 'combobox', 'aria-label': 'Search nodes, events, state, packets, log', 'aria-expanded': 'true', 'aria-controls': 'results',
  'aria-autocomplete': 'list', placeholder: 'search nodes, events, state, packets, log', autocomplete: 'off', spellcheck: 'false',
  oninput: () => search(), onkeydown: (e) => searchKey(e),
});
const resultList = el('ul', { id: 'results', role: 'listbox', 'aria-label': 'Found' });
const resultCount = el('p', { class: 'note', role: 'status' });
searchBox.append(searchInput, resultCount, resultList);

function openSearch() {
  if (searchBox.open) return;
  searchBox.showModal();
  searchInput.select();
  search();
}

// everything yields, kind by kind, what there is to find.
function* everything() {
  for (const n of trace.nodes) yield { kind: n.role, text: n.name, go: () => select({ node: n.id }) };
  for (const l of trace.links) yield { kind: 'link', text: `${linkName(l.id)}  ${endName(l.a)} – ${endName(l.b)}`, go: () => select({ link: l.id, node: l.a.node }) };
  for (const e of happenings) yield { kind: e.lane, at: e.at, bad: e.bad, text: (e.node ? nameOf(e.node) + ': ' : '') + inWords(e.text), go: () => goTo(e) };
  for (const n of trace.nodes) {
    for (const [section, entries] of stateAt(n.id, selection.at)) {
      for (const entry of entries.values()) yield { kind: 'state', bad: entry.change.bad, text: `${n.name} ${section} ${wordsOf(entry.change).join(' ')}`, go: () => { showTab('state'); select({ node: n.id }); } };
    }
  }
  for (const [i, line] of logLines.entries()) {
    yield { kind: 'log', at: line.at, bad: line.bad, text: line.text, go: () => { showLog('log'); logList.reveal(i); showSource(line.where); } };
  }
  for (const [i, p] of trace.packets.entries()) {
    yield { kind: 'packet', at: p.at, bad: p.bad, text: `${endName(p.from)} › ${endName(p.to)} ${p.summary} ${p.fate ?? ''}`, go: () => { byId('filter').value = ''; filterPackets(); selectPacket(i); } };
  }
}

function search() {
  const wanted = searchInput.value.toLowerCase().split(/\s+/).filter(Boolean);
  results = [];
  let more = false;
  if (wanted.length) {
    for (const thing of everything()) {
      const text = thing.text.toLowerCase();
      if (!wanted.every((w) => text.includes(w))) continue;
      if (results.length === mostResults) {
        more = true;
        break;
      }
      results.push(thing);
    }
  }
  result = 0;
  resultCount.textContent = wanted.length ? (more ? `the first ${mostResults}` : results.length ? `${results.length} found` : 'nothing found') : 'arrows and Enter choose, Escape closes';
  fill(resultList, results.map((thing, i) => el('li', { role: 'option', id: 'result-' + i, onclick: () => choose(i) },
    el('span', { class: 'note' }, thing.kind), el('span', { class: thing.bad ? 'wrong what' : 'what' }, short(thing.text, 220)), el('span', { class: 'number' }, thing.at === undefined ? '' : moment(thing.at)))));
  markResult();
}

function markResult() {
  [...resultList.children].forEach((li, i) => li.setAttribute('aria-selected', String(i === result)));
  if (results.length) searchInput.setAttribute('aria-activedescendant', 'result-' + result);
  else searchInput.removeAttribute('aria-activedescendant');
  resultList.children[result]?.scrollIntoView({ block: 'nearest' });
}

function searchKey(e) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
  if (e.key === 'Enter' && results.length) choose(result);
  else if (step && results.length) {
    result = (result + step + results.length) % results.length;
    markResult();
  } else return;
  e.preventDefault();
}

function choose(i) {
  searchBox.close();
  results[i].go();
  say(results[i].text);
}

searchBox.addEventListener('click', (e) => { if (e.target === searchBox) searchBox.close(); });
byId('find').addEventListener('click', openSearch);
