// The page: the run at a glance, then failures by cause, the heat map, all testcases; or one testcase.
import 'uplot/dist/uPlot.min.css';
import 'asciinema-player/dist/bundle/asciinema-player.css';
import './style.css';

import { cellPage } from './cell.js';
import { dateTime, h, plural, visible } from './dom.js';
import { filterBar } from './filter_bar.js';
import { groups, testcaseLink } from './groups.js';
import { heatmap } from './heatmap.js';
import { installKeys, helpDialog } from './keys.js';
import { readReport } from './report.js';
import { go, isFiltered, readState, select } from './state.js';
import { themeButton } from './theme.js';
import { trends } from './trends.js';
import { rankOf } from './words.js';

const LIST_SHOWN = 200;

function banner({ run, testcases, missing, withoutConsole }) {
  const gating = testcases.filter((testcase) => testcase.gates).length;
  const judged = testcases.filter((testcase) => testcase.standing !== 'skip').length;
  const good = gating === 0 && missing === 0;
  const verdict =
    gating > 0
      ? `${gating} of ${plural(judged, 'testcase')} not as expected`
      : missing > 0
        ? `${plural(missing, 'planned testcase')} without a result`
        : `all ${plural(judged, 'testcase')} as expected`;
  const meta = [run.emulator, run.host, `bootrig ${run['tool-version']}`];
  return h(
    'header',
    { class: good ? 'banner good' : 'banner bad' },
    h(
      'h1',
      {},
      h('span', { class: 'run-name' }, visible(run.name)),
      ' ',
      h('span', { class: 'verdict' }, `${good ? '✓' : '✗'} ${verdict}`),
    ),
    gating > 0 && missing > 0
      ? h('p', {}, h('b', {}, `${plural(missing, 'planned testcase')} without a result`))
      : null,
    h(
      'p',
      { class: 'dim' },
      dateTime(run['started-at-ms']),
      run.revision ? [' · revision ', h('code', {}, run.revision.slice(0, 13))] : '',
      withoutConsole > 0 ? ` · ${plural(withoutConsole, 'transcript')} left out, but in the run’s folder` : '',
      meta.filter(Boolean).map((text) => ` · ${visible(text)}`),
    ),
    h('details', {}, h('summary', {}, 'Command'), h('code', {}, visible(run.command))),
  );
}

// Buttons and not links: the URL's hash says what is shown, not where.
function contents({ history }) {
  const to = (id, text) =>
    h(
      'button',
      {
        type: 'button',
        class: 'link',
        onclick: () => document.getElementById(id)?.scrollIntoView({ behavior: 'smooth' }),
      },
      text,
    );
  return h(
    'nav',
    { class: 'contents', 'aria-label': 'Contents' },
    to('groups', 'Failures by cause'),
    to('heatmap', 'Heat map'),
    history.length > 0 ? to('trends', 'Trends') : null,
    to('list', 'Testcases'),
  );
}

function listRow(testcase) {
  const seconds = testcase.wall > 0 ? `${(testcase.wall / 1000).toFixed(2)} s` : '';
  return h(
    'li',
    {},
    testcaseLink(testcase),
    h('span', { class: 'dim' }, ` ${visible(testcase.headline)}`),
    h('span', { class: 'seconds' }, seconds),
  );
}

function list(testcases) {
  const items = h('ul', { class: 'list' }, testcases.slice(0, LIST_SHOWN).map(listRow));
  if (testcases.length > LIST_SHOWN) {
    items.append(
      h(
        'li',
        {},
        h(
          'button',
          {
            type: 'button',
            class: 'link',
            onclick: (event) => {
              event.target.parentElement.replaceWith(...testcases.slice(LIST_SHOWN).map(listRow));
            },
          },
          `and ${(testcases.length - LIST_SHOWN).toLocaleString('en')} more`,
        ),
      ),
    );
  }
  return items;
}

// What gates by name, then the rest, by how bad it is.
const worstFirst = (testcases) =>
  testcases
    .map((testcase, at) => [testcase.gates ? -1 : rankOf(testcase.standing), at, testcase])
    .sort((left, right) => left[0] - right[0] || left[1] - right[1])
    .map(([, , testcase]) => testcase);

class Page {
  constructor(report) {
    this.report = report;
    this.filters = filterBar(report);
    this.found = h('h2', { id: 'testcases', 'aria-live': 'polite' });
    this.groups = h('section', { id: 'groups' });
    this.heatmap = h('section', { id: 'heatmap' });
    this.list = h('section', { id: 'list' });
    this.overview = h(
      'div',
      { id: 'overview' },
      banner(report),
      contents(report),
      this.filters.bar,
      this.groups,
      this.heatmap,
      trends(report),
      this.list,
    );
    this.cell = h('div', { id: 'cell', hidden: true });
    document
      .getElementById('page')
      .append(
        h(
          'div',
          { class: 'tools' },
          themeButton(),
          h('button', { type: 'button', class: 'help', title: 'Keys (?)', onclick: () => this.help.showModal() }, '?'),
        ),
        this.overview,
        this.cell,
        (this.help = helpDialog()),
      );
    this.scroll = 0;
  }

  // The testcases that the filters leave; what 'next' and 'previous' go through are those of them that are in trouble.
  show() {
    const state = readState();
    const { cell, ...filters } = state;
    const filtered = JSON.stringify(filters);
    if (filtered !== this.filtered) {
      this.filtered = filtered;
      this.selected = select(this.report.testcases, state);
      this.troubled = this.selected.filter((testcase) => !['pass', 'skip', 'xfail'].includes(testcase.standing));
      this.showOverview(state);
    }
    this.showCell(this.report.byId.get(cell));
  }

  showOverview(state) {
    this.filters.show(state);
    const title = isFiltered(state) ? `${this.selected.length.toLocaleString('en')} of ` : '';
    this.groups.replaceChildren(
      h('h2', {}, 'Failures by cause'),
      ...[groups(this.selected, this.report, state)].flat(2).filter(Boolean),
    );
    this.heatmap.replaceChildren(h('h2', {}, 'Scenarios × targets'), ...[heatmap(this.selected, this.report)].flat());
    this.found.replaceChildren(`${title}${plural(this.report.testcases.length, 'testcase')}`);
    this.list.replaceChildren(this.found, list(worstFirst(this.selected)));
  }

  showCell(testcase) {
    if (this.cell.hidden && testcase) this.scroll = scrollY;
    const wasShown = !this.cell.hidden;
    this.overview.hidden = Boolean(testcase);
    this.cell.hidden = !testcase;
    this.cell.replaceChildren();
    document.title = `${testcase ? `${testcase.id} · ` : ''}${this.report.run.name} · bootrig`;
    if (!testcase) return wasShown && scrollTo(0, this.scroll);
    const around = this.troubled.includes(testcase) ? this.troubled : this.selected;
    const at = around.indexOf(testcase);
    const { page, shown } = cellPage(testcase, this.report, { previous: around[at - 1], next: around[at + 1] });
    this.cell.append(page);
    scrollTo(0, 0);
    shown();
  }

  // n and p: to the next and previous trouble; from the overview, to the first.
  step(by) {
    if (!this.cell.hidden) return this.cell.querySelectorAll('.steps button')[by > 0 ? 2 : 1].click();
    if (this.troubled.length > 0) go({ cell: this.troubled.at(by > 0 ? 0 : -1).id });
  }
}

const page = new Page(readReport());
for (const name of ['bootrig:go', 'popstate', 'hashchange']) addEventListener(name, () => page.show());
installKeys(page);
page.show();
