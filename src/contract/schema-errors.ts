/** The validator's message for a value of the wrong type. */
const typePattern = /^must be (string|boolean|integer|array|object)(,null)?$/;

const typeNames: Readonly<Record<string, string>> = {
  string: 'a text',
  boolean: 'true or false',
  integer: 'a whole number',
  array: 'a list',
  object: 'an object',
};

/** Rewrites a validator's message for people, without regular expressions or JSON Schema terms. */
export function describeSchemaError(message: string, example: unknown): string {
  const [, typeName = '', orNull] = typePattern.exec(message) ?? [];
  if (typeName) return `must be ${typeNames[typeName]}${orNull ? ' or null' : ''}`;
  if (message.startsWith('must have required property')) return 'is required';
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
  return message.replace('must be >= ', 'must be at least ').replace('must be <= ', 'must be at most ');
}

/** Whether a validator's message reports a wrong type. */
export function isWrongType(message: string): boolean {
  return typePattern.test(message);
}

/** Whether a validator's message reports an unknown member. */
export function isUnknownMember(message: string): boolean {
  return message.startsWith('must NOT have additional');
}
