// The page in a real browser: node page_test.mjs REPORTS_TEST HTML_BENCH, in the folder that holds node_modules.
// Exit status 77: there is no browser here.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, obstacle, writePages } from './browser.mjs';

if (obstacle) {
  console.log(`skipped: ${obstacle}`);
  process.exit(77);
}

const LARGE_OPENS_MS = 20_000; // on a loaded host; ci/bench measures it

let browser, pages;
before(async () => {
  const [reportsTest, htmlBench] = process.argv.slice(2);
  pages = writePages({ reportsTest, htmlBench });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  pages?.remove();
});

// Opens a page and gives it to `body`. The page must say nothing on its console and ask for nothing but itself.
async function withPage(name, { hash = '', ...options }, body) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const trouble = [];
  page.on('console', (message) => trouble.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => trouble.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    trouble.push('dialog');
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (request.url().split('#')[0] !== pages.url(name) && !request.url().startsWith('data:')) {
      trouble.push(`request: ${request.url()}`);
    }
  });
  try {
    await page.goto(pages.url(name, hash));
    await body(page, context);
    assert.deepEqual(trouble, []);
  } finally {
    await context.close();
  }
}

const shown = (page) => page.locator('#list .list > li').count();
const hashOf = (page) => page.evaluate(() => decodeURIComponent(location.hash));
const bright = (page) =>
  page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number)[0]);
const cellHash = (id) => `#cell=${encodeURIComponent(id)}`;

test('the first glance: what is wrong, how much, and what to change', () =>
  withPage('plain.html', {}, async (page) => {
    assert.match(await page.locator('.banner h1').innerText(), /nightly ✗ 11 of 16 testcases not as expected/);
    const first = page.locator('.group').first();
    assert.match(await first.innerText(), /table-not-linked[\s\S]*CAUSE[\s\S]*CHANGE[\s\S]*0x7000b003/);
    assert.equal(await first.locator('.cell-link').count(), 2);
    assert.equal(await page.locator('#trends').count(), 0);
    assert.match(await page.locator('.skips summary').innerText(), /3 testcases skipped/);
  }));

test('a run that went well says so', () =>
  withPage('good.html', {}, async (page) => {
    assert.match(await page.locator('.banner.good h1').innerText(), /✓ all 1 testcase as expected/);
    assert.equal(await page.locator('.group').count(), 0);
  }));

test('planned testcases without a result are told', () =>
  withPage('full.html', {}, async (page) => {
    assert.match(await page.locator('.banner').innerText(), /3 planned testcases without a result/);
  }));

test('the heat map has a cell for each testcase, by colour and by glyph', () =>
  withPage('plain.html', {}, async (page) => {
    const data = await page.evaluate(() => JSON.parse(document.getElementById('data').textContent));
    assert.equal(
      await page.locator('.grid .cell').count(),
      new Set(data.results.map((result) => result.scenario + JSON.stringify(result['target-values']))).size,
    );
    assert.equal(await page.locator('.grid .cell.s-fail').first().textContent(), '✗');
    const grounds = await page.evaluate(() =>
      ['s-pass', 's-fail', 's-error', 's-skip', 's-xfail'].map(
        (name) => getComputedStyle(document.querySelector(`.grid .cell.${name}`)).backgroundColor,
      ),
    );
    assert.equal(new Set(grounds).size, grounds.length);
  }));

test('keys: into the heat map, over it, into a testcase and back', () =>
  withPage('plain.html', {}, async (page) => {
    const focused = () => page.evaluate(() => document.activeElement.dataset.id);
    await page.keyboard.press('h');
    const start = await focused();
    await page.keyboard.press('ArrowDown');
    const below = await focused();
    assert.notEqual(below, start);
    assert.match(await page.locator('.told').innerText(), new RegExp(below.replace(/[[\]]/g, '\\$&')));
    await page.keyboard.press('ArrowUp');
    assert.equal(await focused(), start);
    await page.keyboard.press('Enter');
    assert.match(await page.locator('.cell-page h1').innerText(), new RegExp(start.replace(/[[\]]/g, '\\$&')));
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('#overview').isVisible(), true);
    assert.equal(await page.locator('.cell-page').count(), 0);
  }));

test('keys: from failure to failure, and the help', () =>
  withPage('plain.html', {}, async (page) => {
    await page.keyboard.press('n');
    const first = await page.locator('.cell-page h1').innerText();
    await page.keyboard.press('n');
    assert.notEqual(await page.locator('.cell-page h1').innerText(), first);
    await page.keyboard.press('p');
    assert.equal(await page.locator('.cell-page h1').innerText(), first);
    await page.keyboard.press('?');
    assert.equal(await page.locator('dialog.keys').isVisible(), true);
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('dialog.keys').isVisible(), false);
    assert.equal(await page.locator('.cell-page h1').innerText(), first);
  }));

test('filters: by verdict, cause, axis and tag, in the hash of the URL', () =>
  withPage('full.html', {}, async (page) => {
    const all = await shown(page);
    await page.click('[data-standing="error"]');
    assert.equal(await shown(page), 2);
    assert.equal(await hashOf(page), '#standing=error');
    await page.click('[data-standing="skip"]');
    assert.equal(await shown(page), 5);
    await page.goBack();
    assert.equal(await shown(page), 2);
    await page.click('.clear');
    assert.equal(await shown(page), all);
    await page.selectOption('[data-key="cause"]', 'boot-timeout');
    assert.equal(await shown(page), 2);
    await page.reload();
    assert.equal(await shown(page), 2);
    await page.click('.clear');
    await page.selectOption('[data-key="gic"]', '3');
    const third = await shown(page);
    assert.ok(third > 2 && third < all);
    await page.selectOption('[data-key="tag"]', 'smoke');
    assert.equal(
      await page
        .locator('.list')
        .textContent()
        .then((text) => text.includes('boot/')),
      false,
    );
    await page.selectOption('[data-key="gic"]', '');
    assert.equal(await shown(page), 1);
  }));

test('search: names, causes and transcripts; every word must be there', () =>
  withPage('plain.html', {}, async (page) => {
    await page.keyboard.press('/');
    await page.keyboard.type('entred at el2');
    await page.waitForFunction(() => location.hash === '#q=entred+at+el2');
    const found = await page.locator('.list').textContent();
    assert.match(found, /boot\/hello@virt\[gic=2\]/);
    assert.doesNotMatch(found, /boot\/window/);
    await page.keyboard.press('Escape');
    await page.keyboard.press('/');
    await page.keyboard.type('nothing-like-it');
    await page.waitForFunction(() => document.querySelectorAll('#list .list > li').length === 0);
    assert.match(await page.locator('#heatmap').innerText(), /No testcase fits/);
  }));

test('a testcase: cause and change first, the walk with its failing step, registers, code, backtrace', () =>
  withPage('plain.html', { hash: cellHash('boot/window@virt[gic=2]') }, async (page) => {
    const text = await page.locator('.cell-page').innerText();
    const order = [
      'CAUSE',
      'CHANGE',
      'Repeat it',
      'Walk',
      'Findings',
      'Registers',
      'Code',
      'Backtrace',
      'Transcript',
      'Facts',
    ];
    const places = order.map((word) => text.indexOf(word));
    assert.deepEqual(
      places,
      places.slice().sort((left, right) => left - right),
    );
    assert.ok(places[0] >= 0);
    assert.equal(await page.locator('.walk .step').count(), 2);
    const last = page.locator('.walk .step').last();
    assert.match(await last.getAttribute('class'), /fails/);
    const first = await page.locator('.walk .step').first().textContent();
    const parts = ['level 0 table 0x7000c000', 'L0[0x1ff]', '0x7000cff8', 'boot_lvl0_upper+0xff8', '= 0x0', 'invalid'];
    for (const part of parts) {
      assert.ok(first.includes(part), `${part} in ${first}`);
    }
    assert.equal(await page.locator('pre .mark').innerText(), '> 0x70003000  br x4');
  }));

test('a testcase has the subtests that its guest reported', async () => {
  await withPage('subtests.html', { hash: cellHash('boot/hello@virt[gic=2]') }, async (page) => {
    assert.match(await page.locator('.subtests p').innerText(), /3 subtests: 1 passed, 1 failed, 1 skipped/);
    const rows = await page.locator('.subtests .subtest').allInnerTexts();
    assert.deepEqual(
      rows.map((row) => row.split(/ *\t */)),
      [
        ['✓', 'vm.alloc', '', 'line 3'],
        ['✗', 'vm.<b>map</b>', 'want 4,␛[31m got 5', 'line 7'],
        ['–', 'smp.ipi', 'one CPU', 'line 9'],
      ],
    );
  });
  await withPage('subtests.html', { hash: cellHash('tests/many@virt[gic=2]') }, async (page) => {
    assert.equal(await page.locator('.subtests .subtest:visible').count(), 0);
    await page.click('.subtests summary');
    assert.equal(await page.locator('.subtests .subtest:visible').count(), 30);
  });
  await withPage('plain.html', { hash: cellHash('boot/hello@virt[gic=2]') }, async (page) => {
    assert.equal(await page.locator('.subtests').count(), 0);
  });
});

test('a check that failed is told by its sentence, not as two texts', () =>
  withPage('check.html', { hash: cellHash('boot/hello@virt[gic=2]') }, async (page) => {
    assert.equal(await page.locator('.difference').count(), 0);
    assert.equal(await page.locator('.judgement .detail').count(), 1);
  }));

test('a testcase that diverged: expected and seen, and where they part', () =>
  withPage('plain.html', { hash: cellHash('boot/hello@virt[gic=2]') }, async (page) => {
    assert.deepEqual(await page.locator('.difference mark').allInnerTexts(), ['ered at EL{{dec:level}}', 'red at EL2']);
  }));

test('a failure that was rechecked says what the deterministic machine made of it', () =>
  withPage('plain.html', { hash: cellHash('boot/silent@virt[gic=2]') }, async (page) => {
    const words = await page.locator('.judgement .recheck').textContent();
    assert.equal(words, 'Once more: passes on the deterministic machine: timing');
    assert.match(await page.locator('body').textContent(), /console’s SHA-256b{64}/);
  }));

test('the line that decided is marked in the transcript', () =>
  withPage('full.html', { hash: cellHash('boot/abort@virt[gic=3]') }, async (page) => {
    assert.match(await page.locator('.console').textContent(), /123,456 bytes were left out here/);
    assert.match(await page.locator('.console').textContent(), /␛\[31mCaught <data abort>/);
  }));

test('each line has its time, and the marked one is in sight', () =>
  withPage('timed.html', { hash: cellHash('boot/window@virt[gic=2]') }, async (page) => {
    const mark = page.locator('.console .line.mark');
    assert.equal(await mark.count(), 1);
    assert.equal(await mark.textContent(), '0.450450the text of line 450');
    assert.match(await page.locator('.console .why').first().textContent(), /bootrig-loader-exception/);
    const inSight = await page.evaluate(() => {
      const console = document.querySelector('.console').getBoundingClientRect();
      const marked = document.querySelector('.console .mark').getBoundingClientRect();
      return marked.top >= console.top && marked.bottom <= console.bottom;
    });
    assert.equal(inSight, true);
    assert.match(await page.locator('.console .cut').first().textContent(), /^49 lines not shown here/);
    await page.click('button:has-text("Show all 3,000 lines")');
    assert.equal(await page.locator('.console .line').count(), 3000);
  }));

test('the command that repeats it is copied', () =>
  withPage('plain.html', { hash: cellHash('boot/window@virt[gic=2]') }, async (page, context) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.keyboard.press('c');
    await page.locator('.judgement .copy:has-text("Copied")').waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "bootrig run 'boot/window@virt[gic=2]'");
  }));

test('the replay plays what the console said', () =>
  withPage('plain.html', { hash: cellHash('boot/window@virt[gic=2]') }, async (page) => {
    await page.click('.replay');
    await page.waitForFunction(() => document.querySelector('.ap-term-text')?.textContent.includes('EXCEPTION'), null, {
      timeout: 20_000,
    });
  }));

test('trends of earlier runs, for the run and for a testcase', () =>
  withPage('full.html', {}, async (page) => {
    await page.locator('#trends canvas').nth(1).waitFor();
    await page.evaluate((hash) => {
      location.hash = hash;
    }, cellHash('boot/window@virt[gic=2]'));
    await page.locator('.strip .cell').nth(5).waitFor();
    assert.equal(
      await page
        .locator('.strip')
        .innerText()
        .then((text) => text.replace(/\s/g, '')),
      '✓✓✓✗✗✗',
    );
    await page.keyboard.press('Escape');
    assert.match(await page.locator('.group', { hasText: 'table-not-linked' }).first().innerText(), /for 3 runs/);
  }));

test('light and dark: as the system says, and by the toggle, which lasts', async () => {
  await withPage('plain.html', { colorScheme: 'dark' }, async (page) => {
    assert.ok((await bright(page)) < 60);
    await page.keyboard.press('t');
    assert.ok((await bright(page)) > 200);
    await page.reload();
    assert.ok((await bright(page)) > 200);
  });
  await withPage('plain.html', { colorScheme: 'light' }, async (page) => assert.ok((await bright(page)) > 200));
});

test('a phone: nothing is wider than the screen', async () => {
  for (const hash of ['', cellHash('boot/window@virt[gic=2]'), cellHash('hostile/bytes@virt[gic=3]')]) {
    await withPage(
      'full.html',
      { hash, viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
      async (page) => {
        assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360, `at '${hash}'`);
      },
    );
  }
});

test('hostile bytes are shown and do nothing', () =>
  withPage('full.html', { hash: cellHash('hostile/bytes@virt[gic=3]') }, async (page) => {
    assert.equal(await page.evaluate(() => window.hostile), undefined);
    assert.equal(await page.locator('img').count(), 0);
    const text = await page.locator('.console').textContent();
    for (const part of [
      '<script>window.hostile = 1</script>]]>',
      '␛[2J',
      '␀after NUL',
      '�',
      '@@DATA@@',
      'the line behind it',
    ]) {
      assert.ok(text.includes(part), `${part} in ${text}`);
    }
    await page.click('.replay');
    await page.waitForFunction(
      () => document.querySelector('.ap-term-text')?.textContent.includes('the line behind it'),
      null,
      { timeout: 20_000 },
    );
    await page.keyboard.press('Escape');
    await page.evaluate(() => {
      location.hash = '#q=window.hostile';
    });
    await page.waitForFunction(() => document.querySelectorAll('#list .list > li').length === 1);
    assert.equal(await page.evaluate(() => window.hostile), undefined);
  }));

test('a hash that means nothing shows the overview', () =>
  withPage('plain.html', { hash: '#cell=none&gic=%E0%A4&x[]=1' }, async (page) => {
    assert.equal(await page.locator('#overview').isVisible(), true);
  }));

test('5,000 testcases open, and are filtered', () =>
  withPage('large.html', {}, async (page) => {
    assert.equal(await page.locator('.grid .cell').count(), 5000);
    assert.ok((await page.evaluate(() => performance.now())) < LARGE_OPENS_MS);
    await page.click('[data-standing="fail"]');
    const failed = await page.locator('.grid .cell').count();
    assert.ok(failed > 100 && failed < 1000, `${failed} failed`);
    assert.equal(await page.locator('.group').count(), 5);
  }));

test('printed, the page has pages, with groups and heat map whole', () =>
  withPage('full.html', {}, async (page) => {
    const pdf = (await page.pdf()).toString('latin1');
    assert.ok((pdf.match(/\/Type \/Page\b/g) ?? []).length >= 2);
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.locator('.filters').isVisible(), false);
    assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('.heatmap')).maxHeight), 'none');
  }));
