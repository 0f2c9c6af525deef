// Generated from openapi.yaml by `npm run generate`. Never edited.

/**
 * A person or an organization that the company deals with. Every member is always present, null where empty.
 * More members may be added later; ignore those you do not know.
 */
export interface Customer {
  /** A UUID in lower case. Those that the service makes are of version 7, so they sort by age. */
  id: CustomerId;
  /** The customer's id in a system of yours. Unique among live customers. */
  externalId: ExternalId;
  /** What kind of customer it is; `person` where nothing else was said. */
  type: CustomerType;
  /** The name of the person or organization, in any script. */
  name: CustomerName;
  /**
   * An email address, without white space and with a dot in its domain; other scripts are fine. Stored as
   * given; unique among live customers whatever its case.
   */
  email: Email;
  /** A phone number in E.164, `+`, country code and number without spaces. */
  phone: Phone;
  /**
   * The language and region to address the customer in: a well-formed BCP 47 tag (RFC 5646 section 2.1; not
   * the grandfathered ones).
   */
  locale: Locale;
  /** The customer's time zone, a name of the IANA database that the service knows; offsets are refused. */
  timeZone: TimeZone;
  /** A postal address, or null. One without any part is null. */
  address: Address;
  /** Whether the company deals with the customer now; `active` where nothing else was said. */
  status: CustomerStatus;
  /** Labels, each at most once, in the order given. */
  tags: Tags;
  /** Free text for colleagues. */
  note: Note;
  /**
   * Your own data, text by key: at most 50 keys of 1 to 40 of `A-Za-z0-9_.-`, values of at most 500
   * characters.
   */
  metadata: Metadata;
  /** 1 at creation, and 1 more for each change, deletions and restorations included. */
  version: number;
  /** The strong entity tag of one version of a customer, quotes included. */
  etag: EntityTag;
  /** When the customer was created, in UTC with milliseconds. */
  createdAt: string;
  /** When this version was made, in UTC with milliseconds. */
  updatedAt: string;
  /** When the customer was deleted, in UTC with milliseconds; null while it is live. */
  deletedAt: string | null;
}

/** A new customer. Only `name` is required; what is absent is empty, or at its default. */
export interface CustomerCreate {
  /** The customer's id in a system of yours. Unique among live customers. */
  externalId?: ExternalId;
  /** What kind of customer it is; `person` where nothing else was said. */
  type?: CustomerType;
  /** The name of the person or organization, in any script. */
  name: CustomerName;
  /**
   * An email address, without white space and with a dot in its domain; other scripts are fine. Stored as
   * given; unique among live customers whatever its case.
   */
  email?: Email;
  /** A phone number in E.164, `+`, country code and number without spaces. */
  phone?: Phone;
  /**
   * The language and region to address the customer in: a well-formed BCP 47 tag (RFC 5646 section 2.1; not
   * the grandfathered ones).
   */
  locale?: Locale;
  /** The customer's time zone, a name of the IANA database that the service knows; offsets are refused. */
  timeZone?: TimeZone;
  /** A postal address, or null. Absent parts are null; one whose parts are all null is null. */
  address?: AddressInput;
  /** Whether the company deals with the customer now; `active` where nothing else was said. */
  status?: CustomerStatus;
  /** Labels, each at most once, in the order given. */
  tags?: Tags;
  /** Free text for colleagues. */
  note?: Note;
  /**
   * Your own data, text by key: at most 50 keys of 1 to 40 of `A-Za-z0-9_.-`, values of at most 500
   * characters.
   */
  metadata?: Metadata;
}

/**
 * All that a caller may set of a customer. Only `name` is required; what is absent or null becomes empty. The
 * members that the service sets (`id`, `version`, `etag` and the times) are not accepted.
 */
export interface CustomerReplace {
  /** The customer's id in a system of yours. Unique among live customers. */
  externalId?: ExternalId;
  /** What kind of customer it is; `person` where nothing else was said. */
  type?: CustomerType;
  /** The name of the person or organization, in any script. */
  name: CustomerName;
  /**
   * An email address, without white space and with a dot in its domain; other scripts are fine. Stored as
   * given; unique among live customers whatever its case.
   */
  email?: Email;
  /** A phone number in E.164, `+`, country code and number without spaces. */
  phone?: Phone;
  /**
   * The language and region to address the customer in: a well-formed BCP 47 tag (RFC 5646 section 2.1; not
   * the grandfathered ones).
   */
  locale?: Locale;
  /** The customer's time zone, a name of the IANA database that the service knows; offsets are refused. */
  timeZone?: TimeZone;
  /** A postal address, or null. Absent parts are null; one whose parts are all null is null. */
  address?: AddressInput;
  /** Whether the company deals with the customer now; `active` where nothing else was said. */
  status?: CustomerStatus;
  /** Labels, each at most once, in the order given. */
  tags?: Tags;
  /** Free text for colleagues. */
  note?: Note;
  /**
   * Your own data, text by key: at most 50 keys of 1 to 40 of `A-Za-z0-9_.-`, values of at most 500
   * characters.
   */
  metadata?: Metadata;
}

/** A JSON Merge Patch: what is absent stays as it is, null clears. An empty patch changes nothing. */
export interface CustomerUpdate {
  /** The customer's id in a system of yours. Unique among live customers. */
  externalId?: ExternalId;
  /** What kind of customer it is; `person` where nothing else was said. */
  type?: CustomerType;
  /** The name of the person or organization, in any script. */
  name?: CustomerName;
  /**
   * An email address, without white space and with a dot in its domain; other scripts are fine. Stored as
   * given; unique among live customers whatever its case.
   */
  email?: Email;
  /** A phone number in E.164, `+`, country code and number without spaces. */
  phone?: Phone;
  /**
   * The language and region to address the customer in: a well-formed BCP 47 tag (RFC 5646 section 2.1; not
   * the grandfathered ones).
   */
  locale?: Locale;
  /** The customer's time zone, a name of the IANA database that the service knows; offsets are refused. */
  timeZone?: TimeZone;
  /**
   * A merge patch of the address: absent parts stay, null clears one; null for the whole removes the address.
   * If no part is left, the address is null.
   */
  address?: AddressUpdate;
  /** Whether the company deals with the customer now; `active` where nothing else was said. */
  status?: CustomerStatus;
  /** The labels that replace the present ones; null removes all. */
  tags?: TagsUpdate;
  /** Free text for colleagues. */
  note?: Note;
  /**
   * A merge patch of the metadata: a text sets its key, null removes it, absent keys stay; null for the whole
   * removes all. Keys are 1 to 40 of `A-Za-z0-9_.-`. A patch may name 100 keys (remove 50, set 50); the
   * result may have 50.
   */
  metadata?: MetadataUpdate;
}

/**
 * One line of an import: what is absent stays as it is, null clears. A line without `id` and `externalId`, or
 * with those that no live customer has, creates one and needs a `name`.
 */
export interface CustomerImport {
  /** A UUID in lower case. Those that the service makes are of version 7, so they sort by age. */
  id?: CustomerId;
  /** The customer's id in a system of yours. Unique among live customers. */
  externalId?: ExternalId;
  /** What kind of customer it is; `person` where nothing else was said. */
  type?: CustomerType;
  /** The name of the person or organization, in any script. */
  name?: CustomerName;
  /**
   * An email address, without white space and with a dot in its domain; other scripts are fine. Stored as
   * given; unique among live customers whatever its case.
   */
  email?: Email;
  /** A phone number in E.164, `+`, country code and number without spaces. */
  phone?: Phone;
  /**
   * The language and region to address the customer in: a well-formed BCP 47 tag (RFC 5646 section 2.1; not
   * the grandfathered ones).
   */
  locale?: Locale;
  /** The customer's time zone, a name of the IANA database that the service knows; offsets are refused. */
  timeZone?: TimeZone;
  /**
   * A merge patch of the address: absent parts stay, null clears one; null for the whole removes the address.
   * If no part is left, the address is null.
   */
  address?: AddressUpdate;
  /** Whether the company deals with the customer now; `active` where nothing else was said. */
  status?: CustomerStatus;
  /** The labels that replace the present ones; null removes all. */
  tags?: TagsUpdate;
  /** Free text for colleagues. */
  note?: Note;
  /**
   * A merge patch of the metadata: a text sets its key, null removes it, absent keys stay; null for the whole
   * removes all. Keys are 1 to 40 of `A-Za-z0-9_.-`. A patch may name 100 keys (remove 50, set 50); the
   * result may have 50.
   */
  metadata?: MetadataUpdate;
  /** As in an export, and ignored. */
  version?: unknown;
  /** As in an export, and ignored. */
  etag?: unknown;
  /** As in an export, and ignored. */
  createdAt?: unknown;
  /** As in an export, and ignored. */
  updatedAt?: unknown;
  /** As in an export, and ignored. A deleted customer comes back live. */
  deletedAt?: unknown;
}

/** What became of one line. */
export interface ImportResult {
  /** The number of the line, from 1, empty lines and a header row counted. */
  line: number;
  /** The HTTP status that a request of its own would have got. */
  status: number;
  /**
   * `created` (201), `updated` or `unchanged` (200), with the customer's `id`; or `refused`, with a `problem`
   * and its status.
   */
  outcome: ImportOutcome;
  /** A UUID in lower case. Those that the service makes are of version 7, so they sort by age. */
  id?: CustomerId;
  /** Why a request was refused (RFC 9457). */
  problem?: Problem;
}

/**
 * `created` (201), `updated` or `unchanged` (200), with the customer's `id`; or `refused`, with a `problem`
 * and its status.
 */
export type ImportOutcome = 'created' | 'updated' | 'unchanged' | 'refused';

/** One page of customers. */
export interface CustomerList {
  /** The customers of this page, in the order asked for. */
  items: Customer[];
  /** Pass it as `cursor` for the next page; null on the last one. */
  nextCursor: NextCursor;
  /** How many customers match in all, counted up to 10,000. Only with `includeTotal=true`. */
  total?: number;
  /** False if more than 10,000 match, and `total` is then 10,000. Only with `includeTotal=true`. */
  totalIsExact?: boolean;
}

/** One page of a customer's history. */
export interface CustomerHistory {
  /** The entries of this page, newest first. */
  items: HistoryEntry[];
  /** Pass it as `cursor` for the next page; null on the last one. */
  nextCursor: NextCursor;
  /**
   * The oldest version whose entry is kept, if retention has removed those before it; null if nothing was
   * removed.
   */
  truncatedBefore: number | null;
}

/** How one version of a customer came about. */
export interface HistoryEntry {
  /** The customer's version that this change made. */
  version: number;
  /** What was done. */
  kind: ChangeKind;
  /** By which way the change came in. */
  source: ChangeSource;
  /** When the change was made, in UTC with milliseconds. */
  at: ChangeTime;
  /** Who made the change, the name of the principal. */
  actor: string;
  /** The id of one request. */
  requestId: RequestId;
  /**
   * The fields that changed, each with its value before and after; a field that is absent stayed as it was.
   * At a creation, before is null, `[]` or `{}`, and a field that is still empty is absent. Null for an
   * erased customer.
   */
  changes: FieldChanges;
  /**
   * True if the customer was erased for good: `changes` is null then, for what it held is personal data.
   */
  redacted: boolean;
}

/** What was done. */
export type ChangeKind = 'created' | 'replaced' | 'updated' | 'deleted' | 'restored' | 'erased';

/** By which way the change came in. */
export type ChangeSource = 'api' | 'import' | 'retention';

/** When the change was made, in UTC with milliseconds. */
export type ChangeTime = string;

/**
 * The fields that changed, each with its value before and after; a field that is absent stayed as it was. At
 * a creation, before is null, `[]` or `{}`, and a field that is still empty is absent. Null for an erased
 * customer.
 */
export type FieldChanges = {
  /** A text or a time before and after. */
  externalId?: TextChange;
  /** A text or a time before and after. */
  type?: TextChange;
  /** A text or a time before and after. */
  name?: TextChange;
  /** A text or a time before and after. */
  email?: TextChange;
  /** A text or a time before and after. */
  phone?: TextChange;
  /** A text or a time before and after. */
  locale?: TextChange;
  /** A text or a time before and after. */
  timeZone?: TextChange;
  /** The address before and after, each whole. */
  address?: AddressChange;
  /** A text or a time before and after. */
  status?: TextChange;
  /** The tags before and after, each list whole. */
  tags?: TagsChange;
  /** A text or a time before and after. */
  note?: TextChange;
  /** The metadata before and after, each whole. */
  metadata?: MetadataChange;
  /** A text or a time before and after. */
  deletedAt?: TextChange;
} | null;

/** A text or a time before and after. */
export interface TextChange {
  /** The value before; null where there was none. */
  before: string | null;
  /** The value since; null where there is none. */
  after: string | null;
}

/** The address before and after, each whole. */
export interface AddressChange {
  /** A postal address, or null. One without any part is null. */
  before: Address;
  /** A postal address, or null. One without any part is null. */
  after: Address;
}

/** The tags before and after, each list whole. */
export interface TagsChange {
  /** Labels, each at most once, in the order given. */
  before: Tags;
  /** Labels, each at most once, in the order given. */
  after: Tags;
}

/** The metadata before and after, each whole. */
export interface MetadataChange {
  /**
   * Your own data, text by key: at most 50 keys of 1 to 40 of `A-Za-z0-9_.-`, values of at most 500
   * characters.
   */
  before: Metadata;
  /**
   * Your own data, text by key: at most 50 keys of 1 to 40 of `A-Za-z0-9_.-`, values of at most 500
   * characters.
   */
  after: Metadata;
}

/** One page of the change feed. */
export interface ChangePage {
  /** The changes of this page, in the order of their commits. */
  items: ChangeEvent[];
  /** A position in the change feed, a 64-bit counter in decimal. */
  next: FeedPosition;
}

/** Server-sent events. The `data` of each is a ChangeEvent. */
export type ChangeStream = string;

/**
 * A change of a customer as a CloudEvent (version 1.0), with the extension `sequence`. More members may be
 * added later; ignore those you do not know.
 */
export interface ChangeEvent {
  /** The version of CloudEvents. */
  specversion: '1.0';
  /** A position in the change feed, a 64-bit counter in decimal. */
  id: FeedPosition;
  /** Where the change happened. */
  source: '/customers';
  /** What was done, `customer.` and a `ChangeKind`. */
  type: 'customer.created' | 'customer.replaced' | 'customer.updated' | 'customer.deleted' | 'customer.restored' | 'customer.erased';
  /** A UUID in lower case. Those that the service makes are of version 7, so they sort by age. */
  subject: CustomerId;
  /** When the change was made, in UTC with milliseconds. */
  time: ChangeTime;
  /** What `data` is. */
  datacontenttype: 'application/json';
  /** The position, with leading zeros so that texts compare as positions do. */
  sequence: string;
  /**
   * The change itself. Null for a customer that was erased for good: forget it at `customer.erased`, and pass
   * over the others.
   */
  data: ChangeData;
}

/**
 * The change itself. Null for a customer that was erased for good: forget it at `customer.erased`, and pass
 * over the others.
 */
export type ChangeData = {
  /**
   * A person or an organization that the company deals with. Every member is always present, null where
   * empty. More members may be added later; ignore those you do not know.
   */
  customer: Customer;
  /**
   * The fields that changed, each with its value before and after; a field that is absent stayed as it was.
   * At a creation, before is null, `[]` or `{}`, and a field that is still empty is absent. Null for an
   * erased customer.
   */
  changes: FieldChanges;
} | null;

/** What an erasure has removed, and when. It holds nothing of the customer but its id. */
export interface ErasureReceipt {
  /** A UUID in lower case. Those that the service makes are of version 7, so they sort by age. */
  customerId: CustomerId;
  /** The last version, which is the erasure itself. */
  version: number;
  /** When the customer was erased, in UTC with milliseconds. */
  erasedAt: string;
  /** How much was removed. */
  scrubbed: ErasureCounts;
}

/** How much was removed. */
export interface ErasureCounts {
  /** Members of the last version that held a value of the customer's. */
  fields: number;
  /** Entries of the history and the change feed whose content was removed. */
  versions: number;
  /** Entries of the index of tags. */
  tags: number;
  /** Kept answers that are not given again, their requests' fingerprints included. */
  idempotencyKeys: number;
}

/** A UUID in lower case. Those that the service makes are of version 7, so they sort by age. */
export type CustomerId = string;

/** The customer's id in a system of yours. Unique among live customers. */
export type ExternalId = string | null;

/** What kind of customer it is; `person` where nothing else was said. */
export type CustomerType = 'person' | 'organization';

/** Whether the company deals with the customer now; `active` where nothing else was said. */
export type CustomerStatus = 'active' | 'inactive';

/** The name of the person or organization, in any script. */
export type CustomerName = string;

/**
 * An email address, without white space and with a dot in its domain; other scripts are fine. Stored as
 * given; unique among live customers whatever its case.
 */
export type Email = string | null;

/** A phone number in E.164, `+`, country code and number without spaces. */
export type Phone = string | null;

/**
 * The language and region to address the customer in: a well-formed BCP 47 tag (RFC 5646 section 2.1; not the
 * grandfathered ones).
 */
export type Locale = string | null;

/** The customer's time zone, a name of the IANA database that the service knows; offsets are refused. */
export type TimeZone = string | null;

/** Free text for colleagues. */
export type Note = string | null;

/** Labels, each at most once, in the order given. */
export type Tags = string[];

/** The labels that replace the present ones; null removes all. */
export type TagsUpdate = string[] | null;

/**
 * Your own data, text by key: at most 50 keys of 1 to 40 of `A-Za-z0-9_.-`, values of at most 500 characters.
 */
export type Metadata = { [key: string]: string };

/**
 * A merge patch of the metadata: a text sets its key, null removes it, absent keys stay; null for the whole
 * removes all. Keys are 1 to 40 of `A-Za-z0-9_.-`. A patch may name 100 keys (remove 50, set 50); the result
 * may have 50.
 */
export type MetadataUpdate = { [key: string]: string | null } | null;

/** A postal address, or null. One without any part is null. */
export type Address = {
  /** Street and number, floor, post office box or the like. */
  line1: AddressLine;
  /** Street and number, floor, post office box or the like. */
  line2: AddressLine;
  /** The name of a city, or of a state, province or county. */
  city: AddressPlace;
  /** The name of a city, or of a state, province or county. */
  region: AddressPlace;
  /** The postal code as it is written in its country. */
  postalCode: PostalCode;
  /** A country, officially assigned in ISO 3166-1 alpha-2, in upper case. */
  country: CountryCode;
} | null;

/** A postal address, or null. Absent parts are null; one whose parts are all null is null. */
export type AddressInput = {
  /** Street and number, floor, post office box or the like. */
  line1?: AddressLine;
  /** Street and number, floor, post office box or the like. */
  line2?: AddressLine;
  /** The name of a city, or of a state, province or county. */
  city?: AddressPlace;
  /** The name of a city, or of a state, province or county. */
  region?: AddressPlace;
  /** The postal code as it is written in its country. */
  postalCode?: PostalCode;
  /** A country, officially assigned in ISO 3166-1 alpha-2, in upper case. */
  country?: CountryCode;
} | null;

/**
 * A merge patch of the address: absent parts stay, null clears one; null for the whole removes the address.
 * If no part is left, the address is null.
 */
export type AddressUpdate = {
  /** Street and number, floor, post office box or the like. */
  line1?: AddressLine;
  /** Street and number, floor, post office box or the like. */
  line2?: AddressLine;
  /** The name of a city, or of a state, province or county. */
  city?: AddressPlace;
  /** The name of a city, or of a state, province or county. */
  region?: AddressPlace;
  /** The postal code as it is written in its country. */
  postalCode?: PostalCode;
  /** A country, officially assigned in ISO 3166-1 alpha-2, in upper case. */
  country?: CountryCode;
} | null;

/** Street and number, floor, post office box or the like. */
export type AddressLine = string | null;

/** The name of a city, or of a state, province or county. */
export type AddressPlace = string | null;

/** The postal code as it is written in its country. */
export type PostalCode = string | null;

/** A country, officially assigned in ISO 3166-1 alpha-2, in upper case. */
export type CountryCode = string | null;

/** The strong entity tag of one version of a customer, quotes included. */
export type EntityTag = string;

/** An instant with its offset from UTC (RFC 3339). */
export type Instant = string;

/** A position in a list, opaque. */
export type PageCursor = string;

/** Pass it as `cursor` for the next page; null on the last one. */
export type NextCursor = string | null;

/** A position in the change feed, a 64-bit counter in decimal. */
export type FeedPosition = string;

/** The id of one request. */
export type RequestId = string;

/** Always `true`. */
export type Replayed = 'true';

/** Why a request was refused (RFC 9457). */
export interface Problem {
  /** The kind of problem as a URI; it ends in `code`. */
  type: string;
  /** The kind of problem in words, always the same for a code. */
  title: string;
  /** The HTTP status. */
  status: number;
  /** What is wrong with this request, for people. Do not parse it. */
  detail: string;
  /** This occurrence as a URI; it ends in `requestId`. */
  instance: string;
  /**
   * The kind of problem, to decide by. Codes are stable and more may be added; treat one you do not know by
   * its status.
   */
  code: ProblemCode;
  /** The id of one request. */
  requestId: RequestId;
  /** What is wrong where; the first 100 faults. */
  errors?: ProblemError[];
}

/**
 * The kind of problem, to decide by. Codes are stable and more may be added; treat one you do not know by its
 * status.
 */
export type ProblemCode = 'malformed_request' | 'malformed_json' | 'malformed_csv' | 'invalid_request' | 'invalid_cursor' | 'feed_position_ahead' | 'unauthenticated' | 'forbidden' | 'untrusted_origin' | 'not_found' | 'customer_not_found' | 'method_not_allowed' | 'not_acceptable' | 'request_timeout' | 'email_taken' | 'external_id_taken' | 'idempotency_key_in_use' | 'customer_deleted' | 'customer_erased' | 'answer_expired' | 'feed_position_gone' | 'precondition_failed' | 'body_too_large' | 'uri_too_long' | 'unsupported_media_type' | 'expectation_failed' | 'idempotency_key_reused' | 'precondition_required' | 'rate_limited' | 'headers_too_large' | 'internal_error' | 'search_too_broad' | 'unavailable' | (string & {});

/** One fault. It has a `pointer` if it is in the body, a `parameter` if it is elsewhere. */
export interface ProblemError {
  /** Where in the body, a JSON Pointer as a URI fragment. `#` is the whole body. */
  pointer?: string;
  /** The name of the parameter or header. */
  parameter?: string;
  /** What is wrong there. */
  detail: string;
}
