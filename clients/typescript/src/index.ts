export { CustomersClient } from './client.ts';
export type * from './options.ts';
export type { Answer, Call, CustomerRef, Pages, Reply } from './runtime/call.ts';
export { CustomersConnectionError, CustomersProblem } from './runtime/problem.ts';
export type { Stream } from './runtime/stream.ts';
export type { ClientOptions } from './runtime/transport.ts';
export type * from './types.ts';
