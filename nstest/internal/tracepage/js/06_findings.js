// SPDX-License-Identifier: Apache-2.0
// What was different when the test failed, most telling first: what was down, what had ended, what was lost, what got no
// answer.

function findings(at) {
  const found = [...brokenLinks(at), ...wrongThings(at), ...badEvents(at), ...badPackets(at), ...silences(at)];
  return [...found, ...(found.length ? doneByTest(at) : [...firewalls(at), ...recentChanges(at)])];
}

function brokenLinks(at) {
  return trace.links.map((link) => ({ link, condition: conditionAt(link, at) }))
    .filter(({ condition }) => condition.bad)
    .map(({ link, condition: { up, text, event } }) => ({
      node: link.a.node,
      what: up ? linkName(link.id) + ' loses packets' : linkName(link.id) + ' is down',
      more: [text !== 'down' && text, event && since(event)],
      go: () => select({ link: link.id, node: link.a.node, ...(event ? { at: event.at, event } : {}) }),
    }));
}

// wrongThings leaves out the ends of links that brokenLinks names, and the routes that such a link takes with it.
function wrongThings(at) {
  const isNamed = (node, name) => trace.links.some((l) => [l.a, l.b].some((end) => end.node === node && end.interface === name));
  return trace.nodes.flatMap((node) => wrongAt(node.id, at)
    .filter(({ change }) => change.section !== 'links' || !isNamed(node.id, change.key))
    .filter(({ change }) => change.section !== 'routes' || !/\b(linkdown|dead)\b/.test(change.text) || !isNamed(node.id, / dev (\S+)/.exec(' ' + change.text)?.[1]))
    .map((entry) => ({
      node: node.id,
      what: `${node.name}: ${[singular(entry.change.section), wordsOf(entry.change)[0], entry.change.gone && 'is gone:', wordsOf(entry.change)[1]].filter(Boolean).join(' ')}`,
      more: [since(entry.event), ...routesBy(node.id, entry, at)],
      go: () => { showTab('state'); select({ node: node.id }); },
    }))).slice(0, 6);
}

// routesBy returns, of a neighbour that does not answer, the routes that go by it.
function routesBy(node, { change }, at) {
  if (change.section !== 'neighbours') return [];
  const address = change.key.split(' ')[0];
  return [...stateAt(node, at).get('routes')?.values() ?? []].filter((route) => route.change.text.split(' ').includes(address))
    .map((route) => `route ${wordsOf(route.change).join(' ').trim()} goes by it, ${since(route.event)}`);
}

const singular = (section) => ({ addresses: 'address', processes: 'process' })[section] ?? section.replace(/s$/, '');

function since(event) {
  if (isInitial(event)) return 'from the beginning';
  const entry = { at: event.at, event, change: event.change ?? {} };
  const cause = event.lane === 'faults' ? event : causeOf(entry) ?? event;
  const why = cause !== event ? ', ' + inOrder(cause, entry) : event.lane === 'faults' ? ', by ' + event.text : '';
  return 'since ' + moment(event.at) + why + (placeOf(cause.where) ? ' (' + placeOf(cause.where) + ')' : '');
}

// badEvents are those that neither a thing of a node nor a link nor a packet speaks of, such as the end of a program. That is heard of a
// little late: who talked to the program may know sooner.
function badEvents(at) {
  const packetsTell = trace.packets.some(isLost);
  return trace.events.filter((e) => e.bad && !(packetsTell && e.kind === 'verdict') && e.at <= at + 1e8 && e !== failure && !e.change && !e.condition && e.kind !== 'failure').slice(-3).map((event) => ({
    node: event.node,
    what: (event.node ? nameOf(event.node) + ': ' : '') + inWords(event.text).split('\n')[0],
    more: ['at ' + moment(event.at), placeOf(event.where)],
    go: () => goTo(event),
  }));
}

function badPackets(at) {
  const bad = trace.packets.map((packet, index) => ({ packet, index })).slice(0, indexAt(trace.packets, at)).filter(({ packet }) => packet.bad);
  const groups = groupBy(bad, ({ packet: p }) => p.fate ? p.link + '\n' + p.fate : '\n' + p.summary.replace(/\d+/g, '#'));
  return [...groups.values()].sort((a, b) => b.length - a.length).slice(0, 4).map((group) => {
    const { packet, index } = group[0];
    const last = group.at(-1).packet;
    return {
      packet: index,
      node: packet.fate ? packet.from.node : undefined,
      what: packet.fate
        ? plural(group.length, 'packet') + ' on ' + linkName(packet.link) + ': ' + packet.fate
        : (group.length > 1 ? group.length + ' × ' : '') + packet.summary,
      more: [packet.fate && 'first ' + packet.summary, packet.fate && lastFault(packet), packet.at === last.at ? 'at ' + moment(packet.at) : moment(packet.at) + ' to ' + moment(last.at)],
      go: () => selectPacket(index),
    };
  });
}

// lastFault says what took a link down before it lost a packet, or else what the test had done. That a link is down is heard of late.
function lastFault(packet) {
  const down = /\blink is down/.test(packet.fate) && (conditionsOf.get(packet.link) ?? []).findLast((e) => e.at <= packet.at + 5e7 && !e.condition.up);
  if (down) return 'down ' + since(down);
  const fault = faults.findLast((e) => e.at <= packet.at && (e.link === packet.link || packet.at - e.at < 1e8));
  return fault && 'after “' + fault.text + '”' + (placeOf(fault.where) ? ' (' + placeOf(fault.where) + ')' : '');
}

function silences(at) {
  return unanswered(at).sort((a, b) => b.sent - a.sent).slice(0, 3).map((s) => ({
    packet: s.index,
    node: s.end.node,
    what: s.protocol + ' ' + s.from + ' > ' + s.to + (refusal(s, at) ? ' is refused' : s.answered ? ' gets no answer any more' : ' gets no answer'),
    more: [plural(s.sent, 'packet') + ' since ' + moment(s.since),
      refusal(s, at) || s.lost ? refusal(s, at) || 'the last one: ' + s.lost : hasAddress(s.end.node, s.to) ? 'reached ' + endName(s.end) + (s.lostAnswer ? ', whose answer was lost: ' + s.lostAnswer : ', which sent none') : 'seen up to ' + endName(s.end) + ', not beyond',
      ...passesOn(s), ...tooLarge(s, at), ...refusals(s.end.node, at)],
    go: () => selectPacket(s.index),
  }));
}

// refusal says by which ICMP error the target has answered, if it has.
function refusal(s, at) {
  const error = trace.packets.slice(indexAt(trace.packets, s.since), indexAt(trace.packets, at)).findLast(({ summary }) =>
    /^(VLAN \d+, )?ICMP(v6)? (\w+ )?unreachable /.test(summary) && summary.endsWith(' ' + withoutPort(s.to) + ' > ' + s.from));
  return error && 'refused: ' + error.summary.replace(/ \S+ > \S+$/, '') + ' from ' + nameOf(s.end.node) + ' (' + withoutPort(s.to) + ')';
}

const hasAddress = (node, address) => [...stateAt(node, lastAt).get('addresses')?.values() ?? []]
  .some(({ change }) => (change.key + ' ' + change.text).split(/[\s,]+/).some((w) => w.split('/')[0] === withoutPort(address)));

// passesOn says that a node does not pass packets on, where those end that are not for it.
function passesOn({ end, to }) {
  const family = withoutPort(to).includes(':') ? 'IPv6' : 'IPv4';
  const isOff = [...stateAt(end.node, lastAt).get('forwarding')?.values() ?? []].some(({ change }) => change.text === family + ' off');
  return isOff && !hasAddress(end.node, to) ? [`${nameOf(end.node)} does not forward ${family} packets`] : [];
}

// refusals returns what the firewall of a node drops, if it has one.
function refusals(node, at) {
  const rules = [...stateAt(node, Math.max(at, failedAt)).get('nftables')?.values() ?? []];
  return rules.filter(({ change }) => /\b(drop|reject)\b/.test(change.text)).slice(0, 2)
    .map(({ change }) => `nftables of ${nameOf(node)}: ${short(wordsOf(change).join(' ').trim(), 90)}`);
}

// tooLarge compares the packets that did not come further with the links of the node that had them last.
function tooLarge(s, at) {
  const most = Math.max(...s.tail.map((i) => trace.packets[i].length)) - 14; // without Ethernet's header
  return [...stateAt(s.end.node, at).get('links')?.values() ?? []]
    .filter(({ change }) => change.key !== s.end.interface && most > Number(/\bmtu (\d+)/.exec(change.text)?.[1] ?? Infinity))
    .map((entry) => `${most} bytes do not go through ${nameOf(s.end.node)}/${entry.change.key}, mtu ${/\bmtu (\d+)/.exec(entry.change.text)[1]}, ${since(entry.event)}`);
}

// doneByTest lists the faults that no broken link speaks of: a firewall, an MTU, a clock.
function doneByTest(at) {
  return trace.events.filter((e) => e.at <= at && isFault(e) && !e.condition).slice(-3).map((event) => ({
    node: event.node,
    what: (event.node ? nameOf(event.node) + ': ' : '') + event.text,
    more: ['done by the test at ' + moment(event.at), placeOf(event.where)],
    quiet: true,
    go: () => goTo(event),
  }));
}

// firewalls is for a trace without packets: nobody knows then what a firewall has dropped, but that there is one.
function firewalls(at) {
  return trace.nodes.filter((n) => refusals(n.id, at).length).slice(0, 3).map((n) => ({
    node: n.id,
    what: n.name + ' has a firewall',
    more: ['', ...refusals(n.id, at)],
    quiet: true,
    go: () => { showTab('state'); select({ node: n.id }); },
  }));
}

// recentChanges is for a failure at which nothing is known to be wrong: then what has changed last is worth a look, but
// for the neighbours, which come and go by themselves, and for the steps in which the network was made.
function recentChanges(at) {
  const changes = happenings.filter((e) => e.at <= at && (isFault(e) || (e.change && e.change.section !== 'neighbours')));
  const telling = changes.filter((e) => e.lane === 'faults' || e.at > at / 10 || causeOf({ at: e.at, event: e, change: e.change }));
  return telling.slice(-4).reverse().map((event) => ({
    node: event.node,
    what: (event.node ? nameOf(event.node) + ': ' : '') + inWords(event.text),
    more: ['one of the last changes, ' + since(event).replace('since', 'at')],
    quiet: true,
    go: () => goTo(event),
  }));
}

// showFindings shows those of the failure.
function showFindings(found) {
  byId('findings-title').textContent =
    test.verdict === 'failed' || failure ? 'What was different when it failed' : test.verdict === 'unfinished' ? 'What was different at the end' : 'What was wrong at the end';
  const none = 'Nothing that this page knows of: no link down, nothing lost, nothing without an answer.' + (trace.packets.length ? '' : ' It has no packets.');
  fill(byId('findings').querySelector('ul'), found.length ? found.map(finding) : el('li', {}, none),
    trace.omitted.length > 0 && el('li', { class: 'note' }, 'Not all is on this page: ' + trace.omitted[0] + (trace.omitted.length > 1 ? ' More of it is at the end.' : '')));
}

function finding({ what, more, go, quiet }) {
  return el('li', {}, el('button', { type: 'button', class: quiet ? 'finding' : 'finding bad', onclick: go },
    el('strong', {}, what), more.filter(Boolean).map((text) => [' ', el('span', { class: 'note' }, text)])));
}
