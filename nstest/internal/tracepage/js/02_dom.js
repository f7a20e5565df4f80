// SPDX-License-Identifier: Apache-2.0
// Elements are made here and nowhere else. Text of the trace is never markup: it only becomes text nodes and attributes.

const byId = (id) => document.getElementById(id);

function make(namespace, tag, properties, children) {
  const element = namespace ? document.createElementNS(namespace, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : clean(value));
  }
  return fill(element, children);
}

// fill has an element have these children; what is not there is left out.
function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((c) => c !== undefined && c !== null && c !== false)
    .map((c) => c instanceof Node ? c : clean(c)));
  return element;
}

const el = (tag, properties, ...children) => make('', tag, properties, children);
const svg = (tag, properties, ...children) => make('http://www.w3.org/2000/svg', tag, properties, children);

const button = (label, onclick, properties) => el('button', { type: 'button', onclick, ...properties }, label);

// Escape sequences of terminals, such as colours: CSI, OSC and the short ones.
const escapes = /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[@-Z\\-_]/g;
const controls = /[\u0000-\u0008\u000b-\u001f\u007f]/g;
// What turns the direction of writing, or is not seen at all, can make a line look like another one.
const invisible = /[\u0080-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

// clean returns text as it can be shown: without colours, and with control characters that are seen.
function clean(text) {
  return String(text)
    .replace(escapes, '')
    .replace(controls, (c) => String.fromCharCode(c === '\u007f' ? 0x2421 : 0x2400 + c.charCodeAt(0)))
    .replace(invisible, (c) => '⟨U+' + c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0') + '⟩');
}

// say has a screen reader say something.
function say(text) { byId('said').textContent = clean(text); }

async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    say(what + ' is copied');
  } catch (err) {
    say(what + ' cannot be copied: ' + err.message);
  }
}

// tabs fills a tablist: arrows go from one to the next, as the pattern of WAI-ARIA has it.
function tabs(list, panel, names, chosen, choose) {
  fill(list, names.map((name) => el('button', {
    type: 'button', role: 'tab', id: panel.id + '-' + name.replace(/ /g, '-'), 'aria-controls': panel.id,
    'aria-selected': String(name === chosen), tabindex: name === chosen ? 0 : -1,
    onclick: () => choose(name),
    onkeydown: (e) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
      if (!step) return;
      e.preventDefault();
      e.stopPropagation();
      choose(names[(names.indexOf(name) + step + names.length) % names.length]);
      list.querySelector('[aria-selected=true]').focus();
    },
  }, name)));
  panel.setAttribute('aria-labelledby', panel.id + '-' + chosen.replace(/ /g, '-'));
}
