/** A validator's message for a person: no regular expression, and nothing of JSON Schema. */
export function readableFault(message: string, example: unknown): string {
  if (/^must match (pattern|format)/.test(message)) {
    return example == null
      ? 'must have the form that the contract describes'
      : `must have the form that the contract describes, such as ${example}`;
  }
  if (message.startsWith('must NOT have duplicate')) return 'must not have the same item twice';
  const bound = /^must NOT have (fewer|more) than (\d+) (\w+)$/.exec(message);
  if (bound)
    return `must have at ${bound[1] === 'fewer' ? 'least' : 'most'} ${bound[2]} ${bound[3]}`.replace(
      /\b1 (\w+)s$/,
      '1 $1',
    );
  if (isUnknownMember(message)) return 'is not a member of this body';
  if (message.startsWith('Empty value')) return 'must not be empty';
  if (message.startsWith('Parameter')) return 'must be percent-encoded';
  return message;
}

/** Whether a validator's message is about a member that the schema does not have. */
export function isUnknownMember(message: string): boolean {
  return message.startsWith('must NOT have additional');
}
