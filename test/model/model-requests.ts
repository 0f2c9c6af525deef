/** A request for the model; `sendRequest` converts it to HTTP. */
export type ModelRequest = WriteRequest | GetRequest | ListRequest;

export type WriteRequest = CreateRequest | ReplaceRequest | UpdateRequest | DeleteRequest | RestoreRequest;

export type Body = Readonly<Record<string, unknown>>;

interface CreateRequest {
  readonly operation: 'create';
  readonly body: Body;
  readonly validateOnly: boolean;
  readonly key: string | undefined;
}

interface ReplaceRequest {
  readonly operation: 'replace';
  readonly id: string;
  readonly body: Body;
  readonly validateOnly: boolean;
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

interface UpdateRequest {
  readonly operation: 'update';
  readonly id: string;
  readonly body: Body;
  readonly validateOnly: boolean;
  readonly ifMatch: string | undefined;
}

interface DeleteRequest {
  readonly operation: 'delete';
  readonly id: string;
  readonly ifMatch: string | undefined;
}

interface RestoreRequest {
  readonly operation: 'restore';
  readonly id: string;
  readonly ifMatch: string | undefined;
  readonly key: string | undefined;
}

interface GetRequest {
  readonly operation: 'get';
  readonly id: string;
  readonly ifNoneMatch: string | undefined;
}

/** Filters and order of a list; a cursor belongs to one of these. */
export interface ListSelection {
  /** Query parameters as sent; `id` is a comma-separated list. */
  readonly filters: Readonly<Record<string, string>>;
  readonly sort: string;
}

export interface ListRequest {
  readonly operation: 'list';
  readonly selection: ListSelection;
  readonly limit: number;
  readonly includeTotal: boolean;
  /** The step whose page this one continues; its cursor is sent. */
  readonly after: number | undefined;
}

/** Method, path and the rest of a request, except for the cursor. */
export function httpForm(request: ModelRequest) {
  const { operation } = request;
  const headers: Record<string, string> = {};
  const query: Record<string, string | number | boolean> = {};
  if ('key' in request && request.key !== undefined) headers['Idempotency-Key'] = request.key;
  if ('ifMatch' in request && request.ifMatch !== undefined) headers['If-Match'] = request.ifMatch;
  if ('ifNoneMatch' in request && request.ifNoneMatch !== undefined)
    headers['If-None-Match'] = request.ifNoneMatch;
  if ('validateOnly' in request && request.validateOnly) query.validateOnly = true;
  if (operation === 'list') {
    Object.assign(query, request.selection.filters, { sort: request.selection.sort, limit: request.limit });
    if (request.includeTotal) query.includeTotal = true;
  }
  return {
    method: methods[operation],
    path: pathOf(request),
    query,
    headers,
    ...('body' in request ? { body: request.body } : {}),
  };
}

const methods = {
  create: 'POST',
  replace: 'PUT',
  update: 'PATCH',
  delete: 'DELETE',
  restore: 'POST',
  get: 'GET',
  list: 'GET',
} as const;

function pathOf(request: ModelRequest): string {
  if (!('id' in request)) return '/customers';
  return `/customers/${request.id}${request.operation === 'restore' ? '/restore' : ''}`;
}
