import { resolve } from '../client/contract.ts';
import { type Document, type Header, isCommon, operationsOf, type Schema } from './document.ts';
import { answerTable, commonHeaders, operationSection, parameterTable } from './operation-section.ts';
import { problemCodes } from './problem-codes.ts';
import { rulesOf, table } from './schema-words.ts';

/** docs/reference.md: all that openapi.yaml says, to read and to look up. */
export function referencePage(document: Document): string {
  const operations = operationsOf(document);
  const index = operations.map(({ summary, method, path, ...operation }) => [
    `[${summary}](#${anchorOf(summary)})`,
    `\`${method} ${path}\``,
    `\`${operation.operationId}\``,
    `\`${operation['x-required-scope']}\``,
  ]);
  return `${[
    '<!-- Generated from openapi.yaml by `npm run generate`. Never edited. -->',
    '# Reference',
    `Version ${document.info.version} of the contract, [\`openapi.yaml\`](../openapi.yaml): every operation, parameter, member, status and code. The [tour](tour.md) shows them at work.`,
    '## Operations',
    table(['', 'Request', 'operationId', 'Scope'], index),
    `Beside them, and not in the contract: \`/livez\`, \`/readyz\`, \`/metrics\` ([observability](observability.md)), \`/openapi.yaml\`, \`/openapi.json\`, \`/docs\` and \`/.well-known/api-catalog\`. \`HEAD\` works wherever \`GET\` does.`,
    'What every operation takes and answers stands [below](#every-operation), and not with each.',
    ...operations.map((operation) => operationSection(document, operation)),
    ...everyOperation(document),
    '## Problem codes',
    'A refusal is `application/problem+json`, a [Problem](#problem). Decide by its status and its code.',
    problemCodes(document),
    '## Schemas',
    ...schemaSections(document),
    '## Rules of the whole API',
    deeper(document.info.description.trim()),
  ].join('\n\n')}\n`;
}

function everyOperation(document: Document): string[] {
  const [first] = operationsOf(document);
  if (!first) throw new Error('The contract has no operation.');
  const { allParameters, responses } = first;
  return [
    '## Every operation',
    parameterTable(
      document,
      allParameters.filter((parameter) => isCommon(document, parameter)),
    ),
    answerTable(
      document,
      Object.entries(responses).filter(([, response]) => isCommon(document, response)),
    ),
    commonHeaderTable(document),
  ];
}

function commonHeaderTable(document: Document): string {
  const rows = commonHeaders.map((name) => {
    const header = document.components.headers[name];
    if (!header) throw new Error(`The contract has no header ${name}.`);
    return [`\`${name}\``, resolve<Header>(document, header).description];
  });
  return table(['Header', 'Meaning'], rows);
}

/** Every object of the contract; what is no object is told where it is used. */
function schemaSections(document: Document): string[] {
  return Object.entries(document.components.schemas).flatMap(([name, schema]) => {
    if (!schema.properties) return [];
    const rows = Object.entries(schema.properties).map(([member, value]) => [
      `\`${member}\`${schema.required?.includes(member) ? '' : ' (optional)'}`,
      rulesOf(document, value),
      resolve<Schema>(document, value).description ?? '',
    ]);
    const closed = schema.additionalProperties === false ? ['No other members are taken.'] : [];
    return [
      `### ${name}`,
      ...(schema.description ? [schema.description.trim()] : []),
      ...closed,
      table(['Member', 'Rules', 'Meaning'], rows),
    ];
  });
}

function deeper(markdown: string): string {
  return markdown.replace(/^#/gm, '##');
}

function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}
