// What keys do. Keys in the search box and menus are theirs, but for Escape.
import { h } from './dom.js';
import { go, readState } from './state.js';
import { toggleTheme } from './theme.js';

const KEYS = [
  ['/', 'search'],
  ['n p', 'next and previous failure'],
  ['h', 'into the heat map; arrows move, Enter opens'],
  ['c', 'copy the command that repeats this testcase'],
  ['t', 'light or dark'],
  ['Esc', 'back: from a testcase, a search, this help'],
  ['?', 'this help'],
];

export function helpDialog() {
  const dialog = h(
    'dialog',
    { class: 'keys', 'aria-label': 'Keys' },
    h('h2', {}, 'Keys'),
    h(
      'table',
      {},
      KEYS.map(([keys, meaning]) =>
        h(
          'tr',
          {},
          h(
            'th',
            { scope: 'row' },
            keys.split(' ').map((key) => h('kbd', {}, key)),
          ),
          h('td', {}, meaning),
        ),
      ),
    ),
    h('form', { method: 'dialog' }, h('button', {}, 'Close')),
  );
  return dialog;
}

function escape(page) {
  if (document.activeElement?.id === 'search') {
    document.activeElement.blur();
    go({ q: '' });
  } else if (readState().cell) {
    go({ cell: '' });
  }
}

export function installKeys(page) {
  const actions = {
    '/': () => {
      go({ cell: '' });
      document.getElementById('search').focus();
    },
    n: () => page.step(1),
    p: () => page.step(-1),
    h: () => {
      go({ cell: '' });
      document.querySelector('.grid .cell[tabindex="0"]')?.focus();
    },
    c: () => document.querySelector('.cell-page .judgement .copy')?.click(),
    t: toggleTheme,
    '?': () => page.help.showModal(),
  };
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || page.help.open) return;
    if (event.key === 'Escape') return escape(page);
    if (event.target.closest?.('input, select, textarea, .ap-wrapper')) return;
    if (!Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]();
  });
}
