import type { Customer, Rendered, RenderedBytes } from '../../contract/types.ts';
import { customerMembers } from '../../domain/customer.ts';
import { memberColumns } from './columns.ts';
import type { Dialect } from './dialect.ts';

/** Marks JSON text as a rendered `T`. Storage alone calls it, for text that it or the database made. */
export function markRendered<T>(json: string): Rendered<T> {
  return json as Rendered<T>;
}

/** The same for a text in UTF-8 that is in pieces. */
export function joinRendered<T>(pieces: readonly (string | Uint8Array)[]): RenderedBytes<T> {
  return Buffer.concat(
    pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)),
  ) as Uint8Array as RenderedBytes<T>;
}

/** Renders a customer in the form in which the database renders it: same members, same order, same bytes. */
export function renderCustomer(customer: Customer): Rendered<Customer> {
  return markRendered(JSON.stringify(customer));
}

/** The SQL expression that renders a row of `customers`, known as `alias`, as the contract's Customer. */
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
