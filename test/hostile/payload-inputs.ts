import { type RuleSchema, validValue } from '../conformance/violations.ts';
import { resolved } from '../support/contract-document.ts';
import type { HostileRequest } from './hostile-request.ts';
import { hostileTargets } from './hostile-targets.ts';
import { asText, minimalRequest, withParameter } from './request-matrix.ts';

/** An input of a request that takes text. */
export interface Input {
  /** Such as `query tag` or `body /address/city`: the same for each operation that has it. */
  readonly name: string;
  readonly operationId: string;
  /** A valid value. */
  readonly example: string;
  /** The request with the text in this input; undefined if it cannot be sent. */
  put(text: string): HostileRequest | undefined;
}

/** Every input of every operation in the contract. */
export function allInputs(): Input[] {
  return hostileTargets.flatMap((target) => {
    const least = minimalRequest(target);
    const { operationId } = target;
    const parameters = target.parameters.map(({ name, in: place, schema }): Input => {
      const label = `${place} ${name}`;
      const put = (text: string) => labelled(withParameter(least, place, name, text), operationId, label);
      return { name: label, operationId, example: asText(validValue(schema)), put };
    });
    return [...parameters, ...bodyInputs(least, operationId)];
  });
}

function labelled(request: HostileRequest | undefined, operationId: string, label: string) {
  return request && { ...request, label: `${operationId} ${label}` };
}

function bodyInputs(least: HostileRequest, operationId: string): Input[] {
  const [content] = Object.values(least.target.content);
  if (!content || !least.body) return [];
  const schema = resolved<RuleSchema>(content.schema);
  if (schema.format === 'binary') {
    const put = (text: string) => ({ ...least, label: `${operationId} body`, body: Buffer.from(text) });
    return [
      { name: `body of ${operationId}`, operationId, example: Buffer.from(least.body).toString(), put },
    ];
  }
  const base = JSON.parse(Buffer.from(least.body).toString()) as Record<string, unknown>;
  return leavesOf(schema, '').map(({ pointer, example, wrap }): Input => {
    const label = `body ${pointer}`;
    const put = (text: string) => {
      const body = Object.fromEntries([...Object.entries(base), ...Object.entries(wrap(text) as object)]);
      return { ...least, label: `${operationId} ${label}`, body: Buffer.from(JSON.stringify(body)) };
    };
    return { name: label, operationId, example, put };
  });
}

interface Leaf {
  readonly pointer: string;
  readonly example: string;
  /** A value with only the text, at this path. */
  wrap(text: string): unknown;
}

function leavesOf(reference: RuleSchema, pointer: string): Leaf[] {
  const schema = resolved<RuleSchema>(reference);
  if (schema.type === 'string')
    return [{ pointer, example: String(validValue(schema)), wrap: (text) => text }];
  if (schema.type === 'array') {
    return leavesOf(schema.items ?? {}, `${pointer}/0`).map((leaf) => ({
      ...leaf,
      wrap: (text) => [leaf.wrap(text)],
    }));
  }
  if (schema.type !== 'object') return [];
  const single = (name: string, value: unknown) => Object.fromEntries([[name, value]]);
  const members = Object.entries(schema.properties ?? {}).flatMap(([name, member]) =>
    leavesOf(member, `${pointer}/${name}`).map((leaf) => ({
      ...leaf,
      wrap: (text: string) => single(name, leaf.wrap(text)),
    })),
  );
  const key = { pointer: `${pointer}/(key)`, example: 'key', wrap: (text: string) => single(text, 'value') };
  if (typeof schema.additionalProperties !== 'object') return [...members, key];
  const values = leavesOf(schema.additionalProperties, `${pointer}/*`).map((leaf) => ({
    ...leaf,
    wrap: (text: string) => single('key', leaf.wrap(text)),
  }));
  return [...members, ...values, key];
}
