import { type ResponseDeclaration, resolved } from '../support/contract-document.ts';
import type { HostileRequest } from './hostile-request.ts';

/** The fault in Content-Type or Content-Encoding for an operation with a body, if any. */
export function mediaTypeFault({ target, headers }: HostileRequest): string | undefined {
  const [name = '', ...parameters] = (headers['Content-Type'] ?? '').split(';');
  if (!Object.keys(target.content).includes(name.trim().toLowerCase())) return 'media type is not declared';
  const unknown = parameters.find((parameter) => !/^ *charset *= *("utf-8"|utf-8) *$/i.test(parameter));
  if (unknown !== undefined) return `media type parameter ${unknown}`;
  const encoding = headers['Content-Encoding'];
  return encoding === undefined || encoding === 'identity' ? undefined : `content encoding ${encoding}`;
}

/** Whether Accept allows any media type of the operation's success responses (RFC 9110 section 12.5.1). */
export function acceptsAny({ target, headers }: HostileRequest): boolean {
  const offered = Object.entries(target.responses)
    .filter(([status]) => status.startsWith('2'))
    .flatMap(([, response]) => Object.keys(resolved<ResponseDeclaration>(response).content ?? {}));
  const accept = headers.Accept;
  if (accept === undefined || offered.length === 0) return true;
  const ranges = accept.split(',').map(rangeFrom);
  return offered.some((mediaType) => qualityOf(mediaType, ranges) > 0);
}

interface Range {
  readonly type: string;
  readonly quality: number;
}

function rangeFrom(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const quality = parameters.map((parameter) => /^q=([0-9.]+)$/.exec(parameter)?.[1]).find(Boolean);
  return { type, quality: quality === undefined ? 1 : Number(quality) };
}

/** The most specific range decides. */
function qualityOf(mediaType: string, ranges: readonly Range[]): number {
  const [group = ''] = mediaType.split('/');
  for (const candidate of [mediaType, `${group}/*`, '*/*']) {
    const found = ranges.find(({ type }) => type === candidate);
    if (found) return found.quality;
  }
  return 0;
}
