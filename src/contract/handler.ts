import type { operations } from '../../generated/openapi.d.ts';
import type { OperationId } from './document.ts';
import type { StreamedMediaType } from './operations.ts';
import type { Rendered, RenderedBytes } from './types.ts';

/** One handler for every operation of the contract: leaving one out does not compile. */
export type Handlers<Context> = { readonly [Id in OperationId]: Handler<Id, Context> };

/**
 * A handler reads its call, calls the domain's ports and returns a reply. It never sees Express and never
 * catches: a refusal is a thrown `Failure`, which becomes problem details in one place.
 */
export type Handler<Id extends OperationId, Context> = (
  call: Call<Id> & Context,
) => Reply<Id> | Promise<Reply<Id>>;

/** What the validator let through, typed by the contract. Header names are written as in the contract. */
export interface Call<Id extends OperationId> {
  readonly path: Defined<Parameters<Id>['path']>;
  readonly query: Defined<Parameters<Id>['query']>;
  readonly headers: Defined<Parameters<Id>['header']>;
  /** Of a streamed media type: the bytes as they arrive. */
  readonly body: RequestBody<Id>;
  /** The media type of the body, without parameters. */
  readonly contentType: RequestMediaType<Id>;
  /** Which media type of the operation's successes the caller prefers. */
  readonly accepts: ReplyMediaType<Id>;
}

/** A declared success of the operation: its status, the headers that status requires, and a whole body. */
export type Reply<Id extends OperationId> = {
  [Status in SuccessStatus<Id>]: { readonly status: Status } & ReplyHeaders<Responses<Id>[Status]> &
    ReplyBody<Responses<Id>[Status]>;
}[SuccessStatus<Id>];

type Parameters<Id extends OperationId> = operations[Id]['parameters'];
type Responses<Id extends OperationId> = operations[Id]['responses'];
type SuccessStatus<Id extends OperationId> = Extract<keyof Responses<Id>, 200 | 201 | 204 | 304>;

/** Absent parameter groups are an empty object, so that a handler need not ask. */
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

/** Dispatch itself sets these, the last two where there is a limit. */
type AmbientHeader = 'X-Request-Id' | 'RateLimit' | 'RateLimit-Policy';

/** The declared headers without openapi-typescript's index signature, which would let any name pass. */
type DeclaredHeaders<Headers> = {
  readonly [Name in keyof Headers as string extends Name
    ? never
    : number extends Name
      ? never
      : Name extends AmbientHeader
        ? never
        : Name]: Headers[Name];
};

/** The names of the headers that any success of any operation has. */
type HeaderName = {
  [Id in OperationId]: {
    [Status in SuccessStatus<Id>]: Responses<Id>[Status] extends { headers: infer Headers }
      ? keyof DeclaredHeaders<Headers>
      : never;
  }[SuccessStatus<Id>];
}[OperationId];

/** A response's own headers, and none that only other responses have: the compiler lets a spread bring them. */
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

/** A streamed body names its media type. Any other is of the first media type that the operation declares. */
type ContentReply<Content> = {
  [MediaType in keyof Content]: MediaType extends StreamedMediaType
    ? { readonly mediaType: MediaType; readonly body: AsyncIterable<Uint8Array> }
    : { readonly mediaType?: MediaType; readonly body: Content[MediaType] | AnyRendered<Content[MediaType]> };
}[keyof Content];

type AnyRendered<T> = Rendered<T> | RenderedBytes<T>;
