/** What waits for the database in one queue. */
export interface QueueLoad {
  readonly waiting: number;
  /**
   * How long work that comes now would wait, as far as can be told: by how many are before it and how long they
   * take of late, or as long as whoever waits longest.
   */
  readonly waitMs: number;
}

/** What waits for the database: the service takes on no more than can be done in time. */
export interface StoreLoad {
  readonly writes: QueueLoad;
  readonly reads: QueueLoad;
}
