// The transcript with the arrival time of each line, the line that decided marked; and the same as a replay in a
// terminal.
import { create } from 'asciinema-player';

import { h, plural, visible } from './dom.js';

const FIRST_LINES = 300;
const LAST_LINES = 1200;
const AROUND_MARK = 100;
const REPLAY_SECONDS = 8;

// Lines of the console as { number, ms, text }, with null for what is unknown, and { cut } where bytes were left out.
export function linesOf({ console: said }) {
  if (!said) return [];
  const numberOf = (first, index) => (first > 0 ? first + index : null);
  const numbered = (lines, first) => lines.map(([ms, text], index) => ({ number: numberOf(first, index), ms, text }));
  const tail = said['cut-bytes'] > 0 ? [{ cut: said['cut-bytes'] }] : [];
  return [...numbered(said.head, 1), ...tail, ...numbered(said.tail, said['tail-first'])];
}

// The number of the line that decided, and what is to be said of it.
function decisive({ outcome, verdict }) {
  if (outcome?.signature)
    return { number: outcome.signature.line.number, why: `failure signature ${outcome.signature.name}` };
  if (outcome?.divergence?.seen && verdict.kind !== 'pass') {
    return { number: outcome.divergence.seen.number, why: `expected: ${outcome.divergence.expected}` };
  }
  return { number: 0, why: '' };
}

const timeText = (ms) => (ms === null ? '' : (ms / 1000).toFixed(3));

function lineRow(line, mark) {
  if (line.hidden) return h('div', { class: 'cut' }, `${plural(line.hidden, 'line')} not shown here`);
  if (line.cut) return h('div', { class: 'cut' }, `${line.cut.toLocaleString('en')} bytes were left out here`);
  const marked = line.number === mark.number;
  return [
    h(
      'div',
      { class: marked ? 'line mark' : 'line', 'data-number': line.number },
      h('span', { class: 'time' }, timeText(line.ms)),
      h('span', { class: 'number' }, line.number ?? ''),
      h('span', { class: 'text' }, visible(line.text.replace(/\r$/, ''))),
    ),
    marked ? h('div', { class: 'why' }, `▲ ${visible(mark.why)}`) : null,
  ];
}

// Of very many lines those that matter: the first, the last, and those around the mark; { hidden } for the others.
function chosen(lines, mark) {
  if (lines.length <= FIRST_LINES + LAST_LINES) return lines;
  const matters = (line, index) =>
    index < FIRST_LINES ||
    index >= lines.length - LAST_LINES ||
    line.cut ||
    (line.number !== null && Math.abs(line.number - mark.number) <= AROUND_MARK);
  const shown = [];
  lines.forEach((line, index) => {
    if (matters(line, index)) shown.push(line);
    else if (shown.at(-1).hidden) shown.at(-1).hidden += 1;
    else shown.push({ hidden: 1 });
  });
  return shown;
}

function bodyOf(lines, mark, testcase) {
  const body = h('div', { class: 'console', tabindex: '0', role: 'region', 'aria-label': 'Transcript' });
  for (const line of lines) body.append(...[lineRow(line, mark)].flat().filter(Boolean));
  const awaited = testcase.outcome?.divergence;
  if (awaited && !awaited.seen && testcase.verdict.kind !== 'pass') {
    body.append(
      h('div', { class: 'why never' }, `✗ never came: ${visible(awaited.expected)}  (${visible(awaited.place)})`),
    );
  }
  return body;
}

function leftOut(testcase) {
  const said = testcase.console;
  if (!said) return `Not in this page: it is in ${testcase.attempt?.folder}/transcript.raw, in the run’s folder.`;
  if (said['cut-bytes'] === 0) return '';
  return `${plural(said['cut-bytes'], 'byte')} left out; ${testcase.attempt?.folder}/transcript.raw has more.`;
}

export function transcript(testcase) {
  if (!testcase.outcome || testcase.outcome.bytes === 0) {
    return h('section', {}, h('h2', {}, 'Transcript'), h('p', { class: 'empty' }, 'Not one byte of output.'));
  }
  const lines = linesOf(testcase);
  const mark = decisive(testcase);
  const shown = chosen(lines, mark);
  const section = h(
    'section',
    {},
    h(
      'h2',
      {},
      'Transcript ',
      h('span', { class: 'dim' }, `${plural(testcase.outcome.lines, 'line')}; seconds since power-on`),
    ),
  );
  const remark = leftOut(testcase);
  if (remark) section.append(h('p', { class: 'dim' }, remark));
  if (lines.length === 0) return section;
  const body = bodyOf(shown, mark, testcase);
  section.append(body, replayer(lines));
  if (shown.length < lines.length) {
    body.before(
      h(
        'button',
        {
          type: 'button',
          onclick: (event) => {
            body.replaceChildren(...bodyOf(lines, mark, testcase).childNodes);
            event.target.remove();
          },
        },
        `Show all ${plural(lines.length, 'line')}`,
      ),
    );
  }
  return section;
}

// Brings the marked line to the middle of the transcript, without moving the page.
export function showMark(section) {
  const body = section.querySelector('.console');
  const mark = body?.querySelector('.mark, .never');
  if (mark) body.scrollTop = mark.offsetTop - body.clientHeight / 2;
}

// A recording as asciicast v2: a header, then [seconds, "o", text].
function recordingOf(lines) {
  const texts = lines.filter((line) => !line.cut);
  const widest = Math.max(80, ...texts.map((line) => line.text.length));
  let last = 0;
  const events = texts.map((line) => {
    last = Math.max(last, line.ms ?? last);
    return [last / 1000, 'o', `${line.text.replace(/\r$/, '')}\r\n`];
  });
  return { data: [{ version: 2, width: Math.min(132, widest), height: 24 }, ...events], seconds: last / 1000 };
}

function replayer(lines) {
  const stage = h('div', { class: 'stage' });
  const { data, seconds } = recordingOf(lines);
  // A boot of a third of a second is over before it is seen: it is replayed so slowly that it can be.
  const speed = Math.min(1, Math.max(seconds, 0.001) / REPLAY_SECONDS);
  const button = h(
    'button',
    {
      type: 'button',
      class: 'replay',
      onclick: () => {
        create({ data }, stage, { autoPlay: true, speed, idleTimeLimit: 2 * speed, fit: 'width', controls: true });
        button.replaceWith(h('p', { class: 'dim' }, speed < 1 ? `At ${speed.toPrecision(2)} of the real speed.` : ''));
      },
    },
    '▶ Replay',
  );
  return h('div', { class: 'replayer' }, button, stage);
}
