import type { Knex } from 'knex';
import type { Dialect } from '../sql/dialect.ts';

/** One migration of the schema. Never edited once released: a change is a new migration. */
export interface Migration {
  readonly name: string;
  /**
   * The name of an older migration: programs that know it can still serve after this one. Absent if no older program
   * can; see `docs/upgrading.md`.
   */
  readonly servedSince?: string;
  /**
   * For statements that PostgreSQL refuses in a transaction, such as CREATE INDEX CONCURRENTLY. The migration must
   * succeed when it is repeated after an interruption.
   */
  readonly outsideTransaction?: boolean;
  up(knex: Knex, dialect: Dialect): Promise<void>;
}
