/** Who makes a request. Its name becomes the actor of every change that the request makes. */
export interface Principal {
  readonly name: string;
  /** What it may do: scopes of the contract, and {@link metricsScope}. */
  readonly scopes: ReadonlySet<string>;
  /** When its credential ends by itself, as milliseconds since 1970; Infinity for one that does not. */
  readonly expiresAtMs: number;
  /**
   * Whether its credential still holds: not expired, and not revoked as far as is known by now. A reply that goes
   * on for long, such as a stream, asks again and ends when it does not.
   */
  isCurrent(): boolean;
}

/** The scope for what no operation of the contract is: the metrics, from another machine. */
export const metricsScope = 'metrics:read';

/** A caller of whom nothing is known yet. It may do nothing. */
export const anonymous: Principal = {
  name: 'anonymous',
  scopes: new Set(),
  expiresAtMs: Number.POSITIVE_INFINITY,
  isCurrent: () => true,
};

/** The caller of a service whose authentication is switched off (`AUTH=off`): nobody known, who may do all. */
export function unrestricted(scopes: Iterable<string>): Principal {
  return { ...anonymous, scopes: new Set([...scopes, metricsScope]) };
}

const nameLengthMax = 255;

/** Actors of the change log that are no caller. */
const reservedNames = ['anonymous', 'retention', 'system'];

/** Whether a caller may have this name: it is stored with each change and stands in log lines. */
export function isPrincipalName(name: unknown): name is string {
  return (
    typeof name === 'string' &&
    name.length <= nameLengthMax &&
    /^[^\p{C}\p{Z}](?:[^\p{C}]*[^\p{C}\p{Z}])?$/u.test(name) &&
    !reservedNames.includes(name)
  );
}
