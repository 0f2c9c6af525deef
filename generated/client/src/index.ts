// Generated from openapi.yaml by `npm run generate`. Never edited.

export type { Call } from './call.ts';
export { CustomersClient } from './client.ts';
export type { CallOptions, InHand } from './operation.ts';
export type * from './options.ts';
export type { Pages } from './pages.ts';
export { CustomersConnectionError, CustomersProblem } from './problem.ts';
export type { Answer, Reply } from './reply.ts';
export type { Stream } from './stream.ts';
export type { ClientOptions } from './transport.ts';
export type * from './types.ts';
