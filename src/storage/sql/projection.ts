import type { Customer, Rendered, RenderedBytes } from '../../contract/types.ts';
import { customerMembers } from '../../domain/customer.ts';
import { memberColumns } from './columns.ts';
import type { Dialect } from './dialect.ts';

/** Marks JSON text as a rendered `T`. Only for text that this program or the database rendered. */
export function markRendered<T>(json: string): Rendered<T> {
  return json as Rendered<T>;
}

/** Joins strings and UTF-8 chunks into one rendered `T`. */
export function joinRendered<T>(chunks: readonly (string | Uint8Array)[]): RenderedBytes<T> {
  return Buffer.concat(
    chunks.map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk)),
  ) as Uint8Array as RenderedBytes<T>;
}

/** Renders a customer to the same bytes as {@link customerExpression}. */
export function renderCustomer(customer: Customer): Rendered<Customer> {
  return markRendered(JSON.stringify(customer));
}

/** SQL expression that renders a row of `customers`, aliased as `alias`, as the contract's Customer. */
export function customerExpression(dialect: Dialect, alias: string): string {
  const columns = new Map(memberColumns.map((column) => [column.member, column]));
  return dialect.renderObject(
    customerMembers.map(({ name }) => {
      const column = columns.get(name);
      return column
        ? [name, `${alias}.${column.name}`, column.type]
        : [name, `'"' || ${alias}.version || '"'`, 'text'];
    }),
  );
}
