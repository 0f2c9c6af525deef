import { resolve } from '../client/contract.ts';
import {
  type Document,
  isCommon,
  type Parameter,
  type PlacedOperation,
  type Reference,
  type Response,
} from './document.ts';
import { codesOf } from './problem-codes.ts';
import { linkTo, nameOf, rulesOf, table } from './schema-words.ts';

/** Sent with almost every answer: told once, and not with each. */
export const commonHeaders: readonly string[] = [
  'X-Request-Id',
  'RateLimit',
  'RateLimit-Policy',
  'Cache-Control',
];

/** Everything that the contract says of an operation. */
export function operationSection(document: Document, operation: PlacedOperation): string {
  const { method, path, summary, operationId, description } = operation;
  const notes = operation.deprecated ? ' **Deprecated.**' : '';
  return [
    `### ${summary}`,
    `\`${method} ${path}\` · \`${operationId}\` · scope \`${operation['x-required-scope']}\`${notes}`,
    description.trim(),
    ...parametersOf(document, operation),
    ...requestBody(document, operation),
    answers(document, operation),
  ].join('\n\n');
}

function parametersOf(document: Document, { allParameters }: PlacedOperation): string[] {
  const own = allParameters.filter((parameter) => !isCommon(document, parameter));
  return own.length === 0 ? [] : [parameterTable(document, own)];
}

export function parameterTable(document: Document, parameters: readonly (Parameter | Reference)[]): string {
  const rows = parameters
    .map((parameter) => resolve<Parameter>(document, parameter))
    .map(({ name, in: place, required, schema, description }) => [
      `\`${name}\``,
      place === 'path' || required ? `${place}, required` : place,
      rulesOf(document, schema),
      description,
    ]);
  return table(['Parameter', 'In', 'Rules', 'Meaning'], rows);
}

function requestBody(document: Document, { requestBody: body }: PlacedOperation): string[] {
  if (!body) return [];
  const rows = Object.entries(body.content).map(([mediaType, { schema, 'x-itemSchema': item }]) => [
    `\`${mediaType}\``,
    item ? `a ${linkTo(nameOf(item) ?? '')} a line` : rulesOf(document, schema),
  ]);
  return [`**Body.** ${body.description ?? ''}`.trim(), table(['Content-Type', 'Body'], rows)];
}

function answers(document: Document, { responses }: PlacedOperation): string {
  const own = Object.entries(responses).filter(([, response]) => !isCommon(document, response));
  return answerTable(document, own);
}

export function answerTable(
  document: Document,
  responses: readonly (readonly [status: string, response: Response | Reference])[],
): string {
  const rows = responses.map(([status, value]) => {
    const response = resolve<Response>(document, value);
    return [status, response.description, answered(document, response), headersOf(response)];
  });
  return table(['Status', 'When', 'Body', 'Headers'], rows);
}

/** A problem by its codes, anything else by its schema. */
function answered(document: Document, response: Response): string {
  const codes = codesOf(document, response);
  if (codes.length > 0) return codes.map((code) => `[\`${code}\`](#problem-codes)`).join(', ');
  const bodies = Object.entries(response.content ?? {}).map(
    ([mediaType, { schema, 'x-itemSchema': item }]) => {
      const what = item ? `${linkTo(nameOf(item) ?? '')}, each` : rulesOf(document, schema);
      return `\`${mediaType}\`: ${what}`;
    },
  );
  return bodies.join('; ');
}

function headersOf({ headers = {} }: Response): string {
  const own = Object.keys(headers).filter((name) => !commonHeaders.includes(name));
  return own.map((name) => `\`${name}\``).join(', ');
}
