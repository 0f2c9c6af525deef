import type { ListQuery } from '../domain/ports.ts';
import type { Position } from './cursors.ts';
import type { Condition, Selection } from './customer-filters.ts';
import { selectionFor } from './customer-filters.ts';
import type { Dialect } from './dialect.ts';
import type { SqlValue } from './engine.ts';
import { rowLimit } from './row-limit.ts';

/** A way to find the customers that hold a term, in the order of an expression for their ordinal. */
export interface Way {
  readonly selection: Selection;
  readonly ordinal: string;
  /** The same without a page's bounds, to count all there are. */
  readonly counted: Selection;
}

/** The ways to answer a search. Each finds the same; they differ in what they cost. */
export interface SearchWays {
  /** The filters first, and the term in what they leave. */
  byFilters(): Way;
  /** The texts one by one, from where the page begins; no more of them than `textsMax`, if it is given. */
  byLooking(textsMax?: number): Way;
  /** The index over the texts first. */
  byIndex(): Way;
}

export function searchWays(
  term: string,
  query: ListQuery,
  after: Position | undefined,
  dialect: Dialect,
): SearchWays {
  const { source, ordinal: indexedOrdinal, condition, operand, inOrder } = dialect.indexedSearch;
  const filtered = selectionFor(query.filters, dialect);
  const contained: Condition = { sql: dialect.contains('found.text'), values: [term] };
  const indexed: Condition = { sql: condition, values: [operand(term)] };
  const comparison = query.descending ? '<' : '>';
  const begun = (column: string): Condition[] =>
    after ? [{ sql: `${column} ${comparison} ?`, values: [Number(after[0])] }] : [];

  function joined(from: string, ordinal: string, test: Condition): Selection {
    const same: Condition = { sql: `customers.ordinal = ${ordinal}`, values: [] };
    return { from, conditions: [test, same, ...filtered.conditions] };
  }

  /** The bound stands on both sides of the join, so that neither is read from its very beginning. */
  function from(selection: Selection, ordinal: string): Selection {
    const bounds = [...begun(ordinal), ...begun('customers.ordinal')];
    return { ...selection, conditions: [...selection.conditions, ...bounds] };
  }

  function newest(textsMax: number): { readonly sql: string; readonly values: readonly SqlValue[] } {
    const [bound] = begun('ordinal');
    const direction = query.descending ? 'DESC' : 'ASC';
    const where = bound ? ` WHERE ${bound.sql}` : '';
    const sql = `(SELECT ordinal, text FROM customer_search${where} ORDER BY ordinal ${direction} LIMIT ${rowLimit}) AS found`;
    return { sql, values: [...(bound?.values ?? []), textsMax] };
  }

  return {
    byFilters() {
      const counted = joined(
        `${filtered.from} CROSS JOIN customer_search AS found`,
        'found.ordinal',
        contained,
      );
      // Not the column itself, or the order could be taken for a reason to read all customers in it.
      return { selection: from(counted, 'found.ordinal'), ordinal: 'customers.ordinal + 0', counted };
    },
    byLooking(textsMax) {
      const ordinal = 'found.ordinal';
      const all = joined(`customer_search AS found CROSS JOIN ${filtered.from}`, ordinal, contained);
      if (textsMax === undefined) return { selection: from(all, ordinal), ordinal, counted: all };
      const { sql, values } = newest(textsMax);
      const some = joined(`${sql} CROSS JOIN ${filtered.from}`, ordinal, contained);
      const counted = joined(`${source} CROSS JOIN ${filtered.from}`, indexedOrdinal, indexed);
      return { selection: { ...some, fromValues: values }, ordinal, counted };
    },
    byIndex() {
      const counted = joined(`${source} CROSS JOIN ${filtered.from}`, indexedOrdinal, indexed);
      // As above: where the index has no order of its own, another one's must not be walked for the order's sake.
      const ordinal = inOrder ? indexedOrdinal : `${indexedOrdinal} + 0`;
      return {
        selection: from(counted, indexedOrdinal),
        ordinal,
        counted: { ...counted, orderedBy: ordinal },
      };
    },
  };
}
