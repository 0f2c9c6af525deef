import { resolve } from '../client/contract.ts';
import { type Document, type Example, operationsOf, type Response, type Schema } from './document.ts';
import { table } from './schema-words.ts';

interface Problem {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
}

/** Codes that belong to no operation. */
const elsewhere: Readonly<Record<string, Omit<Problem, 'code'>>> = {
  not_found: { status: 404, title: 'Not found', detail: 'The path is none of the service.' },
  internal_error: {
    status: 500,
    title: 'Internal error',
    detail: 'A fault of the service; its log has it by the requestId.',
  },
};

/** The codes that a response may have, as its examples show them. */
export function codesOf(document: Document, response: Response): string[] {
  return problemsOf(document, response).map(({ code }) => code);
}

/** Every code of the contract, with where it comes from. */
export function problemCodes(document: Document): string {
  const operations = operationsOf(document);
  const { ProblemCode } = document.components.schemas;
  const rows = (ProblemCode as Schema)['x-extensible-enum']?.map((code) => {
    const found = operations.flatMap((operation) =>
      Object.values(operation.responses).flatMap((value) =>
        problemsOf(document, resolve<Response>(document, value))
          .filter((problem) => problem.code === code)
          .map((problem) => ({ operation, problem })),
      ),
    );
    const shown = found[0]?.problem ?? elsewhere[code];
    if (!shown) throw new Error(`The contract has no example of the problem ${code}.`);
    const statuses = [...new Set(found.map(({ problem }) => problem.status))].sort().join(', ');
    const names = [...new Set(found.map(({ operation }) => operation.operationId))];
    const where =
      names.length === operations.length ? 'every operation' : names.map((name) => `\`${name}\``).join(', ');
    return [
      `\`${code}\``,
      statuses || String(shown.status),
      shown.title,
      shown.detail,
      where || 'no operation',
    ];
  });
  return table(['Code', 'Status', 'Title', 'Such as', 'Answered by'], rows ?? []);
}

function problemsOf(document: Document, { content = {} }: Response): Problem[] {
  const examples = Object.values(content['application/problem+json']?.examples ?? {});
  return examples.map((example) => resolve<Example>(document, example).value as Problem);
}
