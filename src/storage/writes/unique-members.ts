import type { Decision } from '../../domain/commands.ts';
import { Failure } from '../../domain/failures.ts';
import type { UniqueMember } from '../customers/rows.ts';

/** Whether an existing customer takes an email or externalId that it did not hold while live. */
export function claimsUniqueMember({ before, after }: Decision): boolean {
  if (before === null || after.deletedAt !== null) return false;
  const restored = before.deletedAt !== null;
  return (['email', 'externalId'] as const).some(
    (member) => after[member] !== null && (restored || after[member] !== before[member]),
  );
}

const takenCodes = { email: 'email_taken', externalId: 'external_id_taken' } as const;

/** The refusal of a write whose email or externalId another live customer holds. */
export function takenFailure(members: readonly UniqueMember[]): Failure {
  const [first = 'email'] = members;
  const errors = members.map((member) => ({
    pointer: `#/${member}`,
    detail: 'is held by another customer; it must be unique among customers that are not deleted',
  }));
  return new Failure(takenCodes[first], `Another customer has this ${members.join(' and this ')}.`, {
    errors,
  });
}
