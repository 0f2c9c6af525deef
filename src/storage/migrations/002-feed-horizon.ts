import type { Migration } from './migration.ts';

/** The last position of the change feed that retention has removed; 0 while everything is kept. */
export const addFeedHorizon: Migration = {
  name: '002-feed-horizon',
  async up(knex, { columnTypes: { integer } }) {
    await knex.raw(`ALTER TABLE feed_head ADD COLUMN horizon ${integer} NOT NULL DEFAULT 0`);
  },
};
