// Scenarios down, targets across, a cell for each pair that was planned. Rows out of sight cost no layout
// (content-visibility), so that thousands of cells open at once. One cell is in the tab order; arrows move from it.
import { h } from './dom.js';
import { compareTargets, worst } from './report.js';
import { go } from './state.js';
import { axisTitle, standingOf } from './words.js';

// Beyond so many cells, rows out of sight are not laid out.
const MANY = 1000;
const CELL_PX = 22;
const LETTER_PX = 7.2;
const LABEL_PX = 220;
// Width of A4 between its margins, at 96 px an inch: a printed heat map is made to fit it.
const PAPER_PX = 700;

// The columns' header: a row for each axis on which they differ, equal neighbours as one.
function headerRows(columns, axes) {
  const keyOf = (target, depth) =>
    axes
      .slice(0, depth + 1)
      .map((axis) => target.axes[axis])
      .join('\n');
  return axes.map((axis, depth) => {
    const spans = [];
    for (const target of columns) {
      if (spans.length > 0 && spans.at(-1).key === keyOf(target, depth)) spans.at(-1).count += 1;
      else spans.push({ key: keyOf(target, depth), text: target.axes[axis] ?? '', count: 1 });
    }
    return h(
      'div',
      { class: 'axis', 'aria-hidden': 'true' },
      h('div', { class: 'corner' }, axisTitle(axis)),
      spans.map((span) => {
        const upright = span.text.length * LETTER_PX + 6 > span.count * CELL_PX;
        const cell = h(
          'div',
          { class: upright ? 'span upright' : 'span', title: `${axisTitle(axis)} ${span.text}` },
          h('span', {}, span.text),
        );
        cell.style.width = `${span.count * CELL_PX}px`;
        return cell;
      }),
    );
  });
}

function gridOf(testcases) {
  const columns = new Map();
  const rows = new Map();
  for (const testcase of testcases) {
    if (!columns.has(testcase.column)) columns.set(testcase.column, testcase);
    if (!rows.has(testcase.scenario)) rows.set(testcase.scenario, new Map());
    const row = rows.get(testcase.scenario);
    row.set(testcase.column, [...(row.get(testcase.column) ?? []), testcase]);
  }
  // Rows with trouble stand on top; among equals the order of names stays.
  const troubled = ([, row]) => Number([...row.values()].flat().some((testcase) => testcase.gates));
  return {
    columns: [...columns.values()].sort(compareTargets),
    rows: [...rows].sort((left, right) => troubled(right) - troubled(left)),
  };
}

function cellOf(group, number) {
  if (!group) return h('div', { class: 'none', 'aria-hidden': 'true' });
  const shown = worst(group);
  const { glyph } = standingOf(shown.standing);
  const more = group.length > 1 ? ` (the worst of ${group.length})` : '';
  return h(
    'div',
    {
      class: `cell s-${shown.standing}`,
      role: 'gridcell',
      tabindex: '-1',
      'data-id': shown.id,
      'data-column': number,
      'aria-label': `${shown.id}: ${shown.headline}${more}`,
    },
    glyph,
  );
}

const labelOf = (scenario) => {
  const slash = scenario.lastIndexOf('/') + 1;
  return [h('span', { class: 'dim' }, scenario.slice(0, slash)), scenario.slice(slash)];
};

// The cell that an arrow leads to: cells that were not planned are passed over.
function neighbour(cell, key) {
  const row = cell.parentElement;
  const inRow = [...row.querySelectorAll('.cell')];
  const at = inRow.indexOf(cell);
  if (key === 'ArrowRight') return inRow[at + 1];
  if (key === 'ArrowLeft') return inRow[at - 1];
  if (key === 'Home') return inRow[0];
  if (key === 'End') return inRow.at(-1);
  const next = key === 'ArrowDown' ? 'nextElementSibling' : 'previousElementSibling';
  for (let other = row[next]; other; other = other[next]) {
    const found = other.querySelector(`.cell[data-column="${cell.dataset.column}"]`);
    if (found) return found;
  }
  return undefined;
}

function attend(grid, status, report) {
  const tell = (cell) => {
    if (!cell) return;
    const testcase = report.byId.get(cell.dataset.id);
    status.replaceChildren(
      h('b', { class: `badge s-${testcase.standing}` }, standingOf(testcase.standing).glyph),
      ` ${testcase.id}: ${testcase.headline}`,
      testcase.rootCause ? h('span', { class: 'dim' }, ` — ${testcase.rootCause.name}`) : '',
    );
  };
  const enter = (cell) => {
    grid.querySelector('.cell[tabindex="0"]')?.setAttribute('tabindex', '-1');
    cell.setAttribute('tabindex', '0');
    tell(cell);
  };
  grid.addEventListener('click', (event) => {
    const cell = event.target.closest('.cell');
    if (cell) go({ cell: cell.dataset.id });
  });
  grid.addEventListener('pointerover', (event) => tell(event.target.closest('.cell')));
  grid.addEventListener('focusin', (event) => event.target.closest('.cell') && enter(event.target.closest('.cell')));
  grid.addEventListener('keydown', (event) => {
    const cell = event.target.closest('.cell');
    if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Enter' || event.key === ' ') {
      go({ cell: cell.dataset.id });
    } else if (/^(Arrow|Home|End)/.test(event.key)) {
      neighbour(cell, event.key)?.focus();
    } else {
      return;
    }
    event.preventDefault();
  });
}

export function heatmap(testcases, report) {
  if (testcases.length === 0) return h('p', { class: 'empty' }, 'No testcase fits.');
  const { columns, rows } = gridOf(testcases);
  const differing = report.axes.filter((axis) => new Set(columns.map((target) => target.axes[axis])).size > 1);
  const axes = differing.length > 0 ? differing : ['target-name'];
  const status = h('p', { class: 'told', 'aria-live': 'polite' }, 'A cell says here what it is; Enter opens it.');
  const grid = h(
    'div',
    {
      class: testcases.length > MANY ? 'grid many' : 'grid',
      role: 'grid',
      'aria-label': 'Verdicts: scenarios by targets',
    },
    h('div', { class: 'head' }, headerRows(columns, axes)),
    rows.map(([scenario, row]) =>
      h(
        'div',
        { class: 'row', role: 'row' },
        h('div', { class: 'label', role: 'rowheader', title: scenario }, h('bdi', {}, labelOf(scenario))),
        columns.map((target, number) => cellOf(row.get(target.column), number)),
      ),
    ),
  );
  grid.querySelector('.cell').setAttribute('tabindex', '0');
  grid.style.setProperty('--print-zoom', Math.min(1, PAPER_PX / (LABEL_PX + columns.length * CELL_PX)));
  attend(grid, status, report);
  return [h('div', { class: 'heatmap' }, grid), status];
}
