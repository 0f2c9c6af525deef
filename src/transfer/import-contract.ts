import { Ajv, type ErrorObject } from 'ajv';
import { contract, type SchemaObject } from '../contract/document.ts';
import { readableFault } from '../contract/readable-fault.ts';
import type { CustomerImport, ProblemError } from '../contract/types.ts';
import { invalidRequest } from '../domain/failures.ts';
import { pointerTo } from '../domain/rules.ts';

// The same options as those of the requests' validator, so that a line is judged as a body would be.
const ajv = new Ajv({ allErrors: true, strict: false, verbose: true, validateFormats: false, logger: false });
ajv.addSchema(contract, 'contract');
const validate = ajv.compile<CustomerImport>({ $ref: 'contract#/components/schemas/CustomerImport' });

/**
 * Holds a line against the contract's CustomerImport.
 * @throws Failure `invalid_request` naming every fault.
 */
export function checkImport(value: unknown): CustomerImport {
  if (validate(value)) return value;
  throw invalidRequest((validate.errors ?? []).map(faultFrom));
}

function faultFrom({ instancePath, keyword, message = '', params, parentSchema }: ErrorObject): ProblemError {
  const names = instancePath.split('/').slice(1).map(unescapeToken);
  if (keyword === 'additionalProperties') names.push(String(params.additionalProperty));
  const { example } = (parentSchema ?? {}) as SchemaObject;
  return { pointer: pointerTo(names.map(wellFormed)), detail: readableFault(message, example) };
}

function unescapeToken(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** A lone surrogate cannot stand in a pointer. */
function wellFormed(name: string): string {
  return name.replace(/\p{Surrogate}/gu, '\ufffd');
}
