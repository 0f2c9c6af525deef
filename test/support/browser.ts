import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterwards, type Cleanup } from './cleanup.ts';

const executables = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser that is installed, or the one of CHROMIUM. */
const executablePath = [process.env.CHROMIUM ?? '', ...executables].find((path) => existsSync(path));

/** Why a browser's tests cannot run here; false when they can. */
export function withoutBrowser(): string | false {
  return executablePath ? false : `there is no Chromium (${executables[0]}, or the path in CHROMIUM)`;
}

/** On a machine with much else to do a page takes its time. */
const stepTimeoutMs = 60_000;

export async function startBrowser(cleanup: Cleanup): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: executablePath ?? '',
    // Chromium's own sandbox cannot be had by root.
    chromiumSandbox: process.getuid?.() !== 0,
    timeout: stepTimeoutMs,
  });
  afterwards(cleanup, () => browser.close());
  return browser;
}

/** A page, and what it did that a person does not see. */
export interface WatchedPage {
  readonly page: Page;
  /** Requests to the service, each as `GET /docs`. */
  readonly requests: string[];
  /** Requests to anybody else: none of them is let through. */
  readonly outside: string[];
  /** Errors and warnings of the console, and what was thrown; that the service refused something is none. */
  readonly complaints: string[];
}

/** Opens a page of a service in a context of its own, with every request intercepted and counted. */
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

/** Keeps what a page looks like, for a person to look at: `artefacts/` is not committed. */
export async function keepScreenshot(page: Page, name: string): Promise<string> {
  const folder = fileURLToPath(new URL('../../artefacts/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: `${folder}${name}.png` });
  return `artefacts/${name}.png`;
}
