// The run as the page sees it: the JSON block (its shape: reports/html_report.h), and what is derived from it once.
import { AXES, compareValues, rankOf } from './words.js';

const SCHEMA = 'bootrig-page-1';

export function readReport() {
  const data = JSON.parse(document.getElementById('data').textContent);
  if (data.schema !== SCHEMA) throw new Error(`this page reads ${SCHEMA}, the data are ${data.schema}`);
  const testcases = data.results.map(toTestcase);
  testcases.sort((left, right) => compareValues(left.scenario, right.scenario) || compareTargets(left, right));
  return {
    run: data.run,
    totals: data.totals,
    missing: data.missing,
    withoutConsole: data['without-console'],
    testcases,
    history: (data.history ?? []).slice().sort((left, right) => left.time - right.time),
    byId: new Map(testcases.map((testcase) => [testcase.id, testcase])),
    axes: AXES.filter((axis) => new Set(testcases.map((testcase) => testcase.axes[axis])).size > 1),
  };
}

function toTestcase(result) {
  const attempt = result.attempts.at(-1);
  const axes = { 'target-name': result['target-name'], ...result['target-values'] };
  return {
    ...result,
    attempt,
    outcome: attempt?.outcome,
    diagnosis: attempt?.diagnosis,
    rootCause: attempt?.diagnosis?.['root-cause'],
    tags: result.tags ?? [],
    axes,
    column: AXES.map((axis) => axes[axis] ?? '').join(' '),
    wall: attempt?.outcome['wall-ms'] ?? 0,
  };
}

export function compareTargets(left, right) {
  for (const axis of AXES) {
    const order = compareValues(left.axes[axis] ?? '', right.axes[axis] ?? '');
    if (order !== 0) return order;
  }
  return left.id < right.id ? -1 : 1;
}

export const worst = (testcases) =>
  testcases.reduce((found, other) => (rankOf(other.standing) < rankOf(found.standing) ? other : found));

// What search looks through; made when it is first needed, and kept.
export function haystack(testcase) {
  testcase.haystack ??= [
    testcase.id,
    testcase['scenario-summary'],
    testcase.headline,
    testcase.verdict.cause,
    testcase.verdict.detail,
    testcase.rootCause?.name,
    testcase.rootCause?.what,
    testcase.rootCause?.change,
    testcase.diagnosis?.headline,
    testcase.quarantine,
    ...testcase.tags,
    ...(testcase.subtests ?? []).flatMap(({ name, detail }) => [name, detail]),
    ...(testcase.diagnosis?.findings ?? []),
    ...(testcase.console?.head ?? []).map((line) => line[1]),
    ...(testcase.console?.tail ?? []).map((line) => line[1]),
  ]
    .filter(Boolean)
    .join('\n')
    .toLowerCase();
  return testcase.haystack;
}

// Testcases that failed for the same trouble: gating ones first, then the largest group.
export function groupBySameness(testcases) {
  const groups = new Map();
  for (const testcase of testcases) {
    if (!groups.has(testcase.sameness)) groups.set(testcase.sameness, []);
    groups.get(testcase.sameness).push(testcase);
  }
  return [...groups.values()].sort(
    (left, right) =>
      Number(right[0].gates) - Number(left[0].gates) ||
      right.length - left.length ||
      Number(Boolean(right[0].rootCause)) - Number(Boolean(left[0].rootCause)) ||
      rankOf(left[0].standing) - rankOf(right[0].standing),
  );
}

// What sets the group apart: axes of which all of it have one value, while testcases of the same scenarios that are not
// in it have others: [axis, its value, the other values].
export function tellingAxes(group, report) {
  const scenarios = new Set(group.map((testcase) => testcase.scenario));
  const others = report.testcases.filter(
    (testcase) =>
      scenarios.has(testcase.scenario) && testcase.standing !== 'skip' && testcase.sameness !== group[0].sameness,
  );
  return report.axes.flatMap((axis) => {
    const value = group[0].axes[axis];
    const otherValues = [...new Set(others.map((testcase) => testcase.axes[axis]))].sort(compareValues);
    const telling =
      group.every((testcase) => testcase.axes[axis] === value) && otherValues.some((other) => other !== value);
    return telling && !otherValues.includes(value) ? [[axis, value, otherValues]] : [];
  });
}

// A testcase's verdicts and boot times over the earlier runs, oldest first, and now.
export function historyOf(testcase, report) {
  const earlier = report.history
    .filter((run) => run.testcases?.[testcase.id])
    .map((run) => ({
      time: run.time,
      revision: run.revision,
      standing: run.testcases[testcase.id][0],
      seconds: run.testcases[testcase.id][1],
    }));
  return [
    ...earlier,
    {
      time: report.run['started-at-ms'],
      revision: report.run.revision,
      standing: testcase.standing,
      seconds: testcase.wall / 1000,
    },
  ];
}
