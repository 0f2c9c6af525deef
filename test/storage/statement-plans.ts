import type { Engine, SqlValue } from '../../src/storage/engine/engine.ts';

export interface Statement {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** The same engine, recording the statements of its reads. */
export function recordReads(engine: Engine, ran: Statement[]): Engine {
  return {
    ...engine,
    read: (work) =>
      engine.read((session) =>
        work({
          run(sql, values) {
            ran.push({ sql, values });
            return session.run(sql, values);
          },
        }),
      ),
  };
}

/** @param analyze also runs it, so that the database reports how many rows it read. */
export async function explain(
  engine: Engine,
  { sql, values }: Statement,
  { analyze = false } = {},
): Promise<string> {
  const onPostgres = analyze ? 'EXPLAIN (ANALYZE, TIMING OFF)' : 'EXPLAIN';
  const command = engine.dialect.name === 'sqlite' ? 'EXPLAIN QUERY PLAN' : onPostgres;
  const rows = await engine.read((session) =>
    session.run<{ detail?: string; 'QUERY PLAN'?: string }>(`${command} ${sql}`, values),
  );
  return rows.map((row) => row.detail ?? row['QUERY PLAN']).join('\n');
}
