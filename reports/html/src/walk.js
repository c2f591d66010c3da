// The walk of the faulting address as a picture: the levels left to right, a box for each descriptor that was read, the
// one at which it ended in red. What a box says is what the diagnosis says; nothing is inferred here but the table's
// base, which is the descriptor's address less its index times 8 (DDI 0487, VMSAv8-64: descriptors of 64 bits).
import { h, svg, visible } from './dom.js';

const BOX = { width: 252, height: 128, gap: 66, top: 34 };
const START_WIDTH = 190;
const LETTERS = 31;

const short = (text) => (text.length > LETTERS ? `${text.slice(0, LETTERS - 1)}…` : text);
const hex = (value) => `0x${value.toString(16)}`;

function lines(x, y, texts) {
  return texts
    .filter(([text]) => text)
    .map(([text, kind], index) =>
      svg('text', { x, y: y + index * 19, class: kind ?? '' }, svg('title', {}, visible(text)), short(visible(text))),
    );
}

function arrow(x, text) {
  const y = BOX.top + BOX.height / 2;
  return svg(
    'g',
    { class: 'arrow' },
    svg('path', { d: `M${x + 4} ${y} H${x + BOX.gap - 12}` }),
    svg('path', { class: 'head', d: `M${x + BOX.gap - 12} ${y - 5} l9 5 l-9 5 z` }),
    svg('text', { x: x + BOX.gap / 2, y: y - 10, class: 'small middle' }, text),
  );
}

function stepBox(step, x, fails, showStage) {
  const base = BigInt(step.address) - BigInt(step.index) * 8n;
  return svg(
    'g',
    { class: fails ? 'step fails' : 'step' },
    svg('rect', { x, y: BOX.top, width: BOX.width, height: BOX.height, rx: 6 }),
    svg(
      'text',
      { x, y: BOX.top - 12, class: 'small' },
      `${showStage ? `stage ${step.stage} ` : ''}level ${step.level} table ${hex(base)}`,
    ),
    lines(x + 12, BOX.top + 26, [
      [`L${step.level}[${hex(step.index)}]`, 'name'],
      [`at ${step.address}`],
      [step.symbol && `<${step.symbol}>`, 'dim'],
      [`= ${step.descriptor}`, 'value'],
      [`${fails ? '✗ ' : ''}${step.meaning}`, 'meaning'],
    ]),
  );
}

function startBox(exception) {
  const texts = exception?.far
    ? [
        ['FAR', 'name'],
        [exception.far, 'value'],
      ]
    : [['walk of', 'name'], ['the address']];
  return svg(
    'g',
    { class: 'start' },
    svg('rect', { x: 1, y: BOX.top + 24, width: START_WIDTH, height: BOX.height - 48, rx: 6 }),
    lines(13, BOX.top + 56, texts),
  );
}

// The walk as it is ends in a fault exactly when the tables themselves predict one.
export function walkPicture(diagnosis) {
  const { walk, exception } = diagnosis;
  if (walk.length === 0) return null;
  const faults = exception?.['predicted-esr'] !== undefined;
  const showStage = walk.some((step) => step.stage !== 1);
  const parts = [startBox(exception)];
  let x = START_WIDTH;
  walk.forEach((step, index) => {
    parts.push(arrow(x, `[${hex(step.index)}]`));
    x += BOX.gap;
    parts.push(stepBox(step, x, faults && index === walk.length - 1, showStage));
    x += BOX.width;
  });
  const told = walk
    .map((step) => `L${step.level}[${hex(step.index)}] at ${step.address} = ${step.descriptor} ` + `${step.meaning}`)
    .join('; ');
  const height = BOX.top + BOX.height + 6;
  return h(
    'figure',
    { class: 'walk' },
    svg(
      'svg',
      { viewBox: `0 0 ${x + 2} ${height}`, width: x + 2, height, role: 'img' },
      svg('title', {}, `Walk of ${exception?.far ?? 'the address'}: ${visible(told)}`),
      parts,
    ),
    h(
      'figcaption',
      { class: 'dim' },
      faults
        ? 'The walk of the tables as they are in memory: it ends in the red descriptor.'
        : 'The walk of the tables as they are in memory: it reaches an output address.',
    ),
  );
}
