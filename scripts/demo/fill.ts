import { v7 as uuidv7 } from 'uuid';
import type { Clock } from '../../src/domain/clock.ts';
import { demoCustomers } from './customers.ts';

const dayMs = 86_400_000;
/** How far back the history of the demo goes. */
const historyDays = 400;

/** A past that ends now, while the demo is filled; from then on the time is what it is. */
export interface DemoClock {
  readonly now: Clock;
  /** Moves to another moment of the past, from 0 (the beginning) to 1 (now). */
  moveTo(moment: number): void;
  goLive(): void;
}

export function demoClock(): DemoClock {
  const begin = Date.now() - historyDays * dayMs;
  let past: number | undefined = begin;
  return {
    now: () => past ?? Date.now(),
    moveTo(moment) {
      past = begin + moment * (Date.now() - begin);
    },
    goLive() {
      past = undefined;
    },
  };
}

/** What the demo was filled with. */
export interface Filling {
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
}

/** Fills the service through its own API: creates customers, changes some, deletes a few, restores one. */
export async function fillDemo(url: string, clock: DemoClock): Promise<Filling> {
  const customers = demoCustomers();
  const paths: string[] = [];
  for (const [index, customer] of customers.entries()) {
    clock.moveTo((0.7 * index) / customers.length);
    const path = `/customers/${idOf(index)}`;
    await send(url, 'PUT', path, customer, { 'If-None-Match': '*' });
    paths.push(path);
  }
  const changed = paths.filter((_, index) => index % 3 === 1);
  for (const [index, path] of changed.entries()) {
    clock.moveTo(0.7 + (0.25 * index) / changed.length);
    await send(url, 'PATCH', path, changes[index % changes.length]);
  }
  const gone = paths.filter((_, index) => index % 17 === 5);
  for (const [index, path] of gone.entries()) {
    clock.moveTo(0.95 + (0.04 * index) / gone.length);
    await send(url, 'DELETE', path);
  }
  clock.moveTo(0.995);
  await send(url, 'POST', `${gone[0]}/restore`);
  clock.goLive();
  return { created: paths.length, updated: changed.length, deleted: gone.length - 1 };
}

/** The same ones each time, so that an id in a note or a bookmark still leads somewhere after a reset. */
function idOf(index: number): string {
  const random = Uint8Array.from({ length: 16 }, (_, at) => (index * 151 + at * 97) % 256);
  return uuidv7({ msecs: Date.UTC(2026, 0, 1) + index, seq: index, random });
}

const changes = [
  { tags: ['newsletter', 'returning'] },
  { status: 'inactive', note: 'Has moved; wants to be asked again next year.' },
  { metadata: { tier: 'platinum', accountManager: 'a.kowalska' } },
  { note: null, tags: [] },
];

async function send(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const response = await fetch(url + path, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json', ...headers } }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
}
