import { type Target, targets } from '../conformance/cases.ts';
import type { RuleSchema } from '../conformance/violations.ts';
import { resolved } from '../support/contract-document.ts';

/** Every operation of the contract, each parameter's schema with the example that stands beside it. */
export const hostileTargets: readonly Target[] = targets.map((target) => ({
  ...target,
  parameters: target.parameters.map((parameter) => {
    const schema = resolved<RuleSchema>(parameter.schema);
    return { ...parameter, schema: { ...schema, example: schema.example ?? parameter.example } };
  }),
}));
