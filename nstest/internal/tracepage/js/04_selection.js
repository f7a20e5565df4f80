// SPDX-License-Identifier: Apache-2.0
// What is selected, and who is told when that changes. Nothing else on the page has a state that two parts share.

const selection = {
  at: failedAt,         // the moment
  event: failure,       // the event at that moment, if one was chosen
  node: undefined,      // ID of the node whose state is shown
  link: undefined,      // ID of a link that is pointed out
  packet: -1,           // index of the packet whose layers are shown
  range: undefined,     // [from, to] that lists are limited to
  pin: undefined,       // a moment to compare with
  view: [0, lastAt],    // what the time line shows
};

const followers = [];

// follow calls a function whenever one of some parts of the selection changes, and once the page is complete.
function follow(keys, render) { followers.push({ keys, render }); }

function select(change) {
  const changed = Object.keys(change).filter((key) => selection[key] !== change[key]);
  Object.assign(selection, change);
  for (const { keys, render } of followers) {
    if (keys.some((key) => changed.includes(key))) render(changed);
  }
}

function renderAll() { for (const { keys, render } of followers) render(keys); }

// goTo selects an event, and with it what it is about.
function goTo(event) {
  select({ at: event.at, event, link: event.link, ...(nodes.has(event.node) ? { node: event.node } : {}) });
}

function selectPacket(index) {
  const packet = trace.packets[index];
  if (packet) select({ at: packet.at, event: undefined, packet: index, link: packet.link });
}

const notable = happenings.filter((e) => e.bad || e.lane === 'faults' || e.lane === 'test');

// step goes to the next event in a direction, or with notableOnly to the next that people would tell each other of.
function step(direction, notableOnly) {
  const list = notableOnly ? notable : happenings;
  let index = list.indexOf(selection.event);
  if (index >= 0) index += direction;
  else index = direction > 0 ? indexAt(list, selection.at) : indexAt(list, selection.at - 1) - 1;
  if (!list[index]) return;
  goTo(list[index]);
  if (document.activeElement !== lanesBox) say(moment(list[index].at) + ', ' + describe(list[index])); // a slider says so by itself
}

const inRange = (at) => !selection.range || (at >= selection.range[0] && at <= selection.range[1]);
