import { tracedAmong } from '../../domain/context.ts';
import type { CustomerStore, ListFilters } from '../../domain/customer-store.ts';
import { readFeedBounds } from '../changes/change-log.ts';
import { greatestPosition, type ReadOptions, type ReadSource } from '../engine/engine.ts';
import type { Position } from './cursors.ts';
import { sortedPages } from './list.ts';
import { readPage } from './page-query.ts';

/** A page is some hundred kilobytes and takes a few milliseconds to read. */
const rowsPerPage = 500;

interface ExportPage {
  /** One customer per line. */
  readonly lines: Uint8Array;
  /** Where the next page starts; undefined after the last. */
  readonly end: Position | undefined;
}

/**
 * Exports customers by keyset pages, oldest first. Each page is a read of its own: a slow client must not hold a
 * transaction open, which would keep SQLite from truncating the WAL and PostgreSQL from removing dead rows.
 */
export function createCustomerExport(source: ReadSource): CustomerStore['export'] {
  async function readLines(
    filters: ListFilters,
    after: Position | undefined,
    options: ReadOptions,
  ): Promise<ExportPage> {
    const query = { filters, sortKey: 'createdAt', descending: false, limit: rowsPerPage } as const;
    const { items, hasMore, end } = await source.read(
      (session) =>
        readPage(session, source.dialect, sortedPages(source.dialect, query, after), {
          ...query,
          layout: 'lines',
        }),
      options,
    );
    return { lines: items, end: hasMore ? end : undefined };
  }

  async function* pages(filters: ListFilters, options: ReadOptions): AsyncGenerator<Uint8Array> {
    let next: Promise<ExportPage> | undefined = readLines(filters, undefined, options);
    while (next) {
      const { lines, end }: ExportPage = await next;
      next = end && readLines(filters, end, options);
      // The consumer may never ask for the page read ahead: its failure must not be unhandled.
      next?.catch(() => undefined);
      if (lines.length > 0) yield lines;
    }
  }

  return async (filters, context = {}) => {
    const { minFeedPosition } = context;
    const traced = tracedAmong([context]);
    const { head } = await source.read(readFeedBounds, { minFeedPosition, traced });
    // Every page must include the position that the export reports.
    const pagePosition = minFeedPosition && greatestPosition([minFeedPosition, head]);
    return { feedPosition: head, pages: pages(filters, { minFeedPosition: pagePosition, traced }) };
  };
}
