/** Who makes a request. Its name becomes the actor of every change that the request makes. */
export interface Principal {
  readonly name: string;
}

/** The caller of a service whose authentication is switched off (`AUTH=off`). */
export const anonymous: Principal = { name: 'anonymous' };
