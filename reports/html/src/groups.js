// Failures by root cause: what triage says of many testcases is told once, the worst first.
import { copyButton, h, plural, visible } from './dom.js';
import { groupBySameness, historyOf, tellingAxes } from './report.js';
import { go, hashOf, readState } from './state.js';
import { axisTitle, standingOf } from './words.js';

const CELLS_SHOWN = 12;

export function testcaseLink(testcase, text) {
  const link = h(
    'a',
    { href: hashOf({ ...readState(), cell: testcase.id }), class: 'cell-link' },
    h('b', { class: `badge s-${testcase.standing}` }, standingOf(testcase.standing).glyph),
    ' ',
    text ?? testcase.id,
  );
  link.addEventListener('click', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go({ cell: testcase.id });
  });
  return link;
}

export function causeAndChange(rootCause) {
  if (!rootCause) return null;
  return h(
    'dl',
    { class: 'cause' },
    h('dt', {}, 'CAUSE'),
    h('dd', {}, visible(rootCause.what)),
    h('dt', {}, 'CHANGE'),
    h('dd', { class: 'change' }, visible(rootCause.change)),
  );
}

// A group shares its cause; the addresses in its words may be the first testcase's alone.
function ownWords(group) {
  const first = group[0];
  if (!first.rootCause || group.every((testcase) => testcase.rootCause.what === first.rootCause.what)) return null;
  return h('p', { class: 'dim' }, `The values are those of ${visible(first.id)}; others have their own.`);
}

// "Only with gic 3, not with 2."
function tellingText(group, report) {
  return tellingAxes(group, report).map(([axis, value, others]) =>
    h('p', { class: 'dim' }, `Only with ${axisTitle(axis)} `, h('b', {}, value), `, not with ${others.join(', ')}.`),
  );
}

// How long the group's first testcase has stood like this, when the page knows earlier runs.
function ageText(testcase, report) {
  const standings = historyOf(testcase, report).map((point) => standingOf(point.standing).gates);
  if (standings.length < 2 || !testcase.gates) return null;
  const runs = standings.length - 1 - standings.lastIndexOf(false);
  return h('span', { class: runs === 1 ? 'age new' : 'age' }, runs === 1 ? 'new' : `for ${runs} runs`);
}

function cellsOf(group) {
  const list = h(
    'p',
    { class: 'cells' },
    group.slice(0, CELLS_SHOWN).map((testcase) => testcaseLink(testcase)),
  );
  if (group.length > CELLS_SHOWN) {
    list.append(
      h(
        'button',
        {
          type: 'button',
          class: 'link',
          onclick: (event) => {
            event.target.replaceWith(...group.slice(CELLS_SHOWN).map((testcase) => testcaseLink(testcase)));
          },
        },
        `and ${group.length - CELLS_SHOWN} more`,
      ),
    );
  }
  return list;
}

function groupCard(group, report) {
  const first = group[0];
  const standing = standingOf(first.standing);
  return h(
    'article',
    { class: `group ${first.gates ? 'gating' : ''}` },
    h(
      'h3',
      {},
      h('b', { class: `badge big s-${first.standing}` }, standing.glyph, ` ${group.length}`),
      first.rootCause ? h('span', { class: 'name' }, first.rootCause.name) : null,
      h('span', { class: first.rootCause ? 'dim' : 'name' }, visible(first.headline)),
      ageText(first, report),
      h(
        'span',
        { class: 'only' },
        h('button', { type: 'button', class: 'link', onclick: () => go({ same: [first.sameness] }) }, 'only these'),
        first.gates ? copyButton(first['repeat-command'], 'copy repeat command') : null,
      ),
    ),
    causeAndChange(first.rootCause),
    ownWords(group),
    first.rootCause ? null : h('p', { class: 'summary' }, visible(first.summary)),
    first['who-must-act'] ? h('p', { class: 'dim' }, `To act: ${first['who-must-act']}`) : null,
    tellingText(group, report),
    cellsOf(group),
  );
}

// Skipped testcases are told by their reason, folded away.
function skips(testcases) {
  const byReason = Map.groupBy(testcases, (testcase) => testcase.verdict.detail);
  if (byReason.size === 0) return null;
  return h(
    'details',
    { class: 'skips' },
    h('summary', {}, `${plural(testcases.length, 'testcase')} skipped`),
    h(
      'ul',
      {},
      [...byReason].map(([reason, group]) =>
        h(
          'li',
          {},
          visible(reason),
          ' ',
          h('span', { class: 'dim' }, plural(group.length, 'testcase')),
          cellsOf(group),
        ),
      ),
    ),
  );
}

// Failures that were expected are no trouble; they are grouped only when the reader asks for them.
export function groups(testcases, report, state) {
  const asked = state.standing.includes('xfail');
  const trouble = testcases.filter(
    ({ standing }) => standing !== 'pass' && standing !== 'skip' && (standing !== 'xfail' || asked),
  );
  const cards = groupBySameness(trouble).map((group) => groupCard(group, report));
  const skipped = skips(testcases.filter((testcase) => testcase.standing === 'skip'));
  if (cards.length === 0) {
    return [
      h('p', { class: 'empty' }, testcases.length === 0 ? 'No testcase fits.' : 'Nothing here is out of order.'),
      skipped,
    ];
  }
  return [h('div', { class: 'groups' }, cards), skipped];
}
