import type { Migration } from './migration.ts';

/** Adds the last feed position that retention has removed; 0 if none. */
export const addFeedHorizon: Migration = {
  name: '002-feed-horizon',
  async up(knex, { columnTypes: { integer } }) {
    await knex.raw(`ALTER TABLE feed_head ADD COLUMN horizon ${integer} NOT NULL DEFAULT 0`);
  },
};
