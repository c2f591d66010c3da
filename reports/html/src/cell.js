// One testcase: what happened, why, what to change, and all the evidence that the page has.
import { command, dateTime, duration, h, plural, visible } from './dom.js';
import { causeAndChange, testcaseLink } from './groups.js';
import { go } from './state.js';
import { showMark, transcript } from './transcript.js';
import { trendOf } from './trends.js';
import { walkPicture } from './walk.js';
import { axisTitle, AXES, standingOf } from './words.js';

const preformatted = (title, lines) =>
  lines?.length > 0
    ? h(
        'section',
        {},
        h('h2', {}, title),
        h(
          'pre',
          {},
          lines.map((line) => h('div', { class: line.startsWith('>') ? 'mark' : '' }, visible(line))),
        ),
      )
    : null;

const table = (rows) =>
  h(
    'table',
    {},
    rows
      .filter(([, value]) => value !== undefined && value !== '' && value !== null)
      .map(([name, value]) =>
        h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, typeof value === 'string' ? visible(value) : value)),
      ),
  );

// Two texts with the part marked from the first place on which they differ.
function difference(expected, seen) {
  let at = 0;
  while (at < expected.length && expected[at] === seen[at]) at += 1;
  const shown = (text) => [visible(text.slice(0, at)), h('mark', {}, visible(text.slice(at)) || ' ')];
  return h(
    'dl',
    { class: 'difference' },
    h('dt', {}, 'expected'),
    h('dd', {}, shown(expected)),
    h('dt', {}, 'seen'),
    h('dd', {}, shown(seen)),
  );
}

function judgement(testcase) {
  const { outcome, verdict } = testcase;
  const divergence = verdict.kind !== 'pass' ? outcome?.divergence : undefined;
  return h(
    'section',
    { class: 'judgement' },
    causeAndChange(testcase.rootCause),
    testcase.diagnosis?.headline ? h('p', { class: 'exception' }, visible(testcase.diagnosis.headline)) : null,
    divergence?.seen && divergence.captured === undefined
      ? difference(divergence.expected, divergence.seen.text)
      : null,
    divergence?.seen && divergence.captured === undefined
      ? h('p', { class: 'dim' }, `${visible(divergence.place)}; line ${divergence.seen.number} of the console`)
      : verdict.detail
        ? h('p', { class: 'detail' }, visible(verdict.detail))
        : null,
    testcase['expected-failure']
      ? h('p', {}, 'A failure was expected: ', visible(testcase['expected-failure'].reason))
      : null,
    testcase['recheck-words'] ? h('p', { class: 'recheck' }, `Once more: ${visible(testcase['recheck-words'])}`) : null,
    testcase['who-must-act'] ? h('p', {}, `To act: ${testcase['who-must-act']}`) : null,
    testcase.quarantine ? h('p', {}, `Quarantine: ${visible(testcase.quarantine)}`) : null,
    h('h2', {}, 'Repeat it'),
    command(testcase['repeat-command'], 'c'),
    testcase.rootCause
      ? [
          h('h2', {}, 'What this cause is, and how to confirm it'),
          command(`bootrig explain ${testcase.rootCause.name}`),
        ]
      : null,
  );
}

// As manuals and triage write it: eight digits, more when there are.
const syndrome = (esr) => esr && `0x${esr.slice(2).padStart(8, '0')}`;

function explanation({ diagnosis }) {
  if (!diagnosis) return null;
  const { exception, cpus } = diagnosis;
  const list = (title, texts) =>
    texts.length > 0
      ? h(
          'section',
          {},
          h('h2', {}, title),
          h(
            'ul',
            {},
            texts.map((text) => h('li', {}, visible(text))),
          ),
        )
      : null;
  return [
    diagnosis.walk.length > 0 ? h('section', {}, h('h2', {}, 'Walk'), walkPicture(diagnosis)) : null,
    list('Findings', diagnosis.findings),
    list('Missing', diagnosis.missing),
    exception || cpus.length > 0
      ? h(
          'section',
          {},
          h('h2', {}, 'Registers'),
          exception
            ? table([
                ['exception', exception.text],
                ['taken to', `EL${exception['taken-to']}`],
                ['ESR', syndrome(exception.esr)],
                ['ESR, as the tables predict it', syndrome(exception['predicted-esr'])],
                ['FAR', exception.far],
                ['ELR', exception.elr],
              ])
            : null,
          cpus.length > 0
            ? table(
                cpus.map((cpu) => [
                  `CPU ${cpu.index}`,
                  `EL${cpu.level}  PC ${cpu.pc}${cpu.symbol ? ` <${cpu.symbol}>` : ''}  ${cpu.state}`,
                ]),
              )
            : null,
        )
      : null,
    preformatted('Code', diagnosis.code),
    preformatted('Backtrace', diagnosis.backtrace),
  ];
}

// What the guest reported itself, as it said it. Those that passed are folded where they are many.
const SUBTESTS_SHOWN = 20;

function subtestRow({ name, status, line, detail }) {
  const standing = standingOf(status);
  return h(
    'tr',
    { class: 'subtest' },
    h('td', {}, h('b', { class: `badge s-${standing.name}`, title: status }, standing.glyph)),
    h('th', { scope: 'row' }, visible(name)),
    h('td', {}, visible(detail ?? '')),
    h('td', { class: 'dim' }, `line ${line}`),
  );
}

function subtests({ subtests: all = [] }) {
  if (all.length === 0) return null;
  const passed = all.filter(({ status }) => status === 'pass');
  const folded = all.length > SUBTESTS_SHOWN && passed.length > 0;
  const shown = folded ? all.filter(({ status }) => status !== 'pass') : all;
  const count = (status) => all.filter((subtest) => subtest.status === status).length;
  const words = [`${passed.length} passed`, `${count('fail')} failed`, `${count('skip')} skipped`].join(', ');
  return h(
    'section',
    { class: 'subtests' },
    h('h2', {}, 'Subtests'),
    h('p', {}, `${plural(all.length, 'subtest')}: ${words}`),
    shown.length > 0 ? h('table', {}, shown.map(subtestRow)) : null,
    folded
      ? h('details', {}, h('summary', {}, `${passed.length} that passed`), h('table', {}, passed.map(subtestRow)))
      : null,
  );
}

function attempts(testcase) {
  if (testcase.attempts.length < 2) return null;
  return h(
    'section',
    {},
    h('h2', {}, 'Attempts'),
    h(
      'ol',
      {},
      testcase.attempts.map(({ verdict, folder }) =>
        h(
          'li',
          {},
          `${verdict.kind}${verdict.cause ? ` (${verdict.cause})` : ''} ${visible(verdict.detail)} `,
          h('span', { class: 'dim' }, folder),
        ),
      ),
    ),
  );
}

function facts(testcase) {
  const { outcome } = testcase;
  const target = AXES.filter((axis) => testcase.axes[axis]).map((axis) => `${axisTitle(axis)} ${testcase.axes[axis]}`);
  return h(
    'section',
    {},
    h('h2', {}, 'Facts'),
    table([
      ['scenario', testcase['scenario-summary']],
      ['tags', testcase.tags.join(', ')],
      ['target', target.join(', ')],
      ['image', testcase.image],
      ['SHA-256', testcase['image-sha256']],
      ['ended', outcome && `${outcome.termination}${outcome['exit-status'] ? ` ${outcome['exit-status']}` : ''}`],
      ['matched', outcome?.expected > 0 ? `${outcome.matched} of ${outcome.expected} expectations` : ''],
      ['power-on to end', outcome && duration(outcome['wall-ms'])],
      ['first output after', outcome?.bytes > 0 ? duration(outcome['first-output-ms']) : ''],
      ['console', outcome && `${plural(outcome.bytes, 'byte')}, ${plural(outcome.lines, 'line')}`],
      ['console’s SHA-256', outcome?.['transcript-sha256']],
      [
        'captures',
        Object.entries(outcome?.captures ?? {})
          .map(([name, value]) => `${name}=${value}`)
          .join('  '),
      ],
      ['started', dateTime(testcase['started-at-ms'])],
      ['files', testcase.attempt?.folder],
    ]),
    outcome?.machine.errors ? h('pre', {}, visible(outcome.machine.errors)) : null,
    outcome?.machine.argv.length > 0
      ? h(
          'details',
          {},
          h('summary', {}, 'The machine’s command line'),
          command(outcome.machine.argv.map(quoted).join(' ')),
        )
      : null,
  );
}

const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

// Others of the same scenario on the same machine (repetitions).
function siblings(testcase, report) {
  const others = report.testcases.filter(
    (other) => other !== testcase && other.scenario === testcase.scenario && other.column === testcase.column,
  );
  return others.length > 0
    ? h(
        'p',
        { class: 'cells' },
        'Also: ',
        others.map((other) => testcaseLink(other)),
      )
    : null;
}

export function cellPage(testcase, report, { previous, next }) {
  const standing = standingOf(testcase.standing);
  const step = (other, text, key) =>
    h(
      'button',
      { type: 'button', disabled: !other, title: `${text} (${key})`, onclick: () => go({ cell: other.id }) },
      text,
    );
  const said = transcript(testcase);
  const page = h(
    'div',
    { class: 'cell-page' },
    h(
      'nav',
      { class: 'steps' },
      h('button', { type: 'button', class: 'back', onclick: () => go({ cell: '' }) }, '← All'),
      step(previous, '‹ Previous', 'p'),
      step(next, 'Next ›', 'n'),
    ),
    h(
      'header',
      {},
      h('h1', {}, h('b', { class: `badge big s-${testcase.standing}` }, standing.glyph), ' ', visible(testcase.id)),
      h(
        'p',
        { class: 'headline' },
        visible(testcase.headline),
        h('span', { class: 'dim' }, `  ${duration(testcase['duration-ms'])}  ${visible(testcase['scenario-summary'])}`),
      ),
      siblings(testcase, report),
    ),
    judgement(testcase),
    subtests(testcase),
    explanation(testcase),
    said,
    attempts(testcase),
    trendOf(testcase, report),
    facts(testcase),
  );
  return {
    page,
    shown: () => {
      showMark(said);
      // Where the picture is wider than the screen, its end is what matters.
      for (const walk of page.querySelectorAll('.walk')) walk.scrollLeft = walk.scrollWidth;
    },
  };
}
