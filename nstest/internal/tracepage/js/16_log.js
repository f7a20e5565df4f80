// SPDX-License-Identifier: Apache-2.0
// The log of the test, all events as a list, and the source of the line that is looked at.

const logLines = trace.log.flatMap((line) => clean(line.text).replace(/\n$/, '').split('\n').map((text, i) => ({ ...line, text, first: i === 0 })));
let logTab = 'log';

const logList = new LongList({
  id: 'log-list', label: 'Log of the test',
  cells: (i) => [el('span', { class: 'number' }, logLines[i].first ? seconds(logLines[i].at) : ''), el('span', { class: 'code' }, logLines[i].text)],
  words: (i) => `${moment(logLines[i].at)}: ${logLines[i].text}`,
  rowClass: (i) => (logLines[i].bad ? 'bad' : ''),
  chosen: (i) => showSource(logLines[i].where),
});

const eventList = new LongList({
  id: 'event-list', label: 'Events',
  cells: (i) => {
    const e = happenings[i];
    return [el('span', { class: 'number' }, seconds(e.at)), el('span', { class: 'lane' }, e.lane), el('span', { class: e.bad ? 'code wrong' : 'code' }, e.node && e.lane !== 'test' ? el('b', {}, nameOf(e.node) + ' ') : '', inWords(e.text).split('\n')[0]),
      el('span', { class: 'note' }, placeOf(e.where))];
  },
  words: (i) => moment(happenings[i].at) + ', ' + describe(happenings[i]),
  rowClass: (i) => [happenings[i].bad ? 'bad' : '', happenings[i].at > selection.at ? 'later' : ''].join(' '),
  chosen: (i) => goTo(happenings[i]),
});

function showLog(name) {
  logTab = name;
  const list = name === 'log' ? logList : eventList;
  tabs(byId('log').querySelector('[role=tablist]'), byId('log-body'), ['log', 'events'], name, showLog);
  fill(byId('log-body'), list.element);
  if (name === 'log') logList.show(logLines.length, logList.active); else eventList.show(happenings.length, eventList.active);
  followLog();
  if (name === 'log' && logList.active < 0) logList.reveal(Math.max(logLines.findIndex((l) => l.bad), -1));
}

function followLog() {
  if (logTab === 'events') eventList.reveal(selection.event ? happenings.indexOf(selection.event) : indexAt(happenings, selection.at) - 1);
}

// showSource shows five lines around a place; without it, or where the trace has no source, those of the failure.
function showSource(where) {
  const source = (w) => w?.file && trace.sources.find((s) => s.file === w.file && w.line >= s.first && w.line < s.first + s.lines.length);
  const place = [where, failure?.where, test.where].find(source);
  const body = byId('source').querySelector('.body');
  byId('source-title').textContent = clean(place ? placeOf(place) : 'Source');
  if (!place) {
    fill(body, el('p', { class: 'note' }, 'The source was not there when the trace was made.'));
    return;
  }
  const s = source(place);
  const from = Math.max(0, place.line - s.first - 5), to = Math.min(s.lines.length, place.line - s.first + 6);
  fill(body, el('ol', { class: 'lines' }, s.lines.slice(from, to).map((text, i) => {
    const here = s.first + from + i === place.line;
    return el('li', { class: here ? (place.file === test.where.file && place.line === test.where.line && hasFailed ? 'here wrong' : 'here') : '', ...(here ? { 'aria-current': 'true' } : {}) },
      el('span', { class: 'number', 'aria-hidden': true }, s.first + from + i), el('code', {}, text.replaceAll('\t', '    ') || ' '));
  })));
}

byId('copy-log').addEventListener('click', () => copy(logLines.map((l) => l.text).join('\n'), 'the log'));
follow(['event', 'at'], () => {
  followLog();
  showSource(selection.event?.where);
});
