import type { ReadinessFault } from '../domain/readiness.ts';
import type { QueueLoad } from '../domain/store-load.ts';
import type { Engine } from './engine.ts';
import { FileMoved } from './file-place.ts';
import type { Migration } from './migration.ts';
import { readSchemaState, type SchemaState } from './migrator.ts';

/** The writes that wait, and how many may. */
export interface WriteQueue {
  readonly load: QueueLoad;
  readonly queueMax: number;
}

/**
 * Looks what keeps the database from serving. A write transaction is begun and rolled back, which a server that only
 * reads refuses. It stores nothing, so that a full disk is not seen: reads go on there, and each write tells.
 */
export async function findReadinessFaults(
  engine: Engine,
  { load, queueMax }: WriteQueue,
  steps: readonly Migration[],
): Promise<readonly ReadinessFault[]> {
  try {
    const probe = `SELECT position FROM feed_head ${engine.dialect.lockForProbe}`;
    await engine.transaction((session) => session.run(probe, []), { rollBack: true });
    const faults: ReadinessFault[] = [];
    const schema = schemaFault(await readSchemaState(engine, steps));
    if (schema) faults.push({ check: 'schema', detail: schema });
    if (load.waiting >= queueMax) {
      faults.push({ check: 'writes', detail: `${load.waiting} wait, which is as many as may.` });
    }
    return faults;
  } catch (cause) {
    if (cause instanceof FileMoved || (cause instanceof Error && cause.cause instanceof FileMoved)) {
      return [
        { check: 'file', detail: 'It was moved, replaced or deleted. Start the service again.', cause },
      ];
    }
    const { code } = cause as { readonly code?: unknown };
    const named = typeof code === 'string' && /^[A-Z0-9_]{5,40}$/.test(code) ? ` (${code})` : '';
    return [{ check: 'database', detail: `It takes no write transaction now${named}.`, cause }];
  }
}

function schemaFault({ pending, unknown, incomplete }: SchemaState): string | undefined {
  if (incomplete) return 'It is not complete: customers move is filling it.';
  if (unknown.length > 0) return `A newer release has changed it (${unknown.join(', ')}). Run that release.`;
  return pending.length > 0 ? `It lacks ${pending.join(', ')}.` : undefined;
}
