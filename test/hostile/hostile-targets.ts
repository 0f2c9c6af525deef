import { type Target, targets } from '../conformance/cases.ts';
import type { RuleSchema } from '../conformance/violations.ts';
import { resolved } from '../support/contract-document.ts';

/** Every operation of the contract, with each parameter's schema and example. */
export const hostileTargets: readonly Target[] = targets.map((target) => ({
  ...target,
  parameters: target.parameters.map((parameter) => {
    const schema = resolved<RuleSchema>(parameter.schema);
    return { ...parameter, schema: { ...schema, example: schema.example ?? parameter.example } };
  }),
}));
