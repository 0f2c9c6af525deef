/**
 * A consumer of the change feed as a separate process that can be killed: `feed-consumer.ts URL JOURNAL
 * MODE`. Its only state is the journal: one line per change, the last of which is where to continue.
 */
import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChangeEvent, ChangePage } from '../../src/contract/types.ts';
import { eventReader } from '../support/server-sent-events.ts';

const [serviceUrl = '', journal = '', mode = 'stream'] = process.argv.slice(2);

function keep(events: readonly unknown[]): void {
  for (const event of events) appendFileSync(journal, `${JSON.stringify(event)}\n`);
}

/** The last change in the journal. A line that was incomplete when the process was killed does not count. */
function lastKept(): string {
  const text = existsSync(journal) ? readFileSync(journal) : Buffer.alloc(0);
  const end = text.lastIndexOf('\n') + 1;
  if (end < text.length) truncateSync(journal, end);
  const lines = text.subarray(0, end).toString().split('\n');
  const last = lines.at(-2);
  return last ? (JSON.parse(last) as ChangeEvent).id : '0';
}

async function followByPages(): Promise<void> {
  for (let after = lastKept(); ; ) {
    const reply = await fetch(`${serviceUrl}/changes?after=${after}&limit=20`);
    const { items, next } = (await reply.json()) as ChangePage;
    keep(items);
    after = next;
    if (items.length === 0) await delay(20);
  }
}

async function followByStream(): Promise<void> {
  const headers = { accept: 'text/event-stream', 'last-event-id': lastKept() };
  const reply = await fetch(`${serviceUrl}/changes`, { headers });
  const reader = eventReader();
  const decoder = new TextDecoder();
  for await (const bytes of reply.body ?? []) {
    keep(reader.read(decoder.decode(bytes, { stream: true })).map(({ data }) => JSON.parse(data)));
  }
}

process.stdout.write('following\n');
await (mode === 'pages' ? followByPages() : followByStream());
