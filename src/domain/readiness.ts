/** What has to hold so that the next request can be served: operators read these names. */
export const readinessChecks = ['service', 'database', 'file', 'schema', 'writes'] as const;

export type ReadinessCheck = (typeof readinessChecks)[number];

/** A check that does not hold. */
export interface ReadinessFault {
  readonly check: ReadinessCheck;
  /** For the operator, without names of hosts or files. */
  readonly detail: string;
  /** What really happened, for the log only. */
  readonly cause?: unknown;
}
