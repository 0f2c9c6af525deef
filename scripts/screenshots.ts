/**
 * Makes the pictures of docs/getting-started.md: the docs page at each step from an empty database to a first customer.
 * `node --import tsx scripts/screenshots.ts` needs Chromium and a free port 8080. Look at what it made.
 */
import { mkdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Locator, Page } from 'playwright-core';
import { openPage, startBrowser, withoutBrowser } from '../test/support/browser.ts';
import { startTestService } from '../test/support/service.ts';

const folder = fileURLToPath(new URL('../docs/images/', import.meta.url));
/** A page of Markdown is to open quickly. */
const bytesMax = 150_000;
/** How long animations of the page may take. */
const settleMs = 500;
const tasks: (() => void | Promise<void>)[] = [];

try {
  const missing = withoutBrowser();
  if (missing) throw new Error(missing);
  await takeAll();
} finally {
  for (const task of tasks.reverse()) await task();
}

async function takeAll(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const cleanup = { after: (task: () => void | Promise<void>) => void tasks.push(task) };
  const { url } = await startTestService(cleanup, { engine: 'sqlite', environment: { PORT: '8080' } });
  const viewport = { width: 1000, height: 640 };
  const { page } = await openPage(await startBrowser(cleanup), `${url}/docs`, { viewport });
  await page.locator('.opblock').first().waitFor();
  await take(page, 'docs-page', page.locator('body'));
  await take(page, 'operations', page.locator('.opblock').first(), 150);
  const create = page.locator('#operations-Customers-createCustomer');
  await create.locator('.opblock-summary-control').click();
  await create.locator('textarea').waitFor();
  await take(page, 'create-a-customer', create.locator('textarea'), 240);
  await create.locator('.execute').click();
  await create.locator('.live-responses-table').waitFor();
  await take(page, 'created', create.locator('.live-responses-table'), 200);
  await create.locator('.opblock-summary-control').click();
  const list = page.locator('#operations-Customers-listCustomers');
  await list.locator('.opblock-summary-control').click();
  await list.locator('.execute').click();
  await list.locator('.live-responses-table').waitFor();
  await take(page, 'listed', list.locator('.live-responses-table'), 240);
}

/** What a person sees who has scrolled to this part. */
async function take(page: Page, name: string, part: Locator, abovePixels = 0): Promise<void> {
  // Twice, since the page moves by itself to what was opened.
  for (let round = 0; round < 2; round += 1) {
    await page.waitForTimeout(settleMs);
    const { y } = (await part.boundingBox()) ?? { y: 0 };
    await page.evaluate(`scrollBy({ top: ${y - abovePixels}, behavior: 'instant' })`);
  }
  await page.waitForTimeout(settleMs);
  const path = `${folder}${name}.png`;
  await page.screenshot({ path, animations: 'disabled' });
  const { size } = statSync(path);
  process.stdout.write(`docs/images/${name}.png: ${size.toLocaleString('en-US')} bytes\n`);
  if (size > bytesMax) throw new Error(`A picture may have ${bytesMax} bytes.`);
}
