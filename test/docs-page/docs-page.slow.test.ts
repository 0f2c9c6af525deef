/**
 * The docs page in a real browser.
 *
 * Planted, and each failed: a font of another host in the style sheet (console, outside request), the
 * examples filled in, the names of the controls left out, a paler `--quiet` (axe), the earlier markup of the
 * operations' links (keyboard, axe), a stream read to its end (nothing shown), the credential in the query or
 * session storage (keys), a policy without styles.
 */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { operationsById } from '../../src/contract/operations.ts';
import type { CustomerList } from '../../src/contract/types.ts';
import { keepScreenshot, openPage, startBrowser, withoutBrowser } from '../support/browser.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { keyMaker } from '../support/credentials.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { tier } from '../support/tier.ts';

const skip = withoutBrowser();
const soak = tier === 'soak';
const schemes = ['light', 'dark'] as const;
/** More presses of Tab than are needed to reach anything. */
const tabsMax = 150;

describe('docs page', { skip }, () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let browser: Browser;
  before(async () => {
    service = await startTestService(cleanup, { engine: 'sqlite' });
    browser = await startBrowser(cleanup);
  });

  test('shows every operation of the contract, without console errors or requests to other hosts', async (context) => {
    const { page, requests, outside, complaints } = await openPage(browser, `${service.url}/docs`);
    await page.locator('.opblock').first().waitFor();
    assert.equal(await page.locator('.opblock').count(), operationsById.size);
    assert.equal(await page.title(), 'Customers API');
    await tryOperation(page, 'Customers-listCustomers');
    await page.getByText('"nextCursor": null').first().waitFor();
    context.diagnostic(
      `${requests.length} requests to the service, ${outside.length} to other hosts, ${complaints.length} console errors`,
    );
    assert.deepEqual(outside, []);
    assert.deepEqual(complaints, []);
    // Nothing is filled in by default.
    assert.ok(requests.includes('GET /customers'), requests.join('\n'));
    const ground = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const before = await ground();
    await page.getByRole('button', { name: 'Dark' }).click();
    assert.notEqual(await ground(), before, 'the button switches the colour scheme');
  });

  for (const colorScheme of schemes) {
    test(`no serious accessibility violation in ${colorScheme}`, async (context) => {
      // axe injects a style, which the page's policy would block.
      const options = { colorScheme, bypassCSP: true };
      const { page } = await openPage(browser, `${service.url}/docs`, options);
      await page.locator('.opblock').first().waitFor();
      const opened = soak
        ? '.opblock-summary-control'
        : '#operations-Customers-createCustomer button.opblock-summary-control';
      for (const button of await page.locator(opened).all()) await button.click();
      await page.locator('#operations-Customers-createCustomer textarea').waitFor();
      for (const summary of await page.locator('details > summary').all()) await summary.click();
      await page.locator('.models-control').click();
      await page.locator('#operations-Customers-createCustomer .execute').click();
      await page.locator('.live-responses-table').waitFor();
      const faults = await accessibilityFaults(page);
      const count = (impact: string) => faults.filter((fault) => fault.startsWith(impact)).length;
      context.diagnostic(
        `critical ${count('critical')}, serious ${count('serious')}, moderate ${count('moderate')}, minor ${count('minor')}`,
      );
      context.diagnostic(await keepScreenshot(page, `docs-${colorScheme}`));
      assert.deepEqual(
        faults.filter((fault) => /^(critical|serious)/.test(fault)),
        [],
      );
    });
  }

  test('sends a credential where the service requires one, and stores it nowhere', async (context) => {
    const environment = { AUTH: 'keys' };
    const closed = await startTestService(context, { engine: 'sqlite', environment });
    const { text: token } = await keyMaker(context, closed.databaseUrl).create(['customers:read']);
    const { page, requests, complaints } = await openPage(browser, `${closed.url}/docs`);
    await tryOperation(page, 'Customers-listCustomers');
    await page.locator('.live-responses-table td.response-col_status', { hasText: '401' }).waitFor();
    await page.getByLabel('Credential').fill(token);
    await page.getByLabel('Credential').press('Enter');
    await page.getByText('Sent with each request').waitFor();
    await page.locator('#operations-Customers-listCustomers .execute').click();
    await page.locator('.live-responses-table td.response-col_status', { hasText: '200' }).waitFor();
    const kept = await page.evaluate<string>(
      'JSON.stringify([location.href, document.cookie, { ...localStorage }, { ...sessionStorage }])',
    );
    for (const text of [kept, ...requests]) assert.ok(!text.includes(token), text);
    await page.getByRole('button', { name: 'Forget' }).click();
    await page.locator('#operations-Customers-listCustomers .execute').click();
    await page.locator('.live-responses-table td.response-col_status', { hasText: '401' }).waitFor();
    assert.deepEqual(complaints, []);
  });
});

describeEngines('docs page', (engine) => {
  test('shows the beginning of an endless stream', { skip }, async (context) => {
    const service = await startTestService(context, { engine });
    await service.call('POST', '/customers', { body: { name: 'Annie Easley' } });
    const { page, complaints } = await openPage(await startBrowser(context), `${service.url}/docs`);
    const operation = page.locator('[id$="-listChanges"]').first();
    await operation.locator('.opblock-summary-control').click();
    await operation.locator('select.content-type').first().selectOption('text/event-stream');
    await operation.locator('.execute').click();
    await operation.locator('.live-responses-table td.response-col_status', { hasText: '200' }).waitFor();
    await operation.getByText('Annie Easley').first().waitFor();
    assert.deepEqual(complaints, []);
  });

  test('a customer can be created with the keyboard alone', {
    skip,
  }, async (context) => {
    const service = await startTestService(context, { engine });
    const { page } = await openPage(await startBrowser(context), `${service.url}/docs`);
    await page.locator('.opblock').first().waitFor();
    await page.keyboard.press('Tab');
    assert.equal(await focused(page, 'textContent'), 'Skip to the operations');
    await page.keyboard.press('Enter');
    let tabs = await tabTo(page, "el.textContent.includes('Create a customer')");
    await page.keyboard.press('Enter');
    await page.locator('textarea').waitFor();
    tabs += await tabTo(page, "el.getAttribute('aria-label') === 'Request body'");
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText('{"name": "Katherine Johnson"}');
    tabs += await tabTo(page, "el.textContent === 'Execute'");
    await page.keyboard.press('Enter');
    await page.locator('.live-responses-table td.response-col_status', { hasText: '201' }).waitFor();
    const { json } = await service.call<CustomerList>('GET', '/customers');
    assert.deepEqual(
      json.items.map(({ name }) => name),
      ['Katherine Johnson'],
    );
    context.diagnostic(`${tabs} presses of Tab`);
  });
});

async function tryOperation(page: Page, id: string): Promise<void> {
  await page.locator(`#operations-${id} .opblock-summary-control`).click();
  await page.locator(`#operations-${id} .execute`).click();
}

/** Each violation as `serious color-contrast: where`. */
async function accessibilityFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<axe.AxeResults>('axe.run({ preload: false })');
  return violations.flatMap(({ impact, id, nodes }) =>
    nodes.map(({ target, any }) => `${impact} ${id}: ${target.join(' ')} ${any[0]?.message ?? ''}`),
  );
}

/** Presses Tab until the focused element `el` matches. */
async function tabTo(page: Page, wanted: string): Promise<number> {
  for (let tabs = 1; tabs <= tabsMax; tabs += 1) {
    await page.keyboard.press('Tab');
    if (await page.evaluate<boolean>(`(el => ${wanted})(document.activeElement)`)) return tabs;
  }
  throw new Error(`${tabsMax} presses of Tab do not reach ${wanted}`);
}

function focused(page: Page, member: string): Promise<string> {
  return page.evaluate<string>(`document.activeElement.${member}`);
}
