/** The time now, as milliseconds since 1970. */
export type Clock = () => number;

/** Makes the id of a new customer: a version 7 UUID in lower case, later ones greater. */
export type IdSource = () => string;
