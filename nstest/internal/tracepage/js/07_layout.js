// SPDX-License-Identifier: Apache-2.0
// Where nodes are drawn: in columns, by how many links they are from one end of the network, so that each link joins
// neighbouring columns or two nodes of one. Many hosts that hang on the same node, and nothing is to be said of, are one box.

const manyHosts = 6;

// layOut returns boxes with column and row, and the box of each node. A node that keep is true for has a box of its own.
function layOut(keep) {
  const boxes = [], boxOf = new Map();
  const neighbours = new Map(trace.nodes.map((n) => [n.id, []]));
  for (const { a, b } of trace.links) {
    if (!neighbours.has(a?.node) || !neighbours.has(b?.node) || a.node === b.node) continue;
    neighbours.get(a.node).push(b.node);
    neighbours.get(b.node).push(a.node);
  }
  const isLeaf = (id) => neighbours.get(id).length === 1 && neighbours.get(neighbours.get(id)[0]).length > 1 && !keep(id);
  const leaves = groupBy(trace.nodes.filter((n) => isLeaf(n.id)), (n) => neighbours.get(n.id)[0]);
  for (const node of trace.nodes) {
    if (boxOf.has(node.id)) continue;
    const alike = isLeaf(node.id) ? leaves.get(neighbours.get(node.id)[0]) : [];
    const box = { nodes: alike.length > manyHosts ? alike : [node], row: 0, column: 0, near: [] };
    for (const member of box.nodes) boxOf.set(member.id, box);
    boxes.push(box);
  }
  for (const box of boxes) {
    box.near = [...new Set(box.nodes.flatMap((n) => neighbours.get(n.id)).map((id) => boxOf.get(id)))];
  }
  let top = 0;
  const placed = new Set();
  for (const box of boxes) {
    if (!placed.has(box)) top = place(box, placed, top);
  }
  return { boxes, boxOf };
}

// distances returns the boxes that hang together with a box, in the order of their distance from it.
function distances(from) {
  const far = new Map([[from, 0]]);
  for (const box of far.keys()) {
    for (const next of box.near) if (!far.has(next)) far.set(next, far.get(box) + 1);
  }
  return far;
}

// place places all that hangs together with a box below top, and returns where the rest may begin.
function place(box, placed, top) {
  const farthest = [...distances(box).keys()].at(-1);
  const chain = distances(farthest);
  // The first node of the test is on the left, if it is at an end.
  const far = chain.get(box) === Math.max(...chain.values()) ? distances(box) : chain;
  const columns = [];
  for (const [b, column] of far) {
    placed.add(b);
    b.column = column;
    (columns[column] ??= []).push(b);
  }
  // A column as tall as a hall is broken into several beside each other.
  for (const column of columns) column.forEach((b, i) => { b.row = i - (column.length - 1) / 2; });
  for (let sweep = 0; sweep < 4; sweep++) {
    for (const column of sweep % 2 ? columns.toReversed() : columns) {
      const wish = new Map(column.map((b) => [b, b.near.length ? b.near.reduce((sum, n) => sum + n.row, 0) / b.near.length : b.row]));
      column.sort((a, b) => wish.get(a) - wish.get(b));
      const middle = [...wish.values()].reduce((sum, w) => sum + w, 0) / column.length;
      column.forEach((b, i) => { b.row = middle + i - (column.length - 1) / 2; });
    }
  }
  const rows = [...far.keys()].map((b) => b.row);
  const shift = top - Math.min(...rows);
  for (const b of far.keys()) b.row += shift;
  return Math.max(...rows) + shift + 1.3;
}
