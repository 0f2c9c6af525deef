import { type ContractDocument, type Parameter, schemaName } from './contract.ts';
import type { ClientOperation, MediaType } from './contract-operations.ts';
import { docComment } from './doc-comment.ts';
import { optionsType } from './operation-options.ts';
import { continuation, isGuarded, isUpload, leftOut } from './operation-table.ts';
import { typeOf } from './schema-types.ts';

const eventStream = 'text/event-stream';

/** The class that has a method for each operation, by its operationId. */
export function emitClient(document: ContractDocument, operations: readonly ClientOperation[]): string {
  const methods = operations.flatMap((operation) => methodsOf(document, operation)).join('\n');
  const used = (name: string) => new RegExp(`\\b${name}\\b`).test(methods.replace(/\/\*\*.*?\*\//gs, ''));
  const types = Object.keys(document.components.schemas).filter(used);
  return `import type { Call } from './call.ts';
import { followEvents } from './follow.ts';
import { parseLines } from './lines.ts';
import type { InHand, Unconditional } from './operation.ts';
import { operations } from './operations.ts';
import type {\n${operations.map((operation) => `  ${optionsType(operation)},\n`).join('')}} from './options.ts';
import type { Pages } from './pages.ts';
import type { Stream } from './stream.ts';
import { type ClientOptions, Transport } from './transport.ts';
import type {\n${types.map((name) => `  ${name},\n`).join('')}} from './types.ts';
import type { Upload } from './upload.ts';

${docComment(`A client of ${document.info.title} ${document.info.version}: every operation of the contract by its operationId.`)}export class CustomersClient {
  readonly #transport: Transport;

  constructor(options: ClientOptions) {
    this.#transport = new Transport(options);
  }

${methods}}
`;
}

interface Signature {
  /** Path and body, before the options. */
  readonly leading: readonly string[];
  readonly options: string;
  readonly input: string;
}

function methodsOf(document: ContractDocument, operation: ClientOperation): string[] {
  const path = operation.pathParameters.map((parameter) => argumentOf(document, parameter));
  const [body] = operation.bodies;
  const hasJsonBody = body !== undefined && !isUpload(operation);
  const leading = path.map(({ name, type }) => `${name}: ${type}`);
  if (hasJsonBody) leading.push(`body: ${typeOf(body.schema)}`);
  const parts = [...(path.length > 0 ? [`path: [${path.map(({ name }) => name).join(', ')}]`] : [])];
  if (hasJsonBody) parts.push('body');
  const signature = {
    leading,
    options: optionsType(operation),
    input: `{ ${[...parts, 'options'].join(', ')} }`,
  };
  const comment = docComment(describe(document, operation), '  ');
  if (isUpload(operation)) return [comment + uploadMethod(operation, signature)];
  const [reply] = operation.replies;
  if (reply?.schema.format === 'binary') return [comment + downloadMethod(operation, signature)];
  const streamed = operation.replies.find(({ name }) => name === eventStream);
  const follow = streamed ? [followMethod(operation, streamed, signature)] : [];
  return [comment + jsonMethod(document, operation, signature), ...follow];
}

function jsonMethod(document: ContractDocument, operation: ClientOperation, signature: Signature): string {
  const { id, replies, statuses } = operation;
  const { leading, options, input } = signature;
  const reply = replies[0] ? typeOf(replies[0].schema) : 'void';
  const page = continuation(document, operation);
  const item = page && itemType(document, reply);
  const result = page ? `Pages<${reply}, ${item}>` : `Call<${reply}>`;
  const send = page
    ? `this.#transport.pages<${reply}, ${item}>(operations.${id}, ${input})`
    : `this.#transport.json<${reply}>(operations.${id}, ${input})`;
  const given = (type: string, suffix = '') => [...leading, `options${suffix}: ${type}`].join(', ');
  if (!statuses.includes('304')) {
    return `  ${id}(${given(`${options} = {}`)}): ${result} {\n    return ${send};\n  }\n`;
  }
  const unchanged = `${reply} | undefined`;
  const sends = page
    ? `    if (options.ifNoneMatch === undefined) return ${send};\n    return this.#transport.json<${unchanged}>(operations.${id}, ${input});\n`
    : `    return this.#transport.json<${unchanged}>(operations.${id}, ${input}) as Call<${reply}>;\n`;
  return `  ${id}(${given(`Unconditional<${options}>`, '?')}): ${result};
  /** With \`ifNoneMatch\`: undefined where nothing has changed (304). */
  ${id}(${given(options)}): Call<${unchanged}>;
  ${id}(${given(`${options} = {}`)}): Call<${unchanged}> | ${result} {\n${sends}  }\n`;
}

function uploadMethod({ id, bodies, replies }: ClientOperation, { options }: Signature): string {
  const [lines] = bodies;
  const item = lines?.item ? typeOf(lines.item) : 'unknown';
  const result = replies[0]?.item ? typeOf(replies[0].item) : 'unknown';
  const contentTypes = bodies.map(({ name }) => `'${name}'`).join(' | ');
  return `  ${id}(lines: Iterable<${item}> | AsyncIterable<${item}>, options?: ${options}): Stream<${result}>;
  /** Text or bytes as they are, whole or in pieces, of the media type that \`contentType\` names. */
  ${id}(
    body: string | Uint8Array | Blob | AsyncIterable<string | Uint8Array>,
    options: ${options} & { readonly contentType: ${contentTypes} },
  ): Stream<${result}>;
  ${id}(body: Upload, options: ${options} & { readonly contentType?: string } = {}): Stream<${result}> {
    const { contentType } = options;
    const input = { body, options, ...(contentType === undefined ? {} : { contentType }) };
    return this.#transport.stream(operations.${id}, input, parseLines<${result}>);
  }\n`;
}

function downloadMethod({ id, replies }: ClientOperation, { options, input }: Signature): string {
  const [lines, ...others] = replies;
  const item = lines?.item ? typeOf(lines.item) : 'unknown';
  const accepts = others.map(({ name }) => `'${name}'`).join(' | ');
  return `  ${id}(options?: ${options} & { readonly accept?: undefined }): Stream<${item}>;
  /** As text of the media type that \`accept\` names, in pieces cut where they happen to arrive. */
  ${id}(options: ${options} & { readonly accept: ${accepts} }): Stream<string>;
  ${id}(options: ${options} & { readonly accept?: string | undefined } = {}): Stream<${item}> | Stream<string> {
    const { accept } = options;
    if (accept === undefined) return this.#transport.stream(operations.${id}, ${input}, parseLines<${item}>);
    return this.#transport.stream(operations.${id}, { options, accept }, (pieces) => pieces);
  }\n`;
}

function followMethod({ id }: ClientOperation, { item }: MediaType, { options }: Signature): string {
  const name = id.replace(/^[a-z]+/, 'follow');
  const comment = docComment(
    `\`${id}\` as it happens: each new item when it is committed, without end, each once and in order, over as many connections as it takes. It ends by \`signal\`, by leaving the loop, or with a refusal that waiting does not mend. \`retriesMax\` bounds failures in a row, and is unlimited when absent.`,
    '  ',
  );
  const type = item ? typeOf(item) : 'unknown';
  return `${comment}  ${name}(options: Omit<${options}, 'limit'> = {}): AsyncGenerator<${type}, void, undefined> {
    return followEvents<${type}>(this.#transport, operations.${id}, options);
  }\n`;
}

/** A thing that has an id and an etag can be given as it was read: `customer` where the path says `{customerId}`. */
function argumentOf(document: ContractDocument, parameter: Parameter): { name: string; type: string } {
  const name = parameter.name.replace(/Id$/, '');
  const thing = document.components.schemas[name.charAt(0).toUpperCase() + name.slice(1)];
  const type = typeOf(parameter.schema);
  if (!thing?.properties?.id || !thing.properties.etag) return { name: parameter.name, type };
  return { name, type: `${type} | InHand` };
}

function describe(document: ContractDocument, operation: ClientOperation): string {
  const lines = [`${operation.summary}.`, operation.description];
  if (isGuarded(operation) && operation.pathParameters.length > 0) {
    lines.push(
      'Given the customer as it was read, its `etag` goes as `If-Match`: 412 where somebody changed it since. Given its id alone, whatever version there is is meant.',
    );
  }
  const names = leftOut(document, operation);
  if (names && names.length > 0 && operation.method === 'PUT') {
    lines.push(
      `A customer that was read can be spread into the body: ${names.join(', ')} are left out of it.`,
    );
  }
  if (operation.headerParameters.some(({ name }) => name === 'Idempotency-Key')) {
    lines.push('Safe to retry: each call has an `Idempotency-Key` of its own, unless you give one.');
  }
  return lines.join('\n\n');
}

function itemType(document: ContractDocument, page: string): string {
  const items = document.components.schemas[page]?.properties?.items?.items;
  return (items && schemaName(items)) ?? 'unknown';
}
