// Chromium for the tests of the page, and pages to open in it.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

// Why the tests cannot run here; empty: they can.
export const obstacle = existsSync(CHROMIUM) ? '' : `there is no ${CHROMIUM}`;

// The folder that holds node_modules is the one where the tests are started.
export async function launch() {
  const { chromium } = createRequire(join(process.cwd(), 'x'))('playwright-core');
  return chromium.launch({ executablePath: CHROMIUM, args: QUIET });
}

// Pages as bootrig writes them, in a folder of their own: `programs` has reports_test and html_bench.
export function writePages(programs) {
  const folder = mkdtempSync(join(tmpdir(), 'bootrig-pages-'));
  execFileSync(programs.reportsTest, ['--gtest_also_run_disabled_tests', '--gtest_filter=HtmlPages.DISABLED_Write'], {
    env: { ...process.env, BOOTRIG_PAGES: folder },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  execFileSync(programs.htmlBench, ['5000', join(folder, 'large.html')], { stdio: ['ignore', 'ignore', 'inherit'] });
  return {
    url: (name, hash = '') => pathToFileURL(join(folder, name)).href + hash,
    remove: () => rmSync(folder, { recursive: true }),
  };
}
