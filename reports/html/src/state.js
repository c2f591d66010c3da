// What is shown, as the URL's hash says it: q=text&standing=fail&standing=error&level=1&cell=ID. A link to a page
// with a hash is a link to that view.
import { haystack } from './report.js';
import { AXES } from './words.js';

// Keys that hold several values, of which one must fit.
const LISTS = {
  standing: (testcase) => [testcase.standing],
  cause: (testcase) => [testcase.verdict.cause],
  root: (testcase) => [testcase.rootCause?.name ?? ''],
  same: (testcase) => [testcase.sameness],
  tag: (testcase) => testcase.tags,
  ...Object.fromEntries(AXES.map((axis) => [axis, (testcase) => [testcase.axes[axis]]])),
};
export const LIST_KEYS = Object.keys(LISTS);

export function readState() {
  const hash = new URLSearchParams(location.hash.slice(1));
  const lists = Object.fromEntries(LIST_KEYS.map((key) => [key, hash.getAll(key).filter(Boolean)]));
  return { q: hash.get('q') ?? '', cell: hash.get('cell') ?? '', ...lists };
}

export function hashOf(state) {
  const words = new URLSearchParams();
  for (const [key, value] of Object.entries(state)) {
    for (const word of [value].flat()) if (word) words.append(key, word);
  }
  return '#' + words.toString().replaceAll('%2F', '/').replaceAll('%40', '@');
}

// Typing in the search box makes no steps in the browser's history; everything else does.
export function go(change, { replace = false } = {}) {
  const hash = hashOf({ ...readState(), ...change });
  if (hash === (location.hash || '#')) return;
  if (replace) history.replaceState(null, '', hash);
  else history.pushState(null, '', hash);
  window.dispatchEvent(new Event('bootrig:go'));
}

export const isFiltered = (state) => state.q !== '' || LIST_KEYS.some((key) => state[key].length > 0);

// Every word of the search must be somewhere in the testcase, its transcript included.
export function select(testcases, state) {
  const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
  const keys = LIST_KEYS.filter((key) => state[key].length > 0);
  return testcases.filter(
    (testcase) =>
      keys.every((key) => LISTS[key](testcase).some((value) => state[key].includes(value ?? ''))) &&
      words.every((word) => haystack(testcase).includes(word)),
  );
}

// How many testcases have which value of a key, the most frequent first.
export function valuesOf(testcases, key) {
  const counts = new Map();
  for (const testcase of testcases) {
    for (const value of LISTS[key](testcase)) if (value) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts].sort((left, right) => right[1] - left[1]);
}
