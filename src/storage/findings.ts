/** What one look came to. A warning can wait; a fault keeps the service from doing its work. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'fault';
  /** What was seen and, unless all is well, what to do. */
  readonly text: string;
}

/** Looks at one subject and changes nothing. What it rejects with is a fault. */
export type Look = () => Promise<Finding>;

/** Looks by their subjects, in the order in which they are taken. */
export type Looks = Readonly<Record<string, Look>>;

export const ok = (text: string): Finding => ({ level: 'ok', text });
export const warning = (text: string): Finding => ({ level: 'warning', text });
export const fault = (text: string): Finding => ({ level: 'fault', text });
