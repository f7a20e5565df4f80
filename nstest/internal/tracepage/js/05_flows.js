// SPDX-License-Identifier: Apache-2.0
// Who has talked to whom, and where an answer is missing. The summary of a packet names its two ends: "TCP SYN a:1 > b:2".

const endsInSummary = /^(?:VLAN \d+, )?(\S+).*?([0-9a-fA-F.:[\]%a-z]+) > ([0-9a-fA-F.:[\]%a-z]+)/;
// Multicast and broadcast are not answered, nor is what the kernels say to each other.
const unanswerable = /^(\[?ff|22[4-9]\.|23\d\.|255\.)/i;

const withoutPort = (address) => address.replace(/^(\[.*\]|[\d.]+):\d+$/, '$1');

function conversationOf(packet) {
  const match = endsInSummary.exec(packet.summary);
  if (!match || match[2] === match[3] || unanswerable.test(match[3]) || unanswerable.test(match[2])) return undefined;
  if (/^(ICMPv6|ICMP)/.test(match[1]) && !/echo|ping/i.test(packet.summary)) return undefined;
  return { protocol: match[1], from: match[2], to: match[3] };
}

// What ends a conversation gets no answer, nor does an acknowledgement.
// One without data has 114 bytes at most, all options included.
const isLastWord = (packet) => /\bTCP (RST|RST ACK) /.test(packet.summary) || (/\bTCP ACK /.test(packet.summary) && packet.length <= 114);

// unanswered returns the conversations of which the last packets, up to a moment, got no answer, and how far they came.
function unanswered(at) {
  const conversations = new Map();
  const end = indexAt(trace.packets, at);
  for (let i = 0; i < end; i++) {
    const packet = trace.packets[i];
    const c = conversationOf(packet);
    if (!c) continue;
    const back = conversations.get([c.protocol, withoutPort(c.to), c.from].join(' '));
    if (back) {
      Object.assign(back, isLost(packet) ? { lostAnswer: packet.fate } : { answered: true, tail: [], lostAnswer: undefined });
      continue;
    }
    const key = [c.protocol, withoutPort(c.from), c.to].join(' ');
    if (!conversations.has(key)) {
      conversations.set(key, { ...c, from: withoutPort(c.from), answered: false, tail: [] });
    }
    if (!isLastWord(packet)) conversations.get(key).tail.push(i);
  }
  return [...conversations.values()].map(silenceOf).filter(Boolean);
}

// silenceOf returns what is to be said of a conversation, and nothing of one that just ended.
function silenceOf({ protocol, from, to, answered, tail, lostAnswer }) {
  const packets = tail.map((i) => trace.packets[i]);
  const first = packets[0];
  const sent = packets.filter((p) => p.link === first?.link);
  if (!first || (answered && sent.length < 2)) return undefined;
  const last = packets.findLast((p) => p.link === packets.at(-1).link);
  return { protocol, from, to, answered, sent: sent.length, index: tail[0], tail, since: first.at, end: last.to, lost: isLost(last) && last.fate, lostAnswer };
}
