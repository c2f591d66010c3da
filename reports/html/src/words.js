// The standings (harness/run/verdict.h) as the page shows them: a glyph and a word each, so that no meaning hangs on
// colour alone. The worst first.
export const STANDINGS = [
  { name: 'fail', glyph: '✗', title: 'failed', gates: true },
  { name: 'error', glyph: '!', title: 'error: not the guest’s doing', gates: true },
  { name: 'wrong-failure', glyph: '≠', title: 'failed, but not as expected', gates: true },
  { name: 'xpass', glyph: '?', title: 'passed, but a failure was expected', gates: true },
  { name: 'quarantined', glyph: 'Q', title: 'failed in quarantine', gates: false },
  { name: 'flaky', glyph: '~', title: 'passed after a retry', gates: false },
  { name: 'skip', glyph: '–', title: 'skipped', gates: false },
  { name: 'xfail', glyph: 'e', title: 'failed as expected', gates: false },
  { name: 'pass', glyph: '✓', title: 'passed', gates: false },
];

const RANK = new Map(STANDINGS.map((standing, rank) => [standing.name, rank]));
export const rankOf = (name) => RANK.get(name) ?? 0;
export const standingOf = (name) => STANDINGS[rankOf(name)];

// The axes of a target, in the order of the heat map's header.
export const AXES = ['target-name', 'accelerator', 'level', 'gic', 'cpu', 'cpus', 'memory'];
export const axisTitle = (axis) => (axis === 'target-name' ? 'target' : axis);

const LETTERS = new Intl.Collator('en', { numeric: true });
const UNITS = { K: 10, M: 20, G: 30, T: 40 };

// "512M" before "1G", "2" before "10", "scenario-7" before "scenario-35".
export function compareValues(left, right) {
  if (left === right) return 0;
  const size = (text) => {
    const match = /^(\d+)([KMGT]?)$/.exec(text);
    return match ? Number(match[1]) * 2 ** (UNITS[match[2]] ?? 0) : NaN;
  };
  const difference = size(left) - size(right);
  return Number.isNaN(difference) ? LETTERS.compare(left, right) : difference;
}
