import { type ContractDocument, type Parameter, resolve } from './contract.ts';
import type { ClientOperation } from './contract-operations.ts';
import { docComment } from './doc-comment.ts';
import { optionName } from './operation-table.ts';
import { typeOf } from './schema-types.ts';

/** Where a stream goes on is the client's own affair. */
const lastEventId = 'Last-Event-ID';

/** What each operation takes besides its path and body. */
export function emitOptions(document: ContractDocument, operations: readonly ClientOperation[]): string {
  const interfaces = operations.map((operation) => {
    const { queryParameters, headerParameters } = operation;
    const options = [
      ...queryParameters.map((parameter) => member(document, parameter.name, parameter)),
      ...headerParameters
        .filter(({ name }) => name !== lastEventId)
        .map((parameter) => member(document, optionName(parameter.name), parameter)),
    ];
    const comment = docComment(`What \`${operation.id}\` takes besides.`);
    return `${comment}export interface ${optionsType(operation)} extends CallOptions {\n${options.join('')}}\n`;
  });
  const body = interfaces.join('\n');
  const names = Object.keys(document.components.schemas).filter((name) =>
    new RegExp(`\\b${name}\\b`).test(code(body)),
  );
  return `import type { CallOptions } from './operation.ts';
import type { ${names.join(', ')} } from './types.ts';

${body}`;
}

export function optionsType({ id }: Pick<ClientOperation, 'id'>): string {
  return `${id.charAt(0).toUpperCase()}${id.slice(1)}Options`;
}

function member(document: ContractDocument, name: string, { description, schema }: Parameter): string {
  const isTime = resolve(document, schema).format === 'date-time';
  const type = isTime ? `${typeOf(schema)} | Date` : typeOf(schema);
  return `${docComment(description, '  ')}  readonly ${name}?: ${type} | undefined;\n`;
}

/** A text without its comments, where names of types are only words. */
function code(text: string): string {
  return text.replace(/\/\*\*.*?\*\//gs, '');
}
