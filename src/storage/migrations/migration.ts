import type { Knex } from 'knex';
import type { Dialect } from '../sql/dialect.ts';

/** One step of the schema. Once released it is never edited: a change is a step of its own. */
export interface Migration {
  readonly name: string;
  /**
   * The name of an older step: programs that know it can still serve after this one, which has only added what
   * they do not need. Absent where none can; see `docs/upgrading.md`.
   */
  readonly servedSince?: string;
  /**
   * For statements that PostgreSQL takes outside of a transaction only, such as CREATE INDEX CONCURRENTLY. The step
   * may be cut off in its midst, and must then come through when it is run again.
   */
  readonly outsideTransaction?: boolean;
  up(knex: Knex, dialect: Dialect): Promise<void>;
}
