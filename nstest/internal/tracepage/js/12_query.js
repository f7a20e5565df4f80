// SPDX-License-Identifier: Apache-2.0
// The words of the packet filter. All of them have to hold; one with "-" in front must not.
//
//	lost  bad  again         what became of it
//	tcp  tcp.syn             a protocol; and a word of its summary or its fields
//	host west  link wan      where it was; a host also by its address
//	port 80  after 1.2  before 2
//	"any text"               in the summary, the names or what became of it

const words = /-?"[^"]*"?|\S+/g;
const withArgument = {
  host: (text) => (p) => [nameOf(p.from.node), nameOf(p.to.node), p.from.node, p.to.node].some((n) => n?.toLowerCase() === text) || mentions(p, text),
  link: (text) => (p) => linkName(p.link).toLowerCase().includes(text) || p.link.toLowerCase() === text,
  port: (text) => (p) => new RegExp('[:.]' + text.replace(/\D/g, '') + '(?!\\d)').test(p.summary),
  after: (text) => (p) => p.at >= Number(text) * 1e9,
  before: (text) => (p) => p.at <= Number(text) * 1e9,
};
const alone = {
  lost: isLost,
  bad: (p) => Boolean(p.bad),
  again: (p) => /again|retrans/i.test(p.summary),
};

// mentions reports whether a summary has an address as a word of its own: 10.0.0.1 is not part of 10.0.0.10.
function mentions(packet, address) {
  return packet.summary.toLowerCase().split(/[\s()<>,]+/).some((w) => w === address || w.startsWith(address + ':') || w === '[' + address + ']' || w.startsWith('[' + address + ']:'));
}

const haystacks = new Array(trace.packets.length);
function haystack(packet, index) {
  return haystacks[index] ??= [packet.summary, packet.fate, endName(packet.from), endName(packet.to), linkName(packet.link)].join(' ').toLowerCase();
}

const protocolOf = (packet) => packet.summary.toLowerCase().match(/^[a-z0-9]+/)?.[0] ?? '';
const hasLayer = (packet, name) => protocolOf(packet) === name || (packet.layers ?? []).some((l) => l.name.toLowerCase() === name);

// parseFilter returns a function of a packet and its index.
function parseFilter(text) {
  const terms = text.match(words) ?? [];
  const tests = [];
  while (terms.length) {
    let term = terms.shift().toLowerCase();
    const not = term.length > 1 && term.startsWith('-');
    if (not) term = term.slice(1);
    const quoted = term.startsWith('"');
    term = term.replace(/"/g, '');
    const dotted = /^([a-z][a-z0-9]*)\.([a-z]+)$/.exec(term);
    let holds = (p, i) => haystack(p, i).includes(term);
    if (!quoted && Object.hasOwn(alone, term)) holds = alone[term];
    else if (!quoted && Object.hasOwn(withArgument, term) && terms.length) holds = withArgument[term](terms.shift().toLowerCase().replace(/"/g, ''));
    else if (!quoted && dotted) holds = (p) => hasLayer(p, dotted[1]) && hasWord(p, dotted[1], dotted[2]);
    else if (!quoted && /^(tcp|udp|icmp|icmpv4|icmpv6|arp|dns|ipv4|ipv6|ethernet|vlan)$/.test(term)) holds = (p) => hasLayer(p, term) || protocolOf(p).startsWith(term);
    tests.push(not ? (p, i) => !holds(p, i) : holds);
  }
  return (packet, index) => tests.every((holds) => holds(packet, index));
}

// hasWord looks for a word in a packet's summary, and for a flag or a value in the fields of a layer.
function hasWord(packet, protocol, word) {
  if (packet.summary.toLowerCase().split(/[^a-z0-9]+/).includes(word)) return true;
  return (packet.layers ?? []).some((l) => l.name.toLowerCase() === protocol && l.fields.some((f) =>
    (f.name.toLowerCase() === word && !/^(0|false|)$/.test(f.value)) || f.value.toLowerCase().split(/[^a-z0-9]+/).includes(word)));
}
