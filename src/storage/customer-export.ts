import type { CustomerExport, ListFilters } from '../domain/ports.ts';
import type { Position } from './cursors.ts';
import { readSortedPage } from './customer-pages.ts';
import type { Engine } from './engine.ts';
import { toFailure } from './error-translation.ts';
import { readExtent } from './feed-extent.ts';

/** Rows of a page: some hundred kilobytes, read in a few milliseconds. */
const rowsPerPage = 500;

interface Page {
  readonly text: string;
  /** Where the next one begins; undefined after the last. */
  readonly end: Position | undefined;
}

/**
 * Exports customers page by page, by the same keyset and indexes as a list from the oldest to the newest. Each page
 * is a read of its own, so that an export that is taken slowly holds no transaction open: on SQLite it would keep
 * the WAL from being cut, on PostgreSQL dead rows from being removed.
 */
export function createCustomerExport(engine: Engine): (filters: ListFilters) => Promise<CustomerExport> {
  async function readPage(filters: ListFilters, after: Position | undefined): Promise<Page> {
    const query = { filters, sortKey: 'createdAt', descending: false, limit: rowsPerPage } as const;
    const { items, more, end } = await engine.read((session) =>
      readSortedPage(session, engine.dialect, query, after, '\n'),
    );
    return { text: items === '' ? '' : `${items}\n`, end: more ? end : undefined };
  }

  async function* pages(filters: ListFilters): AsyncGenerator<string> {
    let next: Promise<Page> | undefined = readPage(filters, undefined);
    try {
      while (next) {
        const { text, end }: Page = await next;
        next = end && readPage(filters, end);
        // One that is no longer wanted may fail unheard.
        next?.catch(() => undefined);
        if (text !== '') yield text;
      }
    } catch (error) {
      throw toFailure(error, engine.dialect, 'read');
    }
  }

  return async (filters) => {
    const { head } = await engine.read(readExtent);
    return { feedPosition: head, pages: pages(filters) };
  };
}
