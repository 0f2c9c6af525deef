import type { CustomerStore, ListFilters } from '../../domain/customer-store.ts';
import { readExtent } from '../changes/log.ts';
import { greatestPosition, type ReadOptions, type ReadSource } from '../engine/engine.ts';
import { toFailure } from '../errors.ts';
import type { Position } from './cursors.ts';
import { sortedSource } from './list.ts';
import { readPage } from './page-query.ts';

/** Rows of a page: some hundred kilobytes, read in a few milliseconds. */
const rowsPerPage = 500;

interface Page {
  /** Each customer with a line feed. */
  readonly lines: Uint8Array;
  /** Where the next one begins; undefined after the last. */
  readonly end: Position | undefined;
}

/**
 * Exports customers page by page, by the same keyset and indexes as a list from the oldest to the newest. Each page
 * is a read of its own, so that an export that is taken slowly holds no transaction open: on SQLite it would keep
 * the WAL from being cut, on PostgreSQL dead rows from being removed.
 */
export function createCustomerExport(source: ReadSource): CustomerStore['export'] {
  async function readLines(
    filters: ListFilters,
    after: Position | undefined,
    options: ReadOptions,
  ): Promise<Page> {
    const query = { filters, sortKey: 'createdAt', descending: false, limit: rowsPerPage } as const;
    const { items, more, end } = await source.read(
      (session) =>
        readPage(session, source.dialect, sortedSource(source.dialect, query, after), {
          ...query,
          layout: 'lines',
        }),
      options,
    );
    return { lines: items, end: more ? end : undefined };
  }

  async function* pages(filters: ListFilters, options: ReadOptions): AsyncGenerator<Uint8Array> {
    let next: Promise<Page> | undefined = readLines(filters, undefined, options);
    try {
      while (next) {
        const { lines, end }: Page = await next;
        next = end && readLines(filters, end, options);
        // One that is no longer wanted may fail unheard.
        next?.catch(() => undefined);
        if (lines.length > 0) yield lines;
      }
    } catch (error) {
      throw toFailure(error, source.dialect, 'read');
    }
  }

  return async (filters, minFeedPosition, trace) => {
    const served = trace && [trace];
    const { head } = await source.read(readExtent, { minFeedPosition, served });
    // No page may lack what the position says that it holds.
    const pagePosition = minFeedPosition && greatestPosition([minFeedPosition, head]);
    return { feedPosition: head, pages: pages(filters, { minFeedPosition: pagePosition, served }) };
  };
}
