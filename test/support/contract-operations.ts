import { contractDocument, type Operation } from './contract-document.ts';

const verbs = ['get', 'put', 'post', 'patch', 'delete'];

/**
 * The operation of a request; literal paths take precedence over templates. For an unsupported method (405)
 * it returns another operation of the path, because all of them declare the same errors.
 */
export function findOperation(
  method: string,
  path: string,
): { template: string; operation: Operation } | undefined {
  const segments = pathSegments(path);
  const [template] = Object.keys(contractDocument.paths)
    .filter((candidate) => matches(candidate.split('/'), segments))
    .sort((one, other) => placeholders(one) - placeholders(other));
  const item = contractDocument.paths[template ?? ''];
  if (template === undefined || !item) return undefined;
  const verb = method === 'HEAD' ? 'get' : method.toLowerCase();
  const operation = item[verb] ?? verbs.flatMap((other) => item[other] ?? [])[0];
  return operation && { template, operation };
}

function pathSegments(path: string): string[] {
  return path.replace(/[?#].*$/s, '').split('/');
}

function matches(template: readonly string[], segments: readonly string[]): boolean {
  return (
    template.length === segments.length &&
    template.every((part, index) =>
      part.startsWith('{') ? segments[index] !== '' : part === segments[index],
    )
  );
}

function placeholders(template: string): number {
  return template.split('{').length - 1;
}
