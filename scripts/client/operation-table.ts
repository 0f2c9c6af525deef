import { type ContractDocument, resolve } from './contract.ts';
import type { ClientOperation } from './contract-operations.ts';

/** Headers that the client sets by itself. */
const ownHeaders = ['Accept', 'Content-Type', 'Authorization'];

/** How a page says where to go on, and the parameter that takes it. */
const continuations = [
  { member: 'nextCursor', parameter: 'cursor' },
  { member: 'next', parameter: 'after' },
];

/** The table of all operations that the runtime goes by. */
export function emitOperationTable(
  document: ContractDocument,
  operations: readonly ClientOperation[],
): string {
  const rows = operations.map((operation) => `  ${operation.id}: ${row(document, operation)},\n`);
  return `import type { Operation } from './operation.ts';

/** Every operation of the contract, by its operationId. */
export const operations = {
${rows.join('')}} as const satisfies Readonly<Record<string, Operation>>;
`;
}

function row(document: ContractDocument, operation: ClientOperation): string {
  const { bodies, replies, headerParameters } = operation;
  const headers = headerParameters
    .filter(({ name }) => !ownHeaders.includes(name))
    .map(({ name }) => [optionName(name), name]);
  const entries: Record<string, unknown> = {
    method: operation.method,
    path: operation.path,
    query: operation.queryParameters.map(({ name }) => name),
    headers: Object.fromEntries(headers),
    accept: replies[0]?.name ?? 'application/json',
    contentType: bodies[0]?.name,
    isUpload: isUpload(operation) || undefined,
    guarded: isGuarded(operation) || undefined,
    idempotencyKey: headerParameters.some(({ name }) => name === 'Idempotency-Key') || undefined,
    leftOut: leftOut(document, operation),
    next: continuation(document, operation),
  };
  const lines = Object.entries(entries).filter(([, value]) => value !== undefined);
  return `{\n${lines.map(([name, value]) => `    ${name}: ${text(value)},\n`).join('')}  }`;
}

/** `ifNoneMatch` of `If-None-Match`. `X-` says nothing. */
export function optionName(header: string): string {
  return header
    .replace(/^X-/i, '')
    .toLowerCase()
    .replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * Where the service may demand If-Match (428), a write is for the version that the caller has seen. Elsewhere,
 * as on restoring, the customer in hand is often older than the write that is meant to be undone.
 */
export function isGuarded({ statuses }: ClientOperation): boolean {
  return statuses.includes('428');
}

export function isUpload({ bodies }: ClientOperation): boolean {
  return bodies.some(({ schema }) => schema.format === 'binary');
}

/** The members of the reply that the body refuses: so that what was read can be changed and written back. */
export function leftOut(
  document: ContractDocument,
  { bodies, replies }: ClientOperation,
): string[] | undefined {
  const [body, reply] = [bodies[0], replies[0]].map((media) => media && resolve(document, media.schema));
  if (!body?.properties || body.additionalProperties !== false || !reply?.properties) return undefined;
  const accepted = Object.keys(body.properties);
  return Object.keys(reply.properties).filter((name) => !accepted.includes(name));
}

/** Undefined where the operation has no pages. */
export function continuation(document: ContractDocument, { queryParameters, replies }: ClientOperation) {
  const page = replies.find(({ name }) => name === 'application/json');
  const members = page ? Object.keys(resolve(document, page.schema).properties ?? {}) : [];
  return continuations.find(
    ({ member, parameter }) =>
      members.includes('items') &&
      members.includes(member) &&
      queryParameters.some(({ name }) => name === parameter),
  );
}

function text(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(text).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([name, each]) => `${name}: ${text(each)}`);
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
  }
  return typeof value === 'string' ? `'${value}'` : String(value);
}
