/** The result of a check. A warning can wait; a fault keeps the service from working. */
export interface CheckResult {
  readonly level: 'ok' | 'warning' | 'fault';
  /** What was found and, unless all is well, what to do. */
  readonly text: string;
}

/** Checks one subject and changes nothing. A rejection counts as a fault. */
export type Check = () => Promise<CheckResult>;

/** Checks by subject, in the order in which they run. */
export type Checks = Readonly<Record<string, Check>>;

export const ok = (text: string): CheckResult => ({ level: 'ok', text });
export const warning = (text: string): CheckResult => ({ level: 'warning', text });
export const fault = (text: string): CheckResult => ({ level: 'fault', text });

/** How far a clock may be off before a check warns. */
export const clockSkewMaxMs = 1000;
