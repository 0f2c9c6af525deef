/** The deprecation markers of an operation or a parameter. */
export interface DeprecationMarkers {
  readonly deprecated?: boolean;
  /** When it was deprecated, such as `2027-01-15T00:00:00Z`. Required with `deprecated`. */
  readonly 'x-deprecated-at'?: string;
  /** When it may be removed; not before `x-deprecated-at`. */
  readonly 'x-sunset-at'?: string;
}

/** The response headers that announce a deprecation. */
export interface DeprecationHeaders {
  /** A structured date in seconds (RFC 9745 section 2). */
  readonly Deprecation: string;
  /** An HTTP date (RFC 8594 section 3). */
  readonly Sunset?: string;
  /** The page that says what to use instead. */
  readonly Link: string;
}

const instantPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

/**
 * Builds the headers for the markers; undefined if nothing is deprecated.
 * @throws Error if the markers contradict each other, which is a fault of the contract.
 */
export function deprecationHeaders(
  name: string,
  markers: DeprecationMarkers,
  informationUrl: string,
): DeprecationHeaders | undefined {
  const { deprecated, 'x-deprecated-at': since, 'x-sunset-at': until } = markers;
  if (!deprecated) {
    if (since ?? until) throw new Error(`${name} has a date of deprecation and is not deprecated.`);
    return undefined;
  }
  const sinceMs = instant(name, 'x-deprecated-at', since);
  const untilMs = until === undefined ? undefined : instant(name, 'x-sunset-at', until);
  // RFC 9745 section 4.
  if (untilMs !== undefined && untilMs < sinceMs) throw new Error(`${name} ends before it is deprecated.`);
  return {
    Deprecation: `@${sinceMs / 1000}`,
    ...(untilMs === undefined ? {} : { Sunset: new Date(untilMs).toUTCString() }),
    Link: `<${informationUrl}>; rel="deprecation"; type="text/html"`,
  };
}

function instant(name: string, marker: string, text: string | undefined): number {
  const milliseconds = text !== undefined && instantPattern.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(milliseconds)) throw new Error(`${name} is deprecated and has no proper ${marker}.`);
  return milliseconds;
}
