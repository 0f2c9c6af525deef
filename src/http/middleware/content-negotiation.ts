import type { Request, RequestHandler } from 'express';
import type { Operation } from '../../contract/operations.ts';
import { HttpFailure } from '../problem.ts';

/** Checks Content-Type and Content-Encoding (415) and Accept (406) against the operation. */
export const checkMediaTypes: RequestHandler = function checkMediaTypes(request, _response, next) {
  const { operation } = request.context;
  if (operation) {
    checkContentType(request, operation);
    checkAccept(request, operation);
  }
  next();
};

const charsetPattern = /^\s*charset\s*=\s*"?utf-8"?\s*$/i;

/**
 * Removes the parameters of the Content-Type: express-openapi-validator compiles and caches its schemas per distinct
 * value, so made-up parameters would fill the memory.
 */
function checkContentType(request: Request, operation: Operation): void {
  const { requestMediaTypes } = operation;
  const contentType = request.headers['content-type'];
  if (requestMediaTypes.length === 0) {
    // The operation has no body, so the validator must not see a Content-Type.
    delete request.headers['content-type'];
    return;
  }
  const [mediaType = '', ...parameters] = (contentType ?? '').split(';');
  const name = mediaType.trim().toLowerCase();
  const encoding = request.headers['content-encoding'] ?? 'identity';
  const wrongCharset = parameters.some((parameter) => !charsetPattern.test(parameter));
  if (!requestMediaTypes.includes(name) || wrongCharset || encoding !== 'identity') {
    const accepted = requestMediaTypes.join(', ');
    const header = operation.method === 'PATCH' ? 'Accept-Patch' : 'Accept';
    const detail = `Send the body as ${requestMediaTypes.join(' or ')}, in UTF-8 and without a content encoding.`;
    throw new HttpFailure('unsupported_media_type', detail, { headers: { [header]: accepted } });
  }
  request.headers['content-type'] = name;
}

function checkAccept(request: Request, { responseMediaTypes }: Operation): void {
  const { accept } = request.headers;
  if (accept === undefined || accept === '*/*' || responseMediaTypes.length === 0) return;
  const preferred = request.accepts([...responseMediaTypes]);
  if (preferred === false) {
    const detail = `This operation answers ${responseMediaTypes.join(' or ')}. Send an Accept that takes it.`;
    throw new HttpFailure('not_acceptable', detail);
  }
  request.context.responseMediaType = String(preferred);
}
