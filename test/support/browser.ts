import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterwards, type Cleanup } from './cleanup.ts';

const executables = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The installed browser, or the one named by CHROMIUM. */
const executablePath = [process.env.CHROMIUM ?? '', ...executables].find((path) => existsSync(path));

/** Why browser tests cannot run here; false if they can. */
export function withoutBrowser(): string | false {
  return executablePath ? false : `this test needs Chromium (${executables[0]}, or the path in CHROMIUM)`;
}

/** Generous, because pages are slow on a busy machine. */
const stepTimeoutMs = 60_000;

export async function startBrowser(cleanup: Cleanup): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: executablePath ?? '',
    // Chromium's sandbox does not work for root.
    chromiumSandbox: process.getuid?.() !== 0,
    timeout: stepTimeoutMs,
  });
  afterwards(cleanup, () => browser.close());
  return browser;
}

/** A page, and activity of it that a person does not see. */
export interface WatchedPage {
  readonly page: Page;
  /** Requests to the service, such as `GET /docs`. */
  readonly requests: string[];
  /** Requests to other hosts; all are blocked. */
  readonly outside: string[];
  /** Console errors and warnings, and uncaught exceptions, except error responses of the service. */
  readonly complaints: string[];
}

/** Opens a page of a service in its own context, with every request intercepted and recorded. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, ...options });
  context.setDefaultTimeout(stepTimeoutMs);
  const page = await context.newPage();
  const watched: WatchedPage = { page, requests: [], outside: [], complaints: [] };
  const { origin } = new URL(url);
  await context.route('**/*', async (route) => {
    const { href, origin: asked, pathname, search } = new URL(route.request().url());
    if (asked === origin) {
      watched.requests.push(`${route.request().method()} ${pathname}${search}`);
      await route.continue();
    } else {
      watched.outside.push(href);
      await route.abort();
    }
  });
  page.on('pageerror', (error) => watched.complaints.push(error.message));
  page.on('console', (message) => {
    const refused = /^Failed to load resource: the server responded with a status of 4\d\d/.test(
      message.text(),
    );
    if (['error', 'warning'].includes(message.type()) && !refused) watched.complaints.push(message.text());
  });
  await page.goto(url);
  return watched;
}

/** Saves a screenshot for people to look at; `artefacts/` is not committed. */
export async function keepScreenshot(page: Page, name: string): Promise<string> {
  const folder = fileURLToPath(new URL('../../artefacts/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: `${folder}${name}.png` });
  return `artefacts/${name}.png`;
}
