// Search box, a button for each standing, menus for the rest. What it sets stands in the URL's hash.
import { h } from './dom.js';
import { go, isFiltered, LIST_KEYS, readState, valuesOf } from './state.js';
import { axisTitle, STANDINGS } from './words.js';

const TYPING_MS = 150;
const NARROW_PX = 640; // as style.css has it
const MENUS = [
  ['cause', 'cause'],
  ['root', 'root cause'],
  ['tag', 'tag'],
];
const NOTHING = { q: '', ...Object.fromEntries(LIST_KEYS.map((key) => [key, []])) };

function searchBox() {
  const input = h('input', {
    type: 'search',
    id: 'search',
    placeholder: 'Search: names, causes, transcripts ( / )',
    'aria-label': 'Search',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  let timer = 0;
  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => go({ q: input.value }, { replace: true }), TYPING_MS);
  });
  return input;
}

function standingButtons(testcases) {
  const counts = new Map(valuesOf(testcases, 'standing'));
  return STANDINGS.filter(({ name }) => counts.has(name)).map(({ name, glyph, title }) =>
    h(
      'button',
      {
        type: 'button',
        class: 'standing',
        title,
        'data-standing': name,
        onclick: () => {
          const { standing } = readState();
          go({ standing: standing.includes(name) ? standing.filter((other) => other !== name) : [...standing, name] });
        },
      },
      h('b', { class: `badge s-${name}` }, glyph),
      ` ${counts.get(name).toLocaleString('en')} ${name}`,
    ),
  );
}

// A menu for what has more than one value; choosing the empty line takes the filter away.
function menu(testcases, key, title) {
  const values = valuesOf(testcases, key);
  if (values.length === 0 || (values.length === 1 && !MENUS.some(([name]) => name === key))) return null;
  const select = h(
    'select',
    { 'data-key': key, 'aria-label': title, onchange: () => go({ [key]: [select.value] }) },
    h('option', { value: '' }, `${title}: any`),
    values.map(([value, count]) => h('option', { value }, `${title}: ${value} (${count})`)),
  );
  return select;
}

export function filterBar(report) {
  const { testcases, axes } = report;
  const clear = h('button', { type: 'button', class: 'clear', onclick: () => go(NOTHING) }, 'Clear');
  const bar = h(
    'search',
    { class: 'filters' },
    searchBox(),
    h('div', { class: 'standings' }, standingButtons(testcases)),
    clear,
    h(
      'details',
      { class: 'more', open: innerWidth > NARROW_PX },
      h('summary', {}, 'More filters'),
      h(
        'div',
        { class: 'menus' },
        MENUS.map(([key, title]) => menu(testcases, key, title)),
        axes.map((axis) => menu(testcases, axis, axisTitle(axis))),
      ),
    ),
  );
  return {
    bar,
    show: (state) => {
      const input = bar.querySelector('input');
      if (input.value !== state.q) input.value = state.q;
      for (const button of bar.querySelectorAll('.standing')) {
        button.setAttribute('aria-pressed', String(state.standing.includes(button.dataset.standing)));
      }
      for (const select of bar.querySelectorAll('select')) {
        select.value = state[select.dataset.key][0] ?? '';
        select.classList.toggle('set', select.value !== '');
      }
      clear.hidden = !isFiltered(state);
    },
  };
}
