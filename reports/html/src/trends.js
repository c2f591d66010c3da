// How earlier runs went: boot time and pass rate over time (uPlot). Hidden when the page knows no earlier run.
import uPlot from 'uplot';

import { dateTime, h } from './dom.js';
import { historyOf } from './report.js';
import { standingOf } from './words.js';

const HEIGHT_PX = 170;
// What the value's axis shows.
const percents = (low) => [Math.max(0, (low ?? 0) - 5), 100];
const fromZero = (_, high) => [0, high > 0 ? high * 1.05 : 1];

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// uPlot draws on a canvas: it needs a real colour, not light-dark().
function realColour(name) {
  const probe = h('i', {});
  probe.style.color = colour(name);
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function plot(place, title, times, values, unit, { range, revisions }) {
  const ink = realColour('--ink-dim');
  const grid = realColour('--line');
  const axis = {
    stroke: ink,
    grid: { stroke: grid, width: 1 },
    ticks: { stroke: grid, width: 1 },
    font: '12px system-ui',
  };
  const series = {
    label: unit,
    stroke: realColour('--accent'),
    width: 2,
    points: { show: true, size: 6 },
    value: (_, value) => (value === null || value === undefined ? '–' : `${Number(value.toFixed(3))} ${unit}`),
  };
  const time = {
    label: 'run',
    value: (_, __, ___, index) =>
      index === null || index === undefined ? '–' : `${dateTime(times[index])} ${revisions[index]}`,
  };
  const drawn = new uPlot(
    {
      title,
      width: place.clientWidth,
      height: HEIGHT_PX,
      scales: { y: { range: (_, low, high) => range(low, high) } },
      axes: [
        { ...axis, space: 90 },
        { ...axis, size: 56 },
      ],
      series: [time, series],
    },
    [times.map((ms) => ms / 1000), values],
    place,
  );
  new ResizeObserver(() => drawn.setSize({ width: place.clientWidth, height: HEIGHT_PX })).observe(place);
}

// Charts are drawn when their place has a width: after it stands in the page.
function chart(draw) {
  const place = h('div', { class: 'chart' });
  requestAnimationFrame(() => place.isConnected && draw(place));
  return place;
}

// Of what had a verdict about the guest, how much was as expected.
function passRate(counts) {
  const count = (name) => counts[name] ?? 0;
  const good = count('pass') + count('xfail') + count('flaky');
  const all = good + count('fail') + count('error') + count('quarantined');
  return all === 0 ? null : (100 * good) / all;
}

function median(values) {
  const sorted = values.filter((value) => value > 0).sort((left, right) => left - right);
  return sorted.length === 0 ? null : sorted[Math.floor(sorted.length / 2)];
}

// Boot times are compared over the testcases that passed in this run: a run of others would look faster or slower.
function bootSeconds(report) {
  const compared = report.testcases.filter((testcase) => testcase.standing === 'pass');
  const ofRun = (run) =>
    median(
      compared
        .map((testcase) => run.testcases?.[testcase.id])
        .filter(Boolean)
        .map(([, seconds]) => seconds),
    );
  return [...report.history.map(ofRun), median(compared.map((testcase) => testcase.wall / 1000))];
}

export function trends(report) {
  if (report.history.length === 0) return null;
  const runs = [
    ...report.history,
    { time: report.run['started-at-ms'], revision: report.run.revision, counts: report.totals },
  ];
  const times = runs.map((run) => run.time);
  const revisions = runs.map((run) => run.revision ?? '');
  return h(
    'section',
    { id: 'trends' },
    h('h2', {}, 'Trends'),
    h(
      'div',
      { class: 'charts' },
      chart((place) =>
        plot(
          place,
          'As expected, of what was judged',
          times,
          runs.map((run) => passRate(run.counts)),
          '%',
          { range: percents, revisions },
        ),
      ),
      chart((place) =>
        plot(place, 'Boot time, median of what passed now', times, bootSeconds(report), 's', {
          range: fromZero,
          revisions,
        }),
      ),
    ),
  );
}

export function trendOf(testcase, report) {
  const points = historyOf(testcase, report);
  if (points.length < 2) return null;
  const strip = h(
    'p',
    { class: 'strip' },
    points.map((point) =>
      h(
        'span',
        { class: `cell s-${point.standing}`, title: `${dateTime(point.time)} ${point.revision}: ${point.standing}` },
        standingOf(point.standing).glyph,
      ),
    ),
  );
  return h(
    'section',
    {},
    h('h2', {}, 'Earlier runs ', h('span', { class: 'dim' }, 'oldest first, this one last')),
    strip,
    chart((place) =>
      plot(
        place,
        'Boot time',
        points.map((point) => point.time),
        points.map((point) => point.seconds),
        's',
        { range: fromZero, revisions: points.map((point) => point.revision ?? '') },
      ),
    ),
  );
}
