import type { Knex } from 'knex';
import type { Dialect } from './dialect.ts';

/** One step of the schema. Once released it is never edited: a change is a step of its own. */
export interface Migration {
  readonly name: string;
  up(knex: Knex, dialect: Dialect): Promise<void>;
}
