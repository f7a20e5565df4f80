// SPDX-License-Identifier: Apache-2.0
// A list of any length, of which only the rows that are seen exist. For a screen reader it is a listbox whose options say
// their place in the whole.

class LongList {
  // cells returns the children of row i; words, what a screen reader reads of it; chosen is called with what the user picks.
  constructor({ id, label, cells, words, rowClass, chosen }) {
    Object.assign(this, { id, cells, words, rowClass, chosen, count: 0, active: -1 });
    this.inner = el('div', { role: 'presentation', class: 'inner' });
    this.element = el('div', {
      id, class: 'long', role: 'listbox', tabindex: 0, 'aria-label': label,
      onscroll: () => this.scrolled(), onkeydown: (e) => this.key(e), onclick: (e) => this.click(e),
    }, this.inner);
    addEventListener('resize', () => this.measure());
    addEventListener('beforeprint', () => this.render(true));
    addEventListener('afterprint', () => this.render());
  }

  measure() {
    this.height = parseFloat(getComputedStyle(this.element).getPropertyValue('--row')) || 24;
    this.render();
  }

  // show has the list have count rows.
  show(count, active) {
    this.count = count;
    this.active = active;
    this.element.style.setProperty('--rows', count);
    this.measure();
  }

  // reveal makes row i the active one and scrolls to it, or to another one.
  reveal(i, to = i) {
    this.active = i;
    const top = to * this.height, { scrollTop, clientHeight } = this.element;
    if (to >= 0 && (top < scrollTop || top + this.height > scrollTop + clientHeight)) {
      this.element.scrollTop = Math.max(0, top - clientHeight / 2);
    }
    this.render();
  }

  // scrolled makes other rows only if others are seen: a row that is clicked must not go between press and release.
  scrolled() {
    const { first, last } = this.window();
    if (first !== this.first || last !== this.last) this.render();
  }

  window() {
    const { scrollTop, clientHeight } = this.element;
    return { first: Math.max(0, Math.floor(scrollTop / this.height) - 4), last: Math.min(this.count, Math.ceil((scrollTop + clientHeight) / this.height) + 4) };
  }

  // render makes the rows that are seen; on paper these are the first ones of them all, or those around the active one.
  render(paper) {
    let { first, last } = this.window();
    if (paper) {
      first = Math.max(0, this.active - 20);
      last = Math.min(this.count, first + 40);
    }
    Object.assign(this, { first, last });
    this.inner.style.height = (paper ? last - first : this.count) * this.height + 'px';
    const rows = [];
    for (let i = first; i < last; i++) {
      const element = el('div', {
        id: this.id + '-' + i, role: 'option', class: ['row', i === this.active ? 'chosen' : '', this.rowClass?.(i) ?? ''].join(' '),
        'aria-selected': String(i === this.active), 'aria-posinset': i + 1, 'aria-setsize': this.count, 'aria-label': this.words(i), 'data-row': i,
      }, this.cells(i));
      element.style.top = (paper ? i - first : i) * this.height + 'px';
      rows.push(element);
    }
    fill(this.inner, rows);
    if (this.active >= first && this.active < last) this.element.setAttribute('aria-activedescendant', this.id + '-' + this.active);
    else this.element.removeAttribute('aria-activedescendant');
  }

  key(e) {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.height) - 1);
    const to = {
      ArrowDown: this.active + 1, ArrowUp: this.active - 1, PageDown: this.active + page, PageUp: this.active - page, Home: 0, End: this.count - 1,
    }[e.key];
    if (to === undefined || e.ctrlKey || e.metaKey || e.altKey || !this.count) return;
    e.preventDefault();
    e.stopPropagation();
    this.pick(Math.min(this.count - 1, Math.max(0, to)));
  }

  click(e) {
    const i = e.target.closest('[data-row]')?.dataset.row;
    if (i !== undefined && !getSelection().toString()) this.pick(Number(i));
  }

  pick(i) {
    this.reveal(i);
    this.chosen(i);
  }
}
