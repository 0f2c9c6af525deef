import type { Session, SqlValue } from '../engine/engine.ts';
import { rowLimit } from './columns.ts';

/** SQL text with one `?` per value, in order. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** Builds a statement from a template: values become placeholders, nested statements keep their own values. */
export function sql(texts: TemplateStringsArray, ...parts: readonly (SqlValue | Statement)[]): Statement {
  let text = texts[0] ?? '';
  const values: SqlValue[] = [];
  for (const [index, part] of parts.entries()) {
    if (typeof part === 'object' && part !== null) {
      text += part.sql;
      values.push(...part.values);
    } else {
      text += '?';
      values.push(part);
    }
    text += texts[index + 1] ?? '';
  }
  return { sql: text, values };
}

/** Inserts SQL text as it is, such as an identifier or an expression. Never pass it a caller's input. */
export function raw(text: string): Statement {
  return { sql: text, values: [] };
}

/** The operand of LIMIT or OFFSET, cast as {@link rowLimit} explains. */
export function rowCount(count: SqlValue): Statement {
  return { sql: rowLimit, values: [count] };
}

/** Joins statements with a separator such as `' AND '`. */
export function join(statements: readonly Statement[], separator: string): Statement {
  return {
    sql: statements.map((statement) => statement.sql).join(separator),
    values: statements.flatMap(({ values }) => values),
  };
}

/**
 * Builds a statement's text once and returns a function that binds its parameters by name. `build` receives each
 * name as the value to interpolate; a name may occur several times.
 */
export function prepare<Name extends string>(
  names: readonly Name[],
  build: (parameters: Readonly<Record<Name, Name>>) => Statement,
): (values: Readonly<Record<Name, SqlValue>>) => Statement {
  const parameters = Object.fromEntries(names.map((name) => [name, name])) as Record<Name, Name>;
  const { sql: text, values: order } = build(parameters);
  return (values) => ({ sql: text, values: order.map((name) => values[name as Name]) });
}

/** Runs a statement on a connection. */
export function run<Row>(session: Session, statement: Statement): Promise<Row[]> {
  return session.run<Row>(statement.sql, statement.values);
}
