// node open_time.mjs PAGE ROUNDS, in the folder that holds node_modules: prints the milliseconds that each opening
// took, from the request to the frame after the page has built itself.
import { pathToFileURL } from 'node:url';

import { launch, obstacle } from './browser.mjs';

if (obstacle) {
  console.error(obstacle);
  process.exit(77);
}
const [path, rounds] = process.argv.slice(2);
const browser = await launch();
for (let round = 0; round < Number(rounds); ++round) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  await page.goto(pathToFileURL(path).href);
  console.log(
    await page.evaluate(
      () =>
        new Promise((done) => {
          requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now().toFixed(1))));
        }),
    ),
  );
  await page.close();
}
await browser.close();
