/** What the contract says of an operation or a parameter that is to go. */
export interface DeprecationMarkers {
  readonly deprecated?: boolean;
  /** Since when nobody should begin to use it, such as `2027-01-15T00:00:00Z`. Needed with `deprecated`. */
  readonly 'x-deprecated-at'?: string;
  /** From when on it may be gone; not before the other. */
  readonly 'x-sunset-at'?: string;
}

/** What a reply says of it. */
export interface DeprecationHeaders {
  /** RFC 9745 section 2: a date as a structured field, in seconds. */
  readonly Deprecation: string;
  /** RFC 8594 section 3: a date as HTTP has them. */
  readonly Sunset?: string;
  /** Where a person reads what to use instead. */
  readonly Link: string;
}

const instantPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

/**
 * The headers that these markers mean; undefined for what is not deprecated.
 * @throws Error when the markers contradict each other, which only a broken contract can do.
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
