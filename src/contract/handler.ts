import type { operations } from '../../generated/openapi.d.ts';
import type { OperationId } from './document.ts';
import type { StreamedMediaType } from './operations.ts';
import type { Rendered, RenderedBytes } from './types.ts';

/** One handler for each operation of the contract. A missing one does not compile. */
export type Handlers<Context> = { readonly [Id in OperationId]: Handler<Id, Context> };

/**
 * Handles one operation: reads the call, calls the domain's ports, returns a reply. Refusals are thrown as `Failure`;
 * the error handler turns them into problem details.
 */
export type Handler<Id extends OperationId, Context> = (
  call: Call<Id> & Context,
) => Reply<Id> | Promise<Reply<Id>>;

/** A validated request, typed by the contract. Header names are spelled as in the contract. */
export interface Call<Id extends OperationId> {
  readonly path: Defined<Parameters<Id>['path']>;
  readonly query: Defined<Parameters<Id>['query']>;
  readonly headers: Defined<Parameters<Id>['header']>;
  /** The parsed body, or the bytes as they arrive for a streamed media type. */
  readonly body: RequestBody<Id>;
  /** The media type of the body, without parameters. */
  readonly contentType: RequestMediaType<Id>;
  /** The media type that the caller prefers, of those that the operation can return. */
  readonly accepts: ReplyMediaType<Id>;
}

/** A success response that the contract declares: its status, required headers and body. */
export type Reply<Id extends OperationId> = {
  [Status in SuccessStatus<Id>]: { readonly status: Status } & ReplyHeaders<Responses<Id>[Status]> &
    ReplyBody<Responses<Id>[Status]>;
}[SuccessStatus<Id>];

type Parameters<Id extends OperationId> = operations[Id]['parameters'];
type Responses<Id extends OperationId> = operations[Id]['responses'];
type SuccessStatus<Id extends OperationId> = Extract<keyof Responses<Id>, 200 | 201 | 204 | 304>;

/** An empty object in place of an absent group of parameters. */
type Defined<Group> = [NonNullable<Group>] extends [never]
  ? Readonly<Record<never, never>>
  : NonNullable<Group>;

type RequestContent<Id extends OperationId> = operations[Id] extends {
  requestBody: { content: infer Content };
}
  ? Content
  : Readonly<Record<never, never>>;

type RequestMediaType<Id extends OperationId> = [keyof RequestContent<Id>] extends [never]
  ? undefined
  : keyof RequestContent<Id>;

type RequestBody<Id extends OperationId> = [keyof RequestContent<Id>] extends [never]
  ? undefined
  : {
      [MediaType in keyof RequestContent<Id>]: MediaType extends StreamedMediaType
        ? AsyncIterable<Uint8Array>
        : RequestContent<Id>[MediaType];
    }[keyof RequestContent<Id>];

type ReplyMediaType<Id extends OperationId> = {
  [Status in SuccessStatus<Id>]: Responses<Id>[Status] extends { content: infer Content }
    ? keyof Content
    : never;
}[SuccessStatus<Id>];

/** Headers that the HTTP layer sets by itself. */
type AmbientHeader = 'X-Request-Id' | 'RateLimit' | 'RateLimit-Policy';

/** The declared headers without openapi-typescript's index signature, which would accept any name. */
type DeclaredHeaders<Headers> = {
  readonly [Name in keyof Headers as string extends Name
    ? never
    : number extends Name
      ? never
      : Name extends AmbientHeader
        ? never
        : Name]: Headers[Name];
};

/** Every header name that some success response declares. */
type HeaderName = {
  [Id in OperationId]: {
    [Status in SuccessStatus<Id>]: Responses<Id>[Status] extends { headers: infer Headers }
      ? keyof DeclaredHeaders<Headers>
      : never;
  }[SuccessStatus<Id>];
}[OperationId];

/** A response's own headers. Those of other responses are excluded, because a spread could add them unnoticed. */
type OwnHeaders<Headers> = DeclaredHeaders<Headers> & {
  readonly [Name in Exclude<HeaderName, keyof DeclaredHeaders<Headers>>]?: never;
};

type ReplyHeaders<Response> = Response extends { headers: infer Headers }
  ? Record<never, never> extends DeclaredHeaders<Headers>
    ? { readonly headers?: OwnHeaders<Headers> }
    : { readonly headers: OwnHeaders<Headers> }
  : { readonly headers?: never };

type ReplyBody<Response> = Response extends { content: infer Content }
  ? [Content] extends [never]
    ? { readonly body?: never }
    : ContentReply<Content>
  : { readonly body?: never };

/** A streamed body names its media type; any other body has the first media type that the operation declares. */
type ContentReply<Content> = {
  [MediaType in keyof Content]: MediaType extends StreamedMediaType
    ? { readonly mediaType: MediaType; readonly body: AsyncIterable<Uint8Array> }
    : { readonly mediaType?: MediaType; readonly body: Content[MediaType] | AnyRendered<Content[MediaType]> };
}[keyof Content];

type AnyRendered<T> = Rendered<T> | RenderedBytes<T>;
