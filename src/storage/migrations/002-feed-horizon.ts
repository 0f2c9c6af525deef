import type { Migration } from '../migration.ts';

/** The last position that retention has removed: what is at or before it is no longer in the feed. */
export const addFeedHorizon: Migration = {
  name: '002-feed-horizon',
  async up(knex, { columnTypes: { integer } }) {
    await knex.raw(`ALTER TABLE feed_head ADD COLUMN horizon ${integer} NOT NULL DEFAULT 0`);
  },
};
