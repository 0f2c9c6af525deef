import { type EntityTag, matchesWeakly, type TagCondition } from '../domain/preconditions.ts';
import { HttpFailure } from './problem.ts';

/**
 * Parses If-Match or If-None-Match: `*` or a list of entity tags (RFC 9110 sections 13.1.1 and 13.1.2).
 * @throws HttpFailure `malformed_request`.
 */
export function parseTagCondition(name: string, value: string | undefined): TagCondition | undefined {
  if (value === undefined) return undefined;
  if (value.trim() === '*') return '*';
  const tags: EntityTag[] = [];
  listElement.lastIndex = 0;
  while (listElement.lastIndex < value.length) {
    const element = listElement.exec(value);
    if (!element) throw malformed(name);
    // RFC 9110 section 5.6.1.2: a recipient must accept empty list elements.
    if (element[1] !== undefined) tags.push(parseTag(name, element[1]));
  }
  if (tags.length === 0) throw malformed(name);
  return tags;
}

/** True if a GET with this If-None-Match is answered 304. */
export function isNotModified(ifNoneMatch: TagCondition | undefined, currentTag: string): boolean {
  return ifNoneMatch !== undefined && matchesWeakly(ifNoneMatch, currentTag);
}

/** An optional tag of a list, followed by white space and a comma or the end. */
const listElement = /[ \t]*(?:((?:W\/)?"[^"]*")[ \t]*)?(?:,|$)/y;

/** RFC 9110 section 8.8.3: `entity-tag = [ weak ] opaque-tag`, `etagc = %x21 / %x23-7E / obs-text`. */
const entityTagPattern = /^(W\/)?("[\x21\x23-\x7e\x80-\xff]*")$/;

function parseTag(name: string, text: string): EntityTag {
  const match = entityTagPattern.exec(text);
  if (!match?.[2]) throw malformed(name);
  return { weak: match[1] !== undefined, opaqueTag: match[2] };
}

function malformed(name: string): HttpFailure {
  const detail = 'must be * or a list of entity tags in double quotes, such as "3"';
  return new HttpFailure('malformed_request', `The header ${name} ${detail}.`, {
    errors: [{ parameter: name, detail }],
  });
}
