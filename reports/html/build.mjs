// Bundles src/ into one page: node build.mjs SOURCES OUTPUT, in the folder that holds node_modules.
//
// The page allows itself exactly its own script and style, by their hashes, and no network at all. The mark @@DATA@@
// stays: bootrig puts the run's JSON there (reports/html_report.cc).
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const [sources, output] = process.argv.slice(2).map((path) => resolve(path));
const modules = resolve('node_modules');
const esbuild = createRequire(join(modules, 'x'))('esbuild');

// What asciinema-player's distribution holds inside its own files.
const INSIDE_OTHERS = ['@babel/runtime', 'solid-js', 'solid-transition-group'];

const built = await esbuild.build({
  entryPoints: [join(sources, 'main.js')],
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  outdir: 'bundle',
  target: ['chrome123', 'firefox121', 'safari17.5'],
  legalComments: 'none', // their texts stand in the notices, whole
  nodePaths: [modules],
  logLevel: 'warning',
});
const text = (suffix) => built.outputFiles.find((file) => file.path.endsWith(suffix)).text;
// Inside <script> and <style> nothing may look like their end.
const script = text('.js').replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
const style = text('.css').replaceAll('</style', '<\\/style');

function notices() {
  const used = Object.keys(built.metafile.inputs).map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]);
  const names = [...new Set([...used, ...INSIDE_OTHERS])].filter(Boolean).sort();
  return names
    .map((name) => {
      const { version } = JSON.parse(readFileSync(join(modules, name, 'package.json')));
      return `${name} ${version}\n\n${readFileSync(join(modules, name, 'LICENSE'), 'utf8').trim()}\n`;
    })
    .join('\n----\n\n');
}

const hash = (bytes) => `'sha256-${createHash('sha256').update(bytes).digest('base64')}'`;
// 'wasm-unsafe-eval' lets the player compile its terminal; it allows no script.
const policy = [
  `default-src 'none'`,
  `script-src ${hash(script)} 'wasm-unsafe-eval'`,
  `style-src ${hash(style)}`,
  `img-src data:`,
  `base-uri 'none'`,
  `form-action 'none'`,
].join('; ');
const escaped = (plain) => plain.replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign]);
const values = { POLICY: policy, STYLE: style, SCRIPT: script, NOTICES: escaped(notices()) };
const template = readFileSync(join(sources, 'page.html'), 'utf8');
writeFileSync(
  output,
  template.replace(/@@(\w+)@@/g, (mark, name) => values[name] ?? mark),
);
